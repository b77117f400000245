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
  /** Client id or app id. */
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
  /** Statuses that may be otherwise in a moment, beside 5xx. */
  passing?: number[]
}

/** Requests to GitHub, one by one. */
export interface GithubRequests {
  /**
   * Sends a request, and retries it if that may help and there is time.
   * @returns GitHub's answer, with a status below 500
   * @throws ApiError 503 if GitHub is down, too slow, rate-limits, or refuses this service
   */
  send(call: Call): Promise<GithubResponse>
  /** Sends a request as the App itself, whose credentials GitHub must accept. */
  sendAsApp(call: Omit<Call, 'authorization'>): Promise<GithubResponse>
  /** Logs why a request failed, without the answer's content, and returns a 503. */
  fail(route: string, reason: string, answer?: GithubResponse): ApiError
  clock: GithubClock
}

/** How far a token's time of issue lies in the past, besides the 30 s of the library, in seconds. */
const BACKDATED = 30

/** Statuses of an answer whose message says why GitHub refuses. */
const REFUSALS = [401, 403, 410, 422, 429, 451]

/** Waits before a further attempt, in milliseconds. They count towards the deadline. */
const PAUSES = [100, 400]

/** In seconds, where GitHub does not say when to come back. */
const DEFAULT_RETRY_AFTER = 5

export function createRequests(
  config: GithubConfig,
  baseUrl: string,
  logger: GithubLogger,
  observe: ObserveGithub,
): GithubRequests {
  const fetch = createBoundedFetch(new URL(baseUrl).origin)
  // By itself Octokit would log whole requests.
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const octokit = new Octokit({ baseUrl, userAgent: 'neptun-projects-resources', log, request: { fetch, log } })
  const clock = createGithubClock(logger)

  async function signAsApp(): Promise<string> {
    const { GITHUB_APP_ID: id, GITHUB_APP_PRIVATE_KEY: privateKey } = config
    const now = clock.now() - BACKDATED
    const { token } = await createAppToken<string | number>({ id: /^\d+$/.test(id) ? Number(id) : id, privateKey, now })
    return `Bearer ${token}`
  }

  const describe = (route: string, answer?: GithubResponse) => ({
    github_route: route,
    github_status: answer?.status,
    github_message: answer && REFUSALS.includes(answer.status) ? messageOf(answer) : undefined,
  })

  function fail(route: string, reason: string, answer?: GithubResponse, advice?: string): ApiError {
    logger.warn({ ...describe(route, answer), reason }, 'GitHub is unavailable')
    const retryAfter = (answer && (rateLimitWait(answer) ?? retryAfterOf(answer))) ?? DEFAULT_RETRY_AFTER
    const message = advice && { message: `GitHub refuses requests of this service: nothing was stored. ${advice}` }
    return new ApiError('GITHUB_UNAVAILABLE', { retryAfter, ...message })
  }

  /** One attempt: GitHub's answer of whatever status, or why there is none. Octokit throws both. */
  async function attempt({ route, params, headers, authorization, signal }: Call): Promise<GithubResponse | Error> {
    try {
      return await octokit.request(route, { ...params, headers: { ...headers, authorization }, request: { signal } })
    } catch (error) {
      return (error as { response?: GithubResponse }).response ?? (error as Error)
    }
  }

  async function send(call: Call, tried = 0): Promise<GithubResponse> {
    const { route, signal, passing = [] } = call
    const outcome = await attempt(call)
    report(outcome, observe)
    if (outcome instanceof Error) {
      const isFinal = rootOf(outcome) instanceof RefusedResponse
      if (isFinal || !(await pause(tried, signal))) throw fail(route, reasonOf(outcome, signal))
      return send(call, tried + 1)
    }
    clock.observe(outcome)
    if (rateLimitWait(outcome) !== undefined) throw fail(route, 'a rate limit', outcome)
    if (outcome.status < 500 && !passing.includes(outcome.status)) return expectNoPolicy(route, outcome)
    if (retryAfterOf(outcome) !== undefined || !(await pause(tried, signal))) throw fail(route, 'a failure', outcome)
    return send(call, tried + 1)
  }

  /** Logs why GitHub refuses, and throws if the reason is not the repository or the installation, but this service. */
  function expectNoPolicy(route: string, answer: GithubResponse): GithubResponse {
    const advice = policyOf(answer)
    if (advice) throw fail(route, 'GitHub refuses this service', answer, advice)
    if (REFUSALS.includes(answer.status)) logger.warn(describe(route, answer), 'GitHub refused a request')
    return answer
  }

  async function sendAsApp(call: Omit<Call, 'authorization'>, isRepeated = false): Promise<GithubResponse> {
    const offset = clock.offset()
    const answer = await send({ ...call, authorization: await signAsApp() })
    if (answer.status !== 401) return answer
    // The answer has shown that the token was signed by a wrong clock.
    if (clock.offset() !== offset && !isRepeated) return await sendAsApp(call, true)
    const reason = isAboutTime(answer)
      ? 'the time of the token is not accepted: the clock of this machine is wrong'
      : 'the id and key of the App are not accepted'
    throw fail(call.route, reason, answer)
  }

  return { send: (call) => send(call), sendAsApp: (call) => sendAsApp(call), fail, clock }
}

/** Waits before the next attempt; false if there is to be none. */
async function pause(tried: number, signal: AbortSignal): Promise<boolean> {
  const milliseconds = PAUSES[tried]
  if (milliseconds === undefined || signal.aborted) return false
  return await delay(milliseconds, true, { signal }).catch(() => false)
}

/** The name of a problem. Its message only if it is ours: others quote what they are about. */
function reasonOf(error: Error, signal: AbortSignal): string {
  if (signal.aborted) return 'no answer in time'
  const root = rootOf(error)
  if (root instanceof RefusedResponse) return root.message
  const { code, name } = root as { code?: unknown; name?: string }
  return typeof code === 'string' ? code : (name ?? 'unknown')
}

function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error
}
