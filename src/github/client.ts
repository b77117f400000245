import type { TSchema } from '@sinclair/typebox'
import type { ObserveGithub } from './observe.js'
import { limitedTo, movedTo, type RepositoryRef, repositoryCall } from './repo-ref.js'
import { type Call, createRequests, type GithubConfig, type GithubLogger } from './requests.js'
import { AccessToken, type GithubResponse, Installation, Repository, readData } from './responses.js'
import { createTokenCache, type TakenToken, type Token } from './token-cache.js'

export type { GithubResponse } from './responses.js'

interface InstallationRequestOptions {
  headers?: Record<string, string>
  /** Ends the waiting; without it, GITHUB_TIMEOUT does. */
  signal?: AbortSignal
}

/**
 * GitHub, as the App sees it. All of it throws ApiError 503 GITHUB_UNAVAILABLE, and logs why, where GitHub is down, too
 * slow, out of patience (rate limits), or answers what it should not.
 */
export interface GithubClient {
  /** A signal for all that one question takes: it aborts after GITHUB_TIMEOUT. */
  deadline(): AbortSignal
  /**
   * The App's installation that grants a repository, and how to name the repository from then on.
   * @returns null if the App has no access to such a repository
   */
  findRepositoryInstallation(repository: RepositoryRef, signal: AbortSignal): Promise<FoundInstallation | null>
  /**
   * A token to read one repository and nothing else. It is kept until shortly before it expires.
   * @returns null if GitHub gives none: this installation does not grant this repository, or is suspended
   */
  takeRepositoryToken(
    installationId: number,
    repository: RepositoryRef,
    signal: AbortSignal,
  ): Promise<TakenToken | null>
  /** Forgets a token that was of no use. */
  dropRepositoryToken(installationId: number, repository: RepositoryRef, token: Token): void
  /** A repository as a token sees it; null if it does not see it (any longer). */
  readRepositoryWith(token: TakenToken, repository: RepositoryRef, signal: AbortSignal): Promise<Repository | null>
  /** One installation of the App, by GitHub's id of it; null if there is none. */
  readInstallation(installationId: number, signal?: AbortSignal): Promise<Installation | null>
  /**
   * Any request, with a token for all that an installation grants.
   * @param route `GET /repos/{owner}/{repo}`; its placeholders are filled from `params`, the rest of them is the query
   * @returns GitHub's answer of whatever status below 500, 304 and redirects too, but none about a rate limit. 403
   * without data also where GitHub gives no token: the installation is suspended, or gone
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
  repository: RepositoryRef
}

/** What GitHub answers where there is nothing, or nothing for who asks. 451: blocked for legal reasons. */
const REFUSALS = [403, 404, 410, 451]

const REDIRECTS = [301, 302, 307, 308]

const MINT = 'POST /app/installations/{installation_id}/access_tokens'

/** Read-only. The App must have been given both, or GitHub answers 422. */
const PERMISSIONS = { metadata: 'read', contents: 'read' }

export function createGithubClient(config: GithubConfig, logger: GithubLogger, observe: ObserveGithub): GithubClient {
  const baseUrl = config.GITHUB_API_URL.replace(/\/+$/, '')
  const { send, sendAsApp, fail, clock } = createRequests(config, baseUrl, logger, observe)
  const tokens = createTokenCache()
  const deadline = () => AbortSignal.timeout(config.GITHUB_TIMEOUT)

  function expectData<T extends TSchema>(schema: T, answer: GithubResponse, route: string) {
    const data = answer.status < 300 ? readData(schema, answer) : undefined
    if (data === undefined) throw fail(route, 'an answer of another form', answer)
    return data
  }

  async function mint(installationId: number, repository?: RepositoryRef): Promise<Token | null> {
    const params = { installation_id: installationId, permissions: PERMISSIONS, ...limitedTo(repository) }
    // With a deadline of its own, because those who wait for the one token came at different times.
    const answer = await sendAsApp({ route: MINT, params, signal: deadline() })
    if (REFUSALS.includes(answer.status) || answer.status === 422) return null
    const { token, expires_at } = expectData(AccessToken, answer, MINT)
    // In this machine's clock.
    return { value: token, expiresAt: Date.parse(expires_at) - clock.offset() * 1000 }
  }

  async function takeToken(signal: AbortSignal, installationId: number, repository?: RepositoryRef) {
    const key = tokenKey(installationId, repository)
    const taken = tokens.take(key, () => mint(installationId, repository))
    return await unlessAborted(signal, taken, () => fail(MINT, 'no answer in time'))
  }

  /** Goes once to where GitHub says that a renamed or transferred repository is now. */
  async function follow(
    asked: RepositoryRef,
    suffix: '' | '/installation',
    ask: (call: Pick<Call, 'route' | 'params'>) => Promise<GithubResponse>,
  ) {
    const call = repositoryCall(asked, suffix)
    const answer = await ask(call)
    if (!REDIRECTS.includes(answer.status)) return { answer, route: call.route, repository: asked }
    const repository = movedTo(answer, baseUrl, suffix)
    if (repository === undefined) throw fail(call.route, 'a redirect to elsewhere', answer)
    const next = repositoryCall(repository, suffix)
    return { answer: await ask(next), route: next.route, repository }
  }

  return {
    deadline,
    async findRepositoryInstallation(asked, signal) {
      const { answer, route, repository } = await follow(asked, '/installation', (call) =>
        sendAsApp({ ...call, signal }),
      )
      return REFUSALS.includes(answer.status)
        ? null
        : { installation: expectData(Installation, answer, route), repository }
    },
    takeRepositoryToken: (installationId, repository, signal) => takeToken(signal, installationId, repository),
    dropRepositoryToken: (installationId, repository, token) =>
      tokens.drop(tokenKey(installationId, repository), token),
    async readRepositoryWith(token, asked, signal) {
      const { answer, route } = await follow(asked, '', (call) => send({ ...call, ...authorization(token), signal }))
      return REFUSALS.includes(answer.status) || answer.status === 401 ? null : expectData(Repository, answer, route)
    },
    async readInstallation(installationId, signal = deadline()) {
      const route = 'GET /app/installations/{installation_id}'
      const answer = await sendAsApp({ route, params: { installation_id: installationId }, signal })
      return REFUSALS.includes(answer.status) ? null : expectData(Installation, answer, route)
    },
    async installationRequest(installationId, route, params = {}, { headers, signal = deadline() } = {}) {
      for (;;) {
        const token = await takeToken(signal, installationId)
        if (!token) return { status: 403, headers: {}, data: null }
        const answer = await send({ route, params, headers, ...authorization(token), signal })
        if (answer.status !== 401) return answer
        // One that was kept can have been revoked. The next one is fresh, and a 401 to that is final.
        tokens.drop(tokenKey(installationId), token)
      }
    },
  }
}

const tokenKey = (installationId: number, repository: RepositoryRef | undefined = '*') =>
  `${installationId} ${String(repository).toLowerCase()}`

/** A fresh token may not be known everywhere at GitHub for a moment, and 401 then means nothing. */
const authorization = ({ value, isFresh }: TakenToken) => ({
  authorization: `Bearer ${value}`,
  passing: isFresh ? [401] : [],
})

/** A result, or an error if a signal aborts before it is there. */
function unlessAborted<T>(signal: AbortSignal, result: Promise<T>, error: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(error())
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
