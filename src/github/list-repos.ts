import pLimit from 'p-limit'
import type { Owner } from '../projects-resources/owner.js'
import { RefusedResponse } from './bounded-fetch.js'
import type { GithubClient, GithubResponse } from './client.js'
import { createPageCache } from './page-cache.js'
import { type GithubRepo, readRepo } from './repo-fields.js'

interface RepoList {
  /** Sorted by full_name, case-insensitively. */
  repositories: GithubRepo[]
  /** Ids of the installations that could not be listed completely. The list contains none of their repositories. */
  failed: number[]
  /** Seconds until at least one failed installation can be retried; undefined if unknown. */
  retryAfter: number | undefined
}

interface Log {
  warn(details: object, message: string): void
}

/**
 * Lists the repositories that the given installations can access. Never rejects: failing installations are in `failed`.
 */
export type ListRepos = (installationIds: number[], log: Log) => Promise<RepoList>

/** Lists repositories for a user, and counts the call towards the user's rate limit. */
export type ListUserRepositories = (owner: Owner, ...rest: Parameters<ListRepos>) => ReturnType<ListRepos>

interface Page {
  total: number
  repositories: GithubRepo[]
}

/** GitHub's maximum page size. */
const PAGE_SIZE = 100

/** Maximum number of pages of one installation: 50,000 repositories. */
const MAX_PAGES = 500

/** Maximum number of concurrent requests of one list. */
const MAX_CONCURRENT = 4

/** Time after which a list sends no further requests, in milliseconds. Each request also has its own timeout. */
const LIST_TIMEOUT = 20_000

/**
 * Creates a function that lists all repositories of the given installations. It requests the pages concurrently, and
 * caches them with their ETags: while nothing changes, it sends only conditional requests, which do not count towards
 * GitHub's rate limit.
 *
 * @param options cacheBytes: maximum size of the cache in bytes
 * @see https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
 */
export function createRepoLister(
  github: Pick<GithubClient, 'installationRequest'>,
  { cacheBytes = 32 * 1024 * 1024 } = {},
): ListRepos {
  const readPage = createPageReader(github, cacheBytes)
  return async (installationIds, log) => {
    const limit = pLimit(MAX_CONCURRENT)
    const deadline = AbortSignal.timeout(LIST_TIMEOUT)
    const lists = await Promise.allSettled(
      installationIds.map((id) =>
        listInstallation((page, signal) =>
          limit(() => {
            signal.throwIfAborted()
            deadline.throwIfAborted()
            return readPage({ installationId: id, page }, log)
          }),
        ),
      ),
    )
    const failures = lists.flatMap((list, index) =>
      list.status === 'rejected' ? [{ id: installationIds[index] as number, err: list.reason }] : [],
    )
    for (const { id, err } of failures) {
      log.warn({ err, installation_id: id }, 'Listing the repositories of a GitHub installation failed')
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

/**
 * Lists all pages of an installation. The first page contains the total count. If a page fails, skips the others.
 */
async function listInstallation(readPage: ReadPage): Promise<GithubRepo[]> {
  const failed = new AbortController()
  const first = await readPage(1, failed.signal)
  const count = Math.ceil(first.total / PAGE_SIZE)
  if (count > MAX_PAGES) throw new RefusedResponse(`a list of more than ${MAX_PAGES} pages of repositories`)
  const numbers = Array.from({ length: Math.max(count - 1, 0) }, (_, index) => index + 2)
  const others = await Promise.all(numbers.map((page) => readPage(page, failed.signal))).catch((error) => {
    failed.abort(error)
    throw error
  })
  // Remove duplicates: a repository can move to another page when others are added or removed between two requests.
  const repositories = [first, ...others].flatMap((page) => page.repositories)
  return [...new Map(repositories.map((repository) => [repository.id, repository])).values()]
}

function createPageReader(github: Pick<GithubClient, 'installationRequest'>, cacheBytes: number) {
  const cache = createPageCache(cacheBytes)
  return async ({ installationId, page }: { installationId: number; page: number }, log: Log): Promise<Page> => {
    const key = `${installationId}/${page}`
    const cached = cache.get(key)
    const response = await github.installationRequest(
      installationId,
      'GET /installation/repositories',
      { per_page: PAGE_SIZE, page },
      { headers: cached ? { 'if-none-match': cached.etag } : {} },
    )
    if (cached && response.status === 304) return JSON.parse(cached.json)
    const fresh = parsePage(response, installationId, log)
    const { etag } = response.headers
    if (typeof etag === 'string') cache.set(key, { etag, json: JSON.stringify(fresh) })
    return fresh
  }
}

/**
 * Parses a page of repositories. Omits entries that are not valid repositories, with a warning.
 * @throws RefusedResponse if the response is not a list
 */
function parsePage({ status, data }: GithubResponse, installationId: number, log: Log): Page {
  if (status !== 200) throw new RefusedResponse(`GitHub responded with status ${status}`)
  const { total_count, repositories } = (data ?? {}) as { total_count?: unknown; repositories?: unknown }
  if (!Array.isArray(repositories) || !Number.isSafeInteger(total_count) || (total_count as number) < 0) {
    throw new RefusedResponse("GitHub's response is not a list of repositories")
  }
  const entries = repositories.map((raw) => readRepo(raw, installationId))
  const valid = entries.filter((repository) => repository !== undefined)
  const unread = entries.length - valid.length
  if (unread > 0) log.warn({ installation_id: installationId, unread }, "GitHub's list contains invalid repositories")
  return { total: total_count as number, repositories: valid }
}

function sortByName(repositories: GithubRepo[]): GithubRepo[] {
  const keyed = repositories.map((repository) => ({ repository, key: repository.full_name.toLowerCase() }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : Number(a.repository.id) - Number(b.repository.id)))
  return keyed.map(({ repository }) => repository)
}
