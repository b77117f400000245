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
  /** How long a session that was found is valid before it is looked up again, in milliseconds. */
  SESSION_LOOKUP_TTL: number
  /** Timeout for the whole response, in milliseconds. */
  SESSION_LOOKUP_TIMEOUT: number
  /** Path of the user id in the response: names of fields, separated by dots. */
  SESSION_LOOKUP_USER_ID_FIELD: string
  /** Path of the expiry time in the response, in the same format. */
  SESSION_LOOKUP_EXPIRES_AT_FIELD: string
}

/**
 * Called after each lookup: once if several client requests with the same cookie share it. Not called if the database
 * fails. Outcomes:
 * - `found`: the session is valid
 * - `refused`: the other service does not know the session, the session has ended or was revoked here, or its user is
 *   not in the database
 * - `remembered`: the negative cache contained the cookie, so no request was sent
 * - `failed`: the other service was unavailable, or its response was not valid
 * - `rejected`: too many lookups were waiting
 * @param milliseconds duration of the request; undefined if no request was sent
 */
export type ObserveSessionLookup = (
  outcome: 'found' | 'refused' | 'remembered' | 'failed' | 'rejected',
  milliseconds?: number,
) => void

/** Looks up sessions in the service that issued them, and stores the valid ones in the table `sessions`. */
export interface SessionLookup {
  /**
   * Looks up a session.
   * @param tokenHash SHA-256 of the cookie's value
   * @returns whether the session is valid. If so, the table now contains it
   * @throws ApiError 503 if the other service is unavailable or its response is not valid
   */
  find(token: string, tokenHash: Buffer): Promise<boolean>
}

/** Negative cache: number of invalid cookies, and how long each is cached, in milliseconds. */
const INVALID_COOKIES = { max: 10_000, ttl: 5000 }

/** Maximum number of concurrent lookups, and of lookups that wait for one of them to finish. */
const MAX_LOOKUPS = 32
const MAX_WAITING = 64

/** Creates the lookup. Concurrent client requests with the same cookie share a lookup. */
export function createSessionLookup(
  repository: SessionLookupRepository,
  options: SessionLookupOptions,
  observe: ObserveSessionLookup,
): SessionLookup {
  const { SESSION_LOOKUP_URL: url, SESSION_LOOKUP_TTL: ttl, SESSION_LOOKUP_TIMEOUT: timeout } = options
  const invalid = new LRUCache<string, true>(INVALID_COOKIES)
  const inProgress = new Map<string, Promise<boolean>>()
  const limit = pLimit(MAX_LOOKUPS)

  async function request(token: string, startedAt: number): Promise<FoundSession | undefined> {
    try {
      const body = await requestSession(url, token, timeout)
      return body === undefined ? undefined : readSession(body, options)
    } catch (cause) {
      observe('failed', performance.now() - startedAt)
      throw unavailable(cause)
    }
  }

  async function lookUp(token: string, tokenHash: Buffer, name: string): Promise<boolean> {
    const startedAt = performance.now()
    const found = await request(token, startedAt)
    const duration = performance.now() - startedAt
    const isValid = found !== undefined && found.expiresAt.getTime() > Date.now()
    const isStored = isValid && (await repository.store(tokenHash, found, ttl - duration))
    if (!isValid) await repository.end(tokenHash)
    observe(isStored ? 'found' : 'refused', duration)
    if (!isStored) invalid.set(name, true)
    return isStored
  }

  return {
    async find(token, tokenHash) {
      const name = tokenHash.toString('base64url')
      if (invalid.has(name)) {
        observe('remembered')
        return false
      }
      const other = inProgress.get(name)
      if (other) return await other
      if (limit.pendingCount >= MAX_WAITING) {
        observe('rejected')
        throw unavailable(new RefusedResponse('too many concurrent lookups'))
      }
      const lookup = limit(() => lookUp(token, tokenHash, name)).finally(() => inProgress.delete(name))
      inProgress.set(name, lookup)
      return await lookup
    },
  }
}

const unavailable = (cause: unknown) => new ApiError('SESSION_LOOKUP_UNAVAILABLE', { retryAfter: 1, cause })

/**
 * Reads a session from the body of a response.
 * @throws RefusedResponse that names the invalid field
 */
function readSession(body: unknown, options: SessionLookupOptions): FoundSession {
  const userId = readUserId(readField(body, options.SESSION_LOOKUP_USER_ID_FIELD))
  if (userId === undefined) throw invalidField(options.SESSION_LOOKUP_USER_ID_FIELD, 'a user id')
  const expiresAt = readTime(readField(body, options.SESSION_LOOKUP_EXPIRES_AT_FIELD))
  if (expiresAt === undefined) throw invalidField(options.SESSION_LOOKUP_EXPIRES_AT_FIELD, 'a time')
  return { userId, expiresAt }
}

const invalidField = (path: string, expected: string) =>
  new RefusedResponse(`the field ${path} of the response is missing or is not ${expected}`)

/** Reads the value at a path such as `data.user.id`. */
function readField(body: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    return isObject ? (value as Record<string, unknown>)[name] : undefined
  }, body)
}

/** Reads an id, which is a number or a string of digits. */
function readUserId(value: unknown): number | undefined {
  const id = typeof value === 'number' ? value : readDecimal(value)
  return id !== undefined && Number.isInteger(id) && id >= 1 && id <= MAX_ID ? id : undefined
}

/** RFC 3339, with an offset. */
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

/**
 * Reads a time, which is a string in the format of RFC 3339 or a number of seconds since 1970. Rejects a number of
 * milliseconds since 1970: interpreted as seconds, it would be after the year 9999.
 */
function readTime(value: unknown): Date | undefined {
  const isSeconds = typeof value === 'number' && value >= 0
  if (!isSeconds && !(typeof value === 'string' && TIME.test(value))) return undefined
  const time = isSeconds ? value * 1000 : Date.parse(value as string)
  return time >= MIN_TIME && time <= MAX_TIME ? new Date(time) : undefined
}
