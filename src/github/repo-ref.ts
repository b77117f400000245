import { parseUrl } from '../parse-url.js'
import { FULL_NAME } from './names.js'
import type { GithubResponse } from './responses.js'

/** How a request names a repository: by `owner/repo`, or by its id, which stays when it is renamed. */
export type RepositoryRef = string | number

/** The route to a repository, and what fills it in. Octokit encodes the parameters: a name cannot become a path. */
export function repositoryCall(repository: RepositoryRef, suffix: '' | '/installation') {
  if (typeof repository === 'number') {
    return { route: `GET /repositories/{repository_id}${suffix}`, params: { repository_id: repository } }
  }
  const [owner, repo] = repository.split('/')
  return { route: `GET /repos/{owner}/{repo}${suffix}`, params: { owner, repo } }
}

/** What limits a token to one repository. The installation's account is its owner. */
export function limitedTo(repository: RepositoryRef | undefined) {
  if (repository === undefined) return {}
  return typeof repository === 'number'
    ? { repository_ids: [repository] }
    : { repositories: [repository.slice(repository.indexOf('/') + 1)] }
}

const REPO_PATH = new RegExp(`^/repos/(${FULL_NAME})$`)

/**
 * Where a repository has moved to, by the answer to repositoryCall(..., suffix).
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 * @returns undefined if that is at another origin, or no repository
 */
export function movedTo({ headers }: GithubResponse, baseUrl: string, suffix: string): RepositoryRef | undefined {
  const location = String(headers['location'] ?? '')
  const href = parseUrl(location, baseUrl)?.href
  if (!href?.startsWith(`${baseUrl}/`) || !href.endsWith(suffix)) return undefined
  const path = href.slice(baseUrl.length, href.length - suffix.length)
  const id = /^\/repositories\/([1-9]\d{0,14})$/.exec(path)?.[1]
  if (id) return Number(id)
  return REPO_PATH.exec(path)?.[1]
}
