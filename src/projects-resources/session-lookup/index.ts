import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import { ApiError } from '../../errors.js'
import { RefusedResponse } from '../../github/bounded-fetch.js'
import { readDecimal } from '../../http/coercion.js'
import { MAX_ID } from '../../identity-rules.js'
import { MAX_TIME, MIN_TIME } from '../../schemas.js'
import type { FoundSession, SessionLookupRepository } from './repository.js'
import { requestSession } from './request.js'

export interface SessionLookupOptions {
  SESSION_LOOKUP_URL: string
  /** How long a session is valid before it is looked up again, in milliseconds. */
  SESSION_LOOKUP_TTL: number
  /** In milliseconds. */
  SESSION_LOOKUP_TIMEOUT: number
  /** Dotted paths in the response. */
  SESSION_LOOKUP_USER_ID_FIELD: string
  SESSION_LOOKUP_EXPIRES_AT_FIELD: string
}

/**
 * Is called for each lookup.
 * - `found`: the other service knows the session
 * - `refused`: it does not, or the session has ended, or there is no such user
 * - `remembered`: it was refused a few seconds ago, and is not asked again
 * - `failed`: it did not decide
 * - `rejected`: too many lookups were waiting
 * @param milliseconds how long the request took, if there was one
 */
export type ObserveSessionLookup = (
  outcome: 'found' | 'refused' | 'remembered' | 'failed' | 'rejected',
  milliseconds?: number,
) => void

/** Looks a cookie up in the service that sealed it, and stores what that says in the table `sessions`. */
export interface SessionLookup {
  /**
   * @param tokenHash SHA-256 of the cookie's value
   * @returns whether the table may have the session now
   * @throws ApiError 503 if the other service does not decide
   */
  find(token: string, tokenHash: Buffer): Promise<boolean>
}

/** Cookies that the other service refused: how many are remembered, and how long, in milliseconds. */
const REFUSED = { max: 10_000, ttl: 5000 }

/** Maximum number of lookups at the same time, and of those that wait. */
const MAX_LOOKUPS = 32
const MAX_WAITING = 64

export function createSessionLookup(
  repository: SessionLookupRepository,
  options: SessionLookupOptions,
  observe: ObserveSessionLookup,
): SessionLookup {
  const { SESSION_LOOKUP_URL: url, SESSION_LOOKUP_TTL: ttl, SESSION_LOOKUP_TIMEOUT: timeout } = options
  const refused = new LRUCache<string, true>(REFUSED)
  const inProgress = new Map<string, Promise<boolean>>()
  const limit = pLimit(MAX_LOOKUPS)

  async function request(token: string, begun: number): Promise<FoundSession | undefined> {
    try {
      const body = await requestSession(url, token, timeout)
      return body === undefined ? undefined : readSession(body, options)
    } catch (cause) {
      observe('failed', performance.now() - begun)
      throw unavailable(cause)
    }
  }

  async function lookUp(token: string, tokenHash: Buffer, name: string): Promise<boolean> {
    const begun = performance.now()
    const found = await request(token, begun)
    const duration = performance.now() - begun
    const isValid = found !== undefined && found.expiresAt.getTime() > Date.now()
    const isStored = isValid && (await repository.store(tokenHash, found, ttl - duration))
    if (!isValid) await repository.end(tokenHash)
    observe(isStored ? 'found' : 'refused', duration)
    if (!isStored) refused.set(name, true)
    return isStored
  }

  return {
    async find(token, tokenHash) {
      const name = tokenHash.toString('base64url')
      if (refused.has(name)) {
        observe('remembered')
        return false
      }
      const other = inProgress.get(name)
      if (other) return await other
      if (limit.pendingCount >= MAX_WAITING) {
        observe('rejected')
        throw unavailable(new RefusedResponse('too many lookups at the same time'))
      }
      const lookup = limit(() => lookUp(token, tokenHash, name)).finally(() => inProgress.delete(name))
      inProgress.set(name, lookup)
      return await lookup
    },
  }
}

const unavailable = (cause: unknown) => new ApiError('SESSION_LOOKUP_UNAVAILABLE', { retryAfter: 1, cause })

/** @throws RefusedResponse that names the field */
function readSession(body: unknown, options: SessionLookupOptions): FoundSession {
  const userId = readUserId(readField(body, options.SESSION_LOOKUP_USER_ID_FIELD))
  if (userId === undefined) throw new RefusedResponse(`${options.SESSION_LOOKUP_USER_ID_FIELD} is not the id of a user`)
  const expiresAt = readTime(readField(body, options.SESSION_LOOKUP_EXPIRES_AT_FIELD))
  if (expiresAt === undefined) throw new RefusedResponse(`${options.SESSION_LOOKUP_EXPIRES_AT_FIELD} is not a time`)
  return { userId, expiresAt }
}

/** Reads a value by a dotted path: `data.user.id`. */
function readField(body: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    return isObject ? (value as Record<string, unknown>)[name] : undefined
  }, body)
}

/** An id is a number or a string of digits. */
function readUserId(value: unknown): number | undefined {
  const id = typeof value === 'number' ? value : readDecimal(value)
  return id !== undefined && Number.isInteger(id) && id >= 1 && id <= MAX_ID ? id : undefined
}

/** RFC 3339, with an offset. */
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

/**
 * A time is a string in the format of RFC 3339, or the seconds since 1970. Milliseconds, which other services may mean, are
 * after the year 9999.
 */
function readTime(value: unknown): Date | undefined {
  const isSeconds = typeof value === 'number' && value >= 0
  if (!isSeconds && !(typeof value === 'string' && TIME.test(value))) return undefined
  const time = isSeconds ? value * 1000 : Date.parse(value as string)
  return time >= MIN_TIME && time <= MAX_TIME ? new Date(time) : undefined
}
