import { setTimeout as delay } from 'node:timers/promises'
import { createAppAuth } from '@octokit/auth-app'
import { Octokit } from '@octokit/rest'
import type { BaseLogger } from 'pino'
import type { Config } from '../config.js'
import { ApiError } from '../errors.js'
import { type GithubAnswer, rateLimitWait, retryAfterOf } from './answers.js'
import { createBoundedFetch, RefusedAnswer } from './bounded-fetch.js'

export type GithubConfig = Pick<Config, 'GITHUB_API_URL' | 'GITHUB_TIMEOUT'> & {
  GITHUB_APP_ID: number
  /** In PEM. */
  GITHUB_APP_PRIVATE_KEY: string
}

export type GithubLogger = Pick<BaseLogger, 'warn'>

/** Told of every attempt: what came of it, and what GitHub says is left of which of its limits. */
export type ObserveGithub = (outcome: GithubOutcome, remaining?: number, resource?: string) => void

type GithubOutcome = 'ok' | 'refused' | 'rate_limited' | 'failed' | 'unanswered'

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
   * Sends a request, and again where that may help and there is time.
   * @returns GitHub's answer, of a status below 500
   * @throws ApiError 503 where GitHub is down, too slow, or rate-limits
   */
  send(call: Call): Promise<GithubAnswer>
  /** The same as the App itself, whose credentials GitHub must accept. */
  sendAsApp(call: Omit<Call, 'authorization'>): Promise<GithubAnswer>
  /** Logs what came, never what it said, and makes a 503 of it. */
  fail(route: string, reason: string, answer?: GithubAnswer): ApiError
}

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
  const authenticate = createAppAuth({ appId: config.GITHUB_APP_ID, privateKey: config.GITHUB_APP_PRIVATE_KEY, log })

  function fail(route: string, reason: string, answer?: GithubAnswer): ApiError {
    logger.warn({ github_route: route, github_status: answer?.status, reason }, 'GitHub is unavailable')
    const retryAfter = (answer && (rateLimitWait(answer) ?? retryAfterOf(answer))) ?? DEFAULT_RETRY_AFTER
    return new ApiError('GITHUB_UNAVAILABLE', { retryAfter })
  }

  /** One attempt: GitHub's answer of whatever status, or why there is none. Octokit throws both. */
  async function attempt({ route, params, headers, authorization, signal }: Call): Promise<GithubAnswer | Error> {
    try {
      return await octokit.request(route, { ...params, headers: { ...headers, authorization }, request: { signal } })
    } catch (error) {
      return (error as { response?: GithubAnswer }).response ?? (error as Error)
    }
  }

  async function send(call: Call, tried = 0): Promise<GithubAnswer> {
    const { route, signal, passing = [] } = call
    const outcome = await attempt(call)
    report(outcome, observe)
    if (outcome instanceof Error) {
      const isFinal = rootOf(outcome) instanceof RefusedAnswer
      if (isFinal || !(await pause(tried, signal))) throw fail(route, reasonOf(outcome, signal))
      return send(call, tried + 1)
    }
    if (rateLimitWait(outcome) !== undefined) throw fail(route, 'a rate limit', outcome)
    if (outcome.status < 500 && !passing.includes(outcome.status)) return outcome
    if (retryAfterOf(outcome) !== undefined || !(await pause(tried, signal))) throw fail(route, 'a failure', outcome)
    return send(call, tried + 1)
  }

  async function sendAsApp(call: Omit<Call, 'authorization'>): Promise<GithubAnswer> {
    const { token } = await authenticate({ type: 'app' })
    const answer = await send({ ...call, authorization: `Bearer ${token}` })
    if (answer.status === 401) throw fail(call.route, 'the id and key of the App are not accepted', answer)
    return answer
  }

  return { send: (call) => send(call), sendAsApp, fail }
}

function report(outcome: GithubAnswer | Error, observe: ObserveGithub): void {
  if (outcome instanceof Error) {
    observe('unanswered')
    return
  }
  const remaining = Number(outcome.headers['x-ratelimit-remaining'] ?? Number.NaN)
  observe(kindOf(outcome), Number.isFinite(remaining) ? remaining : undefined, resourceOf(outcome))
}

function kindOf(answer: GithubAnswer): GithubOutcome {
  if (rateLimitWait(answer) !== undefined) return 'rate_limited'
  if (answer.status >= 500) return 'failed'
  return answer.status < 400 ? 'ok' : 'refused'
}

/** GitHub's name for a limit: a word, of which there are few. */
function resourceOf({ headers }: GithubAnswer): string | undefined {
  const resource = headers['x-ratelimit-resource']
  return typeof resource === 'string' && /^[a-z_]{1,40}$/.test(resource) ? resource : undefined
}

/** Waits before the next attempt; false if there is to be none. */
async function pause(tried: number, signal: AbortSignal): Promise<boolean> {
  const milliseconds = PAUSES[tried]
  if (milliseconds === undefined || signal.aborted) return false
  return await delay(milliseconds, true, { signal }).catch(() => false)
}

/** The name of a fault. Its message only if it is ours: others quote what they are about. */
function reasonOf(error: Error, signal: AbortSignal): string {
  if (signal.aborted) return 'no answer in time'
  const root = rootOf(error)
  if (root instanceof RefusedAnswer) return root.message
  const { code, name } = root as { code?: unknown; name?: string }
  return typeof code === 'string' ? code : (name ?? 'unknown')
}

function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error
}
