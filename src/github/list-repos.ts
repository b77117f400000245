import pLimit from 'p-limit'
import type { Owner } from '../projects-resources/owner.js'
import { RefusedResponse } from './bounded-fetch.js'
import type { GithubClient, GithubResponse } from './client.js'
import { createPageCache } from './page-cache.js'
import { type GithubRepository, readRepository } from './repo-fields.js'

interface RepositoryList {
  /** By full_name, whatever its letter case. */
  repositories: GithubRepository[]
  /** The installations of which not everything could be listed: nothing of them is in the list. */
  failed: number[]
  /** After how many seconds the first of them may be asked again, if that is known. */
  retryAfter: number | undefined
}

interface Log {
  warn(details: object, message: string): void
}

/** Lists what some installations can see. An installation that cannot be asked is no error, but `failed`. */
export type ListRepositories = (installationIds: number[], log: Log) => Promise<RepositoryList>

/** Lists repositories for a user, and counts the call towards their limit. */
export type ListUserRepositories = (owner: Owner, ...rest: Parameters<ListRepositories>) => ReturnType<ListRepositories>

interface Page {
  total: number
  repositories: GithubRepository[]
}

/** The most that GitHub gives at once. */
const PAGE_SIZE = 100

/** Far beyond any list that a person could use, and few enough to ask for. */
const MAX_PAGES = 500

/** Maximum number of concurrent requests of one list. */
const MAX_CONCURRENT = 4

/** How long a list may go on asking, in milliseconds; each request has a limit of its own besides. */
const PATIENCE = 20_000

/**
 * Lists repositories: every page of every installation, four requests at once. GitHub's answers are kept with their
 * ETag, so that as long as nothing changes, a list costs conditional requests only, which GitHub does not count.
 *
 * @param options cacheBytes: how much memory the kept answers may take
 * @see https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
 */
export function createRepositoryLister(
  github: Pick<GithubClient, 'installationRequest'>,
  { cacheBytes = 32 * 1024 * 1024 } = {},
): ListRepositories {
  const readPage = createPageReader(github, cacheBytes)
  return async (installationIds, log) => {
    const limit = pLimit(MAX_CONCURRENT)
    const deadline = AbortSignal.timeout(PATIENCE)
    const lists = await Promise.allSettled(
      installationIds.map((id) =>
        listInstallation((page, signal) =>
          limit(() => {
            AbortSignal.any([signal, deadline]).throwIfAborted()
            return readPage({ installationId: id, page }, log)
          }),
        ),
      ),
    )
    const failures = lists.flatMap((list, index) =>
      list.status === 'rejected' ? [{ id: installationIds[index] as number, err: list.reason }] : [],
    )
    for (const { id, err } of failures) {
      log.warn({ err, installation_id: id }, 'the repositories of a GitHub installation could not be listed')
    }
    const delays = failures.map(({ err }) => err.retryAfter as unknown).filter((delay) => typeof delay === 'number')
    return {
      repositories: sortByName(lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : []))),
      failed: failures.map(({ id }) => id),
      retryAfter: delays.length > 0 ? Math.min(...delays) : undefined,
    }
  }
}

type ReadPage = (page: number, signal: AbortSignal) => Promise<Page>

/** The first page says how many there are; when one fails, those that are not yet asked for are not needed any more. */
async function listInstallation(readPage: ReadPage): Promise<GithubRepository[]> {
  const failed = new AbortController()
  const first = await readPage(1, failed.signal)
  const count = Math.ceil(first.total / PAGE_SIZE)
  if (count > MAX_PAGES) throw new RefusedResponse(`it has more than ${MAX_PAGES} pages of repositories`)
  const numbers = Array.from({ length: Math.max(count - 1, 0) }, (_, index) => index + 2)
  const others = await Promise.all(numbers.map((page) => readPage(page, failed.signal))).catch((error) => {
    failed.abort(error)
    throw error
  })
  // What is added or removed meanwhile moves the others from page to page.
  const found = [first, ...others].flatMap(({ repositories }) => repositories)
  return [...new Map(found.map((repository) => [repository.id, repository])).values()]
}

function createPageReader(github: Pick<GithubClient, 'installationRequest'>, cacheBytes: number) {
  const cache = createPageCache(cacheBytes)
  return async ({ installationId, page }: { installationId: number; page: number }, log: Log): Promise<Page> => {
    const key = `${installationId}/${page}`
    const kept = cache.get(key)
    const answer = await github.installationRequest(
      installationId,
      'GET /installation/repositories',
      { per_page: PAGE_SIZE, page },
      { headers: kept ? { 'if-none-match': kept.etag } : {} },
    )
    if (kept && answer.status === 304) return JSON.parse(kept.json)
    const fresh = parsePage(answer, installationId, log)
    const { etag } = answer.headers
    if (typeof etag === 'string') cache.set(key, { etag, json: JSON.stringify(fresh) })
    return fresh
  }
}

/** @throws Error if it is no list at all; an entry that is no repository is left out */
function parsePage({ status, data }: GithubResponse, installationId: number, log: Log): Page {
  if (status !== 200) throw new RefusedResponse(`GitHub answered ${status}`)
  const { total_count, repositories } = (data ?? {}) as { total_count?: unknown; repositories?: unknown }
  if (!Array.isArray(repositories) || !Number.isSafeInteger(total_count) || (total_count as number) < 0) {
    throw new RefusedResponse('GitHub answered with something other than a list of repositories')
  }
  const read = repositories.map((raw) => readRepository(raw, installationId))
  const known = read.filter((repository) => repository !== undefined)
  const unread = read.length - known.length
  if (unread > 0) log.warn({ installation_id: installationId, unread }, 'GitHub listed what is not a repository')
  return { total: total_count as number, repositories: known }
}

function sortByName(repositories: GithubRepository[]): GithubRepository[] {
  const keyed = repositories.map((repository) => ({ repository, key: repository.full_name.toLowerCase() }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : Number(a.repository.id) - Number(b.repository.id)))
  return keyed.map(({ repository }) => repository)
}
