import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { toApiError } from '../../database/errors.js'
import { ApiError, type ValidationError } from '../../errors.js'
import {
  type IdempotencyRepository,
  isKeyStored,
  type KeyedRequest,
  type Once,
  type StoredOutcome,
} from './repository.js'

const KEY = /^[\x21-\x7e]{1,255}$/
const HEADER = 'idempotency-key'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether this route supports Idempotency-Key. */
    isIdempotent?: boolean
  }
  interface FastifyReply {
    /**
     * Runs `call.write`, and returns the response body. A retry with the same Idempotency-Key replays the stored result
     * instead of writing.
     */
    writeOnce<Result extends object, Body extends object>(call: IdempotentCall<Result, Body>): Promise<Body>
  }
}

interface IdempotentCall<Result, Body> {
  /**
   * Runs all checks that follow authorization, then writes.
   * @param once stores the result in the transaction of the write; undefined for a request without an Idempotency-Key
   */
  write: (once?: Once) => Promise<Result>
  /** Sets the response headers and returns the response body. */
  respond: (result: Result) => Body
  /**
   * Prepares a stored result for replay: checks that the user still has access to the object, and adds the `text` if it
   * was not stored.
   * @throws ApiError if the user no longer has access
   */
  restore?: (result: Result) => Result | Promise<Result>
}

/** The outcome stored for a key, or the result of this request. */
type Outcome<Result> = { stored: StoredOutcome } | { result: Result }

/**
 * Supports Idempotency-Key on every POST of the plugin that registers this one (IETF draft "The Idempotency-Key HTTP
 * Header Field"). A unique key in the database ensures that only one of several concurrent requests commits, even if
 * they reach different instances; the others roll back (docs/decisions/025).
 */
async function idempotency(app: FastifyInstance, { keys }: { keys: IdempotencyRepository }) {
  /** Hashes of the requests in progress on this instance, by user and key. */
  const inProgress = new Map<string, Buffer>()

  app.addHook('onRoute', (route) => {
    if (route.method !== 'POST' || route.schema?.hide) return
    const { check } = route.config ?? {}
    route.config = {
      ...route.config,
      check: (request, isValid) => [...(check?.(request, isValid) ?? []), ...findKeyValidationErrors(request)],
      isIdempotent: true,
    }
  })

  app.decorateReply('writeOnce', async function <
    Result extends object,
    Body extends object,
  >(this: FastifyReply, call: IdempotentCall<Result, Body>) {
    const { request } = this
    const key = request.headers[HEADER]
    if (key === undefined) return call.respond(await call.write())
    const keyed: KeyedRequest = { key: String(key), hash: hashRequest(request) }
    const outcome = await runExclusively(request, keyed, () => findOrWrite(request, keyed, call))
    const result = 'result' in outcome ? outcome.result : await replay(this, keyed, outcome.stored, call)
    return call.respond(result)
  })

  /**
   * Runs a request.
   * @throws ApiError 409 or 422 if another request with the same key is in progress on this instance
   */
  async function runExclusively<T>(
    { owner }: FastifyRequest,
    { key, hash }: KeyedRequest,
    run: () => Promise<T>,
  ): Promise<T> {
    const name = `${owner.userId} ${key}`
    const other = inProgress.get(name)
    if (other) throw other.equals(hash) ? stillInProgress() : keyReused()
    inProgress.set(name, hash)
    return await run().finally(() => inProgress.delete(name))
  }

  /** Finds the outcome stored for a key. If there is none, or it has expired, writes. */
  async function findOrWrite<Result extends object>(
    { owner }: FastifyRequest,
    keyed: KeyedRequest,
    { write }: Pick<IdempotentCall<Result, object>, 'write'>,
  ): Promise<Outcome<Result>> {
    const stored = await keys.find(owner, keyed.key)
    if (stored && !stored.is_expired) return { stored }
    if (stored) await keys.remove(owner, keyed.key, stored)
    try {
      return { result: await write(keys.once(owner, keyed)) }
    } catch (error) {
      const refusal = toApiError(error, true)
      const isRefused = refusal instanceof ApiError && refusal.code === 'PROJECT_FULL'
      if (!isRefused && !isKeyStored(error)) throw error
      if (isRefused && (await keys.storeRefusal(owner, keyed, refusal.message))) throw error
    }
    // A concurrent request on another instance was the first to commit.
    const other = await keys.find(owner, keyed.key)
    if (!other) throw stillInProgress()
    return { stored: other }
  }

  async function replay<Result extends object>(
    reply: FastifyReply,
    keyed: KeyedRequest,
    { request_hash, result, refusal }: StoredOutcome,
    { restore = (stored) => stored }: Pick<IdempotentCall<Result, object>, 'restore'>,
  ): Promise<Result> {
    if (!request_hash.equals(keyed.hash)) throw keyReused()
    const restored = result === null ? undefined : await restore(JSON.parse(result, reviveTimes))
    reply.header('idempotency-replayed', 'true')
    if (restored) return restored
    throw new ApiError('PROJECT_FULL', refusal === null ? {} : { message: refusal })
  }
}

export default fp(idempotency, { name: 'idempotency', dependencies: ['projects-resources-session'] })

const keyReused = () => new ApiError('IDEMPOTENCY_KEY_REUSED')
const stillInProgress = () => new ApiError('IDEMPOTENCY_CONFLICT', { retryAfter: 1 })

function findKeyValidationErrors({ headers }: Pick<FastifyRequest, 'headers'>): ValidationError[] {
  const { [HEADER]: key } = headers
  if (key === undefined || KEY.test(String(key))) return []
  return [{ path: 'headers.idempotency-key', message: 'must have 1 to 255 visible ASCII characters' }]
}

/** Computes the fingerprint by which retries are recognized. It ignores the order of keys in JSON objects. */
function hashRequest({ method, routeOptions, params, body }: FastifyRequest): Buffer {
  const parts = JSON.stringify([method, routeOptions.url, params, sortKeys(body)])
  return createHash('sha256').update(parts).digest()
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([name, item]) => [name, sortKeys(item)]))
}

const TIMES = ['created_at', 'updated_at']

const reviveTimes = (name: string, value: unknown) => (TIMES.includes(name) ? new Date(String(value)) : value)
