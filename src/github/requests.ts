import { setTimeout as delay } from 'node:timers/promises'
import { Octokit } from '@octokit/rest'
import type { BaseLogger } from 'pino'
import createAppToken from 'universal-github-app-jwt'
import type { Config } from '../config.js'
import { ApiError } from '../errors.js'
import { createBoundedFetch, RefusedResponse } from './bounded-fetch.js'
import { createGithubClock, type GithubClock } from './clock.js'
import { isAboutTime, messageOf, policyOf } from './error-responses.js'
import { type ObserveGithub, report } from './observe.js'
import { type GithubResponse, rateLimitWait, retryAfterOf } from './responses.js'

export type GithubConfig = Pick<Config, 'GITHUB_API_URL' | 'GITHUB_TIMEOUT'> & {
  /** The App's client id or app id. */
  GITHUB_APP_ID: string
  /** In PEM. */
  GITHUB_APP_PRIVATE_KEY: string
}

export type GithubLogger = Pick<BaseLogger, 'warn'>

export interface Call {
  route: string
  params?: Record<string, unknown>
  headers?: Record<string, string> | undefined
  authorization: string
  signal: AbortSignal
  /** Statuses to retry, besides 5xx. */
  retryStatuses?: number[]
}

/** Sends requests to GitHub with a deadline, retries and logging. */
export interface GithubRequests {
  /**
   * Sends a request. Retries network errors, 5xx and `retryStatuses` at most twice, with a backoff, before the deadline
   * (`signal`). Does not retry after a RefusedResponse or a response with `Retry-After`.
   * @returns GitHub's response, with a status below 500
   * @throws ApiError 503 if GitHub is down, too slow, rate-limits or blocks this service
   */
  send(call: Call): Promise<GithubResponse>
  /**
   * Sends a request as the App itself, authenticated with a signed JWT.
   * @throws ApiError 503 as send() does, and if GitHub rejects the App's credentials
   */
  sendAsApp(call: Omit<Call, 'authorization'>): Promise<GithubResponse>
  /**
   * Logs why a request failed, and returns a 503 error to throw. Of the response's data, logs only GitHub's message.
   */
  fail(route: string, reason: string, response?: GithubResponse): ApiError
  clock: GithubClock
}

/** Backdates the JWT by this many seconds, in addition to the library's 30 s, to tolerate clock skew. */
const BACKDATED = 30

/** Statuses for which GitHub's message is logged: it gives the reason. */
const REFUSALS = [401, 403, 410, 422, 429, 451]

/** Backoff before each retry, in milliseconds. It counts towards the deadline. */
const RETRY_DELAYS = [100, 400]

/** Retry-After of this service's 503, in seconds, if GitHub reported no rate limit and sent no Retry-After. */
const DEFAULT_RETRY_AFTER = 5

export function createRequests(
  config: GithubConfig,
  baseUrl: string,
  logger: GithubLogger,
  observe: ObserveGithub,
): GithubRequests {
  const fetch = createBoundedFetch(new URL(baseUrl).origin)
  // Octokit's default logger would log whole requests.
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const octokit = new Octokit({ baseUrl, userAgent: 'neptun-projects-resources', log, request: { fetch, log } })
  const clock = createGithubClock(logger)

  async function signAsApp(): Promise<string> {
    const { GITHUB_APP_ID: id, GITHUB_APP_PRIVATE_KEY: privateKey } = config
    const now = clock.now() - BACKDATED
    const { token } = await createAppToken<string | number>({ id: /^\d+$/.test(id) ? Number(id) : id, privateKey, now })
    return `Bearer ${token}`
  }

  const describe = (route: string, response?: GithubResponse) => ({
    github_route: route,
    github_status: response?.status,
    github_message: response && REFUSALS.includes(response.status) ? messageOf(response) : undefined,
  })

  function fail(route: string, reason: string, response?: GithubResponse, advice?: string): ApiError {
    logger.warn({ ...describe(route, response), reason }, 'GitHub is unavailable')
    const retryAfter = (response && (rateLimitWait(response) ?? retryAfterOf(response))) ?? DEFAULT_RETRY_AFTER
    const message = advice && {
      message: `Requests from this service to GitHub are blocked: nothing was stored. ${advice}`,
    }
    return new ApiError('GITHUB_UNAVAILABLE', { retryAfter, ...message })
  }

  /**
   * Sends one request. Returns the response with any status, or the error. Octokit throws for 304 and for statuses of
   * 400 and more.
   */
  async function attempt({ route, params, headers, authorization, signal }: Call): Promise<GithubResponse | Error> {
    try {
      return await octokit.request(route, { ...params, headers: { ...headers, authorization }, request: { signal } })
    } catch (error) {
      return (error as { response?: GithubResponse }).response ?? (error as Error)
    }
  }

  async function send(call: Call, retries = 0): Promise<GithubResponse> {
    const { route, signal, retryStatuses = [] } = call
    const outcome = await attempt(call)
    report(outcome, observe)
    if (outcome instanceof Error) {
      const isFinal = rootOf(outcome) instanceof RefusedResponse
      if (isFinal || !(await backOff(retries, signal))) throw fail(route, reasonOf(outcome, signal))
      return send(call, retries + 1)
    }
    clock.observe(outcome)
    if (rateLimitWait(outcome) !== undefined) throw fail(route, 'rate limit', outcome)
    if (outcome.status < 500 && !retryStatuses.includes(outcome.status)) return expectNoPolicy(route, outcome)
    if (retryAfterOf(outcome) !== undefined || !(await backOff(retries, signal))) {
      throw fail(route, 'error status', outcome)
    }
    return send(call, retries + 1)
  }

  /** Logs why GitHub refused a request, and throws if a policy blocks this service. */
  function expectNoPolicy(route: string, response: GithubResponse): GithubResponse {
    const advice = policyOf(response)
    if (advice) throw fail(route, 'service blocked', response, advice)
    if (REFUSALS.includes(response.status)) logger.warn(describe(route, response), 'GitHub refused a request')
    return response
  }

  async function sendAsApp(call: Omit<Call, 'authorization'>, isRetry = false): Promise<GithubResponse> {
    const offset = clock.offset()
    const response = await send({ ...call, authorization: await signAsApp() })
    if (response.status !== 401) return response
    // If the response's Date header has changed the offset, the JWT was signed with a wrong time: retry with a new one.
    if (clock.offset() !== offset && !isRetry) return await sendAsApp(call, true)
    const reason = isAboutTime(response)
      ? "GitHub rejected the time of the App's token: this machine's clock is wrong"
      : 'GitHub rejected the id or private key of the App'
    throw fail(call.route, reason, response)
  }

  return { send: (call) => send(call), sendAsApp: (call) => sendAsApp(call), fail, clock }
}

/** Waits before the next retry. @returns false if no retry is left, or the deadline has passed */
async function backOff(retries: number, signal: AbortSignal): Promise<boolean> {
  const milliseconds = RETRY_DELAYS[retries]
  if (milliseconds === undefined || signal.aborted) return false
  return await delay(milliseconds, true, { signal }).catch(() => false)
}

/** Describes an error for the log. Omits messages of library errors: they can quote the request or response. */
function reasonOf(error: Error, signal: AbortSignal): string {
  if (signal.aborted) return 'timeout'
  const root = rootOf(error)
  if (root instanceof RefusedResponse) return root.message
  const { code, name } = root as { code?: unknown; name?: string }
  return typeof code === 'string' ? code : (name ?? 'unknown')
}

function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error
}
