import { parseUrl } from '../parse-url.js'
import { FULL_NAME } from './names.js'
import type { GithubResponse } from './responses.js'

/** A reference to a repository: `owner/repo`, or GitHub's id, which survives a rename. */
export type RepoRef = string | number

/**
 * Returns the API route of a repository and its parameters, which Octokit encodes, so that a name cannot change the
 * path.
 */
export function repoCall(repository: RepoRef, suffix: '' | '/installation') {
  if (typeof repository === 'number') {
    return { route: `GET /repositories/{repository_id}${suffix}`, params: { repository_id: repository } }
  }
  const [owner, repo] = repository.split('/')
  return { route: `GET /repos/{owner}/{repo}${suffix}`, params: { owner, repo } }
}

/**
 * Returns the request parameters that limit a token to one repository. GitHub takes the name without the owner, because
 * the owner is the installation's account.
 */
export function limitedTo(repository: RepoRef | undefined) {
  if (repository === undefined) return {}
  return typeof repository === 'number'
    ? { repository_ids: [repository] }
    : { repositories: [repository.slice(repository.indexOf('/') + 1)] }
}

const REPO_PATH = new RegExp(`^/repos/(${FULL_NAME})$`)

/**
 * Reads the new location of a repository from a redirect.
 * @param suffix as passed to repoCall() for the request that was redirected
 * @returns undefined if the location has another origin, or is not a repository
 * @see https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 */
export function movedTo({ headers }: GithubResponse, baseUrl: string, suffix: string): RepoRef | undefined {
  const location = String(headers['location'] ?? '')
  const href = parseUrl(location, baseUrl)?.href
  if (!href?.startsWith(`${baseUrl}/`) || !href.endsWith(suffix)) return undefined
  const path = href.slice(baseUrl.length, href.length - suffix.length)
  const id = /^\/repositories\/([1-9]\d{0,14})$/.exec(path)?.[1]
  if (id) return Number(id)
  return REPO_PATH.exec(path)?.[1]
}
