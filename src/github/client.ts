import type { TSchema } from '@sinclair/typebox'
import type { ObserveGithub } from './observe.js'
import { limitedTo, movedTo, type RepoRef, repoCall } from './repo-ref.js'
import { type Call, createRequests, type GithubConfig, type GithubLogger } from './requests.js'
import { AccessToken, type GithubResponse, Installation, Repo, readData } from './responses.js'
import { createTokenCache, type IssuedToken, type Token } from './token-cache.js'

export type { GithubResponse } from './responses.js'

interface InstallationRequestOptions {
  headers?: Record<string, string>
  /** The deadline. Defaults to GITHUB_TIMEOUT. */
  signal?: AbortSignal
}

/**
 * Client for GitHub's API, authenticated as a GitHub App. Every method that sends requests throws ApiError 503
 * GITHUB_UNAVAILABLE, and logs the reason, if GitHub is down, too slow, rate-limits the App, or sends an unexpected
 * response.
 */
export interface GithubClient {
  /** Creates a signal that aborts after GITHUB_TIMEOUT: one deadline for several requests. */
  deadline(): AbortSignal
  /**
   * Finds the App's installation that has access to a repository. Also returns the reference to use in further
   * requests: the given one or, if the repository was renamed or transferred, the target of GitHub's redirect, which is
   * usually the id.
   * @returns null if the App has no access, or the repository does not exist
   */
  findRepoInstallation(repository: RepoRef, signal: AbortSignal): Promise<FoundInstallation | null>
  /**
   * Returns a token that can only read one repository, from the cache or from GitHub.
   * @returns null if GitHub refuses to create one: the installation has no access to this repository, is suspended or
   *   deleted, or lacks one of the PERMISSIONS
   */
  getRepoToken(installationId: number, repository: RepoRef, signal: AbortSignal): Promise<IssuedToken | null>
  /** Removes from the cache a token that GitHub rejected. */
  dropRepoToken(installationId: number, repository: RepoRef, token: Token): void
  /** Reads a repository with a token. @returns null if the token does not have access to it, or has been revoked */
  readRepoWith(token: IssuedToken, repository: RepoRef, signal: AbortSignal): Promise<Repo | null>
  /** Reads an installation of the App by GitHub's id. @returns null if it does not exist */
  readInstallation(installationId: number, signal?: AbortSignal): Promise<Installation | null>
  /**
   * Sends a request with a token for everything that an installation has access to.
   * @param route for example `GET /repos/{owner}/{repo}`. `params` without a placeholder go into the query.
   * @returns GitHub's response with a status below 500, including 304 and redirects. If GitHub refuses to create a
   * token (the installation is suspended or deleted, or lacks one of the PERMISSIONS): status 403 without data
   * @throws ApiError 503 also for a rate limit, a 403 by which a policy blocks this service, and a 401 for a new token
   */
  installationRequest(
    installationId: number,
    route: string,
    params?: Record<string, unknown>,
    options?: InstallationRequestOptions,
  ): Promise<GithubResponse>
}

interface FoundInstallation {
  installation: Installation
  repository: RepoRef
}

/** Statuses for no access, or for an object that does not exist. 451: blocked for legal reasons. */
const REFUSALS = [403, 404, 410, 451]

const REDIRECTS = [301, 302, 307, 308]

const MINT = 'POST /app/installations/{installation_id}/access_tokens'

/** Permissions of a token. GitHub responds with 422 if the App does not have both. */
const PERMISSIONS = { metadata: 'read', contents: 'read' }

export function createGithubClient(config: GithubConfig, logger: GithubLogger, observe: ObserveGithub): GithubClient {
  const baseUrl = config.GITHUB_API_URL.replace(/\/+$/, '')
  const { send, sendAsApp, fail, clock } = createRequests(config, baseUrl, logger, observe)
  const tokens = createTokenCache()
  const deadline = () => AbortSignal.timeout(config.GITHUB_TIMEOUT)

  function expectData<T extends TSchema>(schema: T, response: GithubResponse, route: string) {
    const data = response.status < 300 ? readData(schema, response) : undefined
    if (data === undefined) throw fail(route, 'unexpected response', response)
    return data
  }

  async function mint(installationId: number, repository?: RepoRef): Promise<Token | null> {
    const params = { installation_id: installationId, permissions: PERMISSIONS, ...limitedTo(repository) }
    // Not a caller's deadline: several callers, with different deadlines, can share the new token.
    const response = await sendAsApp({ route: MINT, params, signal: deadline() })
    if (REFUSALS.includes(response.status) || response.status === 422) return null
    const { token, expires_at } = expectData(AccessToken, response, MINT)
    // Converted from GitHub's clock to this machine's.
    return { value: token, expiresAt: Date.parse(expires_at) - clock.offset() * 1000 }
  }

  async function getToken(signal: AbortSignal, installationId: number, repository?: RepoRef) {
    const key = tokenKey(installationId, repository)
    const token = tokens.getOrMint(key, () => mint(installationId, repository))
    return await unlessAborted(signal, token, () => fail(MINT, 'timeout'))
  }

  /** Sends a request for a repository, and follows one redirect of a renamed or transferred repository. */
  async function follow(
    requested: RepoRef,
    suffix: '' | '/installation',
    sendCall: (call: Pick<Call, 'route' | 'params'>) => Promise<GithubResponse>,
  ) {
    const call = repoCall(requested, suffix)
    const response = await sendCall(call)
    if (!REDIRECTS.includes(response.status)) return { response, route: call.route, repository: requested }
    const repository = movedTo(response, baseUrl, suffix)
    if (repository === undefined) throw fail(call.route, 'unexpected redirect', response)
    const next = repoCall(repository, suffix)
    return { response: await sendCall(next), route: next.route, repository }
  }

  return {
    deadline,
    async findRepoInstallation(requested, signal) {
      const { response, route, repository } = await follow(requested, '/installation', (call) =>
        sendAsApp({ ...call, signal }),
      )
      return REFUSALS.includes(response.status)
        ? null
        : { installation: expectData(Installation, response, route), repository }
    },
    getRepoToken: (installationId, repository, signal) => getToken(signal, installationId, repository),
    dropRepoToken: (installationId, repository, token) => tokens.drop(tokenKey(installationId, repository), token),
    async readRepoWith(token, requested, signal) {
      const { response, route } = await follow(requested, '', (call) =>
        send({ ...call, ...authorization(token), signal }),
      )
      return REFUSALS.includes(response.status) || response.status === 401 ? null : expectData(Repo, response, route)
    },
    async readInstallation(installationId, signal = deadline()) {
      const route = 'GET /app/installations/{installation_id}'
      const response = await sendAsApp({ route, params: { installation_id: installationId }, signal })
      return REFUSALS.includes(response.status) ? null : expectData(Installation, response, route)
    },
    async installationRequest(installationId, route, params = {}, { headers, signal = deadline() } = {}) {
      for (;;) {
        const token = await getToken(signal, installationId)
        if (!token) return { status: 403, headers: {}, data: null }
        const response = await send({ route, params, headers, ...authorization(token), signal })
        if (response.status !== 401) return response
        // A cached token may have been revoked. send() throws if a new token is rejected as well, so the loop ends.
        tokens.drop(tokenKey(installationId), token)
      }
    },
  }
}

const tokenKey = (installationId: number, repository: RepoRef | undefined = '*') =>
  `${installationId} ${String(repository).toLowerCase()}`

/** A 401 for a new token is retried: the token may not have reached all of GitHub's servers yet. */
const authorization = ({ value, isFresh }: IssuedToken) => ({
  authorization: `Bearer ${value}`,
  retryStatuses: isFresh ? [401] : [],
})

/** Settles like `result`, but rejects with `error()` if `signal` aborts first. */
function unlessAborted<T>(signal: AbortSignal, result: Promise<T>, error: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(error())
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
