import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import pLimit, { type LimitFunction } from 'p-limit'
import type { Config } from '../config.js'
import { tooManyRequests } from '../errors.js'
import { connectRedis, type SharedRedis } from './redis.js'
import { createRequestCounter, createStore, type RequestCounter, toSeconds } from './request-counter.js'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Counts a request that requires a session, and looks up the session unless the rate limit is exceeded.
     * @param lookUp finds the session in the database or in the service that issued it; resolves to null if there is no
     *   valid session
     * @returns the session; null if the request has no valid session
     * @throws ApiError 429
     */
    admitSession<T>(request: FastifyRequest, reply: FastifyReply, lookUp: () => Promise<T | null>): Promise<T | null>
    /**
     * Counts a request from another service against its token.
     * @throws ApiError 429
     */
    countServiceRequest(request: FastifyRequest, reply: FastifyReply, tokenKey: string): Promise<void>
    /**
     * Counts a request against the client address, because it was rejected before it was authenticated.
     * @throws ApiError 429
     */
    countRefusedRequest(request: FastifyRequest, reply: FastifyReply): Promise<void>
    /** Counts an event, such as a client request that needs GitHub, per `RATE_LIMIT_WINDOW`. Enforces no limit. */
    countCall: RequestCounter['add']
    /** Undefined if Redis is not configured. */
    redis: SharedRedis | undefined
  }
  interface FastifyRequest {
    /** Key of the counter for this request: a session, a service token or an address. */
    limitKey: string
  }
  interface FastifyContextConfig {
    /** Whether the session hook guards this route and counts its requests. */
    needsSession?: boolean
    /** Whether to count only requests that are not authenticated, such as those with an invalid signature. */
    countsRefusalsOnly?: boolean
    /** Whether requests are not counted, as for health checks. */
    isUnlimited?: boolean
  }
}

type LimitsOptions = Pick<
  Config,
  'RATE_LIMIT_WINDOW' | 'RATE_LIMIT_SESSION' | 'RATE_LIMIT_ADDRESS' | 'RATE_LIMIT_SERVICE' | 'REDIS_URL'
>

/** Cache of recently valid sessions: maximum size, and time to live in milliseconds. */
const RECENT_SESSIONS = { max: 50_000, ttl: 60_000, ttlResolution: 1000 }

/** Maximum number of concurrent lookups of unknown sessions per address. Further ones wait. */
const MAX_LOOKUPS = 16

/** Maximum number of addresses with a semaphore for lookups. */
const MAX_ADDRESSES = 1000

/** Statuses of a request that is rejected before it is authenticated. */
const UNAUTHENTICATED = [401, 408, 413, 415]

/**
 * Rate limits. Requests that need a session and have a valid one count against the session, those of other services
 * against the service token, and most others against the client address. Health checks and signed webhook deliveries do
 * not count (docs/decisions/010). Responses have the `RateLimit-Limit`, `-Remaining` and `-Reset` (in seconds) headers
 * of the IETF draft.
 */
async function limits(app: FastifyInstance, options: LimitsOptions) {
  const { RATE_LIMIT_WINDOW: timeWindow, REDIS_URL } = options
  const kinds = [
    { prefix: SESSION, source: 'for this session', max: options.RATE_LIMIT_SESSION },
    { prefix: SERVICE, source: 'with this service token', max: options.RATE_LIMIT_SERVICE },
    { prefix: ADDRESS, source: 'from this address', max: options.RATE_LIMIT_ADDRESS },
  ]
  const kindOf = (key: string) => kinds.find(({ prefix }) => key.startsWith(prefix))
  const redis = REDIS_URL ? await connectRedis(app, REDIS_URL) : undefined
  const counter = createRequestCounter(timeWindow, redis)
  await app.register(rateLimit, {
    global: false,
    timeWindow,
    max: (_request: FastifyRequest, key: string) => kindOf(key)?.max ?? 0,
    keyGenerator: (request) => request.limitKey,
    store: createStore(counter),
  })
  const count = app.createRateLimit()
  app.decorateRequest('limitKey', '')
  app.decorate('countCall', counter.add)
  app.decorate('redis', redis)

  /**
   * Counts a request and sets the rate limit headers.
   * @param increment false to check the limit without counting the request: if the limit is used up, the request is
   *   rejected, with the headers; otherwise, no headers are set
   * @throws ApiError 429
   */
  async function spend(request: FastifyRequest, reply: FastifyReply, key: string, increment = true): Promise<void> {
    request.limitKey = key
    const counted = await count(request, { increment })
    if (counted.isAllowed) return
    const isExceeded = increment ? counted.isExceeded : counted.remaining === 0
    if (!increment && !isExceeded) return
    reply.header('ratelimit-limit', counted.max)
    reply.header('ratelimit-remaining', counted.remaining)
    reply.header('ratelimit-reset', counted.ttlInSeconds)
    if (!isExceeded) return
    const message = `Too many requests ${kindOf(key)?.source}: at most ${counted.max} in ${timeWindow / 1000} s`
    throw tooManyRequests(message, toSeconds(counted.ttl))
  }

  /**
   * Recently valid sessions. Their requests are admitted even if the limit of their address is used up. Not used for
   * authentication.
   */
  const recent = new LRUCache<string, true>(RECENT_SESSIONS)
  const lookups = new LRUCache<string, LimitFunction>({ max: MAX_ADDRESSES })

  function remember(session: string) {
    if (recent.getRemainingTTL(session) < RECENT_SESSIONS.ttl / 2) recent.set(session, true)
  }

  /** Returns the semaphore of an address. It bounds how many lookups can start before the first 401 is counted. */
  function lookupsOf(address: string): LimitFunction {
    const limit = lookups.get(address) ?? pLimit(MAX_LOOKUPS)
    lookups.set(address, limit)
    return limit
  }

  app.decorate('admitSession', async (request, reply, lookUp) => {
    const session = sessionOf(request)
    if (session && recent.has(session)) {
      await spend(request, reply, session)
      const found = await lookUp()
      if (found) remember(session)
      return found ?? (await countInvalid(session))
    }
    if (!session) return await countInvalid()
    const address = addressOf(request)
    const found = await lookupsOf(address)(async () => {
      await spend(request, reply, address, false)
      return (await lookUp()) ?? (await countInvalid(session))
    })
    if (!found) return null
    remember(session)
    await spend(request, reply, session)
    return found

    /** Counts a request without a valid session against its address. */
    async function countInvalid(unknown = ''): Promise<null> {
      recent.delete(unknown)
      await spend(request, reply, addressOf(request))
      return null
    }
  })

  app.decorate('countServiceRequest', (request, reply, tokenKey) => spend(request, reply, SERVICE + tokenKey))
  app.decorate('countRefusedRequest', (request, reply) => spend(request, reply, addressOf(request)))

  app.addHook('onRequest', (request, reply, done) => {
    const { needsSession, countsRefusalsOnly, isUnlimited, api } = request.routeOptions.config
    // Requests to these routes are counted by their own hooks, or not at all.
    if (needsSession || isUnlimited || api === 'internal') return done()
    const session = sessionOf(request)
    // Counts unknown URLs against the session, if possible. A backend may send the requests of all its users from one
    // address: if unknown URLs counted against the address, a few users could use up its limit for all the others.
    const key = request.is404 && session && recent.has(session) ? session : addressOf(request)
    spend(request, reply, key, !countsRefusalsOnly).then(() => done(), done)
  })

  app.addHook('onRoute', (route) => {
    if (route.config?.countsRefusalsOnly) route.onSend = [countRefusal, ...[route.onSend ?? []].flat()]
  })

  async function countRefusal(request: FastifyRequest, reply: FastifyReply) {
    if (!UNAUTHENTICATED.includes(reply.statusCode)) return
    // The response is already an error, so the 429 is ignored.
    await spend(request, reply, addressOf(request)).catch(() => {})
  }
}

export default fp(limits, { name: 'rate-limits', dependencies: ['session-cookie', 'request-log'] })

const SESSION = 'session:'
const SERVICE = 'service:'
const ADDRESS = 'address:'

const sessionOf = ({ sessionKey }: FastifyRequest) => sessionKey && SESSION + sessionKey

/** Returns the counter key of the client address. For IPv6, this is the /64 network, which one client controls. */
export function addressOf(request: FastifyRequest): string {
  // The address is undefined after the connection has closed.
  return ADDRESS + (request.ip ? rateLimit.normalizeIP(request.ip) : 'gone')
}
