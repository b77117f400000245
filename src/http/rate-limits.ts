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
     * Counts a request that needs a session, and looks the session up unless its rate limit is exceeded.
     * @param lookUp queries the database; null if there is no such session
     * @returns null if the request has no valid session
     * @throws ApiError 429
     */
    admitSession<T>(request: FastifyRequest, reply: FastifyReply, lookUp: () => Promise<T | null>): Promise<T | null>
    /**
     * Counts a request of another service against its token.
     * @throws ApiError 429
     */
    countServiceRequest(request: FastifyRequest, reply: FastifyReply, tokenKey: string): Promise<void>
    /**
     * Counts a request that was refused before its own proof was verified, against the client address.
     * @throws ApiError 429
     */
    countRefusedRequest(request: FastifyRequest, reply: FastifyReply): Promise<void>
    /** Counts calls that are not requests of a client, over RATE_LIMIT_WINDOW. */
    countCall: RequestCounter['add']
    /** Undefined if there is none. */
    redis: SharedRedis | undefined
  }
  interface FastifyRequest {
    /** The counter of this request: a session or an address. */
    limitKey: string
  }
  interface FastifyContextConfig {
    /** Whether the session hook guards this route and counts its requests. */
    needsSession?: boolean
    /** Whether to count only requests that are refused before their own proof, such as a signature, is verified. */
    countsRefusalsOnly?: boolean
    /** For health checks. */
    isUnlimited?: boolean
  }
}

type LimitsOptions = Pick<
  Config,
  'RATE_LIMIT_WINDOW' | 'RATE_LIMIT_SESSION' | 'RATE_LIMIT_ADDRESS' | 'RATE_LIMIT_SERVICE' | 'REDIS_URL'
>

/** Maximum number of sessions that are remembered as valid, and for how long, in milliseconds. */
const RECENT_SESSIONS = { max: 50_000, ttl: 60_000, ttlResolution: 1000 }

/** Maximum number of unknown sessions of one address that are looked up at the same time; others wait. */
const MAX_LOOKUPS = 16

/** Maximum number of addresses whose lookups are limited at the same time. */
const MAX_ADDRESSES = 1000

/** Statuses of a request that is refused before its own proof is verified. */
const UNPROVEN = [401, 408, 413, 415]

/**
 * Limits the rate of requests. Requests with a valid session count against the session; all others, and those to public
 * routes, against the client address (docs/decisions/010). Responses have the headers of the IETF draft (RateLimit-Limit,
 * -Remaining, -Reset; in seconds).
 */
async function limits(app: FastifyInstance, options: LimitsOptions) {
  const { RATE_LIMIT_WINDOW: timeWindow, REDIS_URL } = options
  const kinds = [
    { prefix: SESSION, source: 'of this session', max: options.RATE_LIMIT_SESSION },
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
   * Counts a request, and adds the headers.
   * @param increment false: only refuses the request if nothing is left of the limit
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

  /** Only decides whether a session is looked up although its address is over the limit. */
  const recent = new LRUCache<string, true>(RECENT_SESSIONS)
  const lookups = new LRUCache<string, LimitFunction>({ max: MAX_ADDRESSES })

  function remember(session: string) {
    if (recent.getRemainingTTL(session) < RECENT_SESSIONS.ttl / 2) recent.set(session, true)
  }

  /** Bounds how far the requests that are in progress can exceed the limit of their address. */
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
      return found ?? (await refuse(session))
    }
    if (!session) return await refuse()
    const address = addressOf(request)
    const found = await lookupsOf(address)(async () => {
      await spend(request, reply, address, false)
      return (await lookUp()) ?? (await refuse(session))
    })
    if (!found) return null
    remember(session)
    await spend(request, reply, session)
    return found

    /** Counts a request without a valid session against its address. */
    async function refuse(unknown = ''): Promise<null> {
      recent.delete(unknown)
      await spend(request, reply, addressOf(request))
      return null
    }
  })

  app.decorate('countServiceRequest', (request, reply, tokenKey) => spend(request, reply, SERVICE + tokenKey))
  app.decorate('countRefusedRequest', (request, reply) => spend(request, reply, addressOf(request)))

  app.addHook('onRequest', (request, reply, done) => {
    const { needsSession, countsRefusalsOnly, isUnlimited, api } = request.routeOptions.config
    // The hooks of these routes count their requests.
    if (needsSession || isUnlimited || api === 'internal') return done()
    const session = sessionOf(request)
    // A front end's backend must not reach the limit of its address by its users' wrong URLs.
    const key = request.is404 && session && recent.has(session) ? session : addressOf(request)
    spend(request, reply, key, !countsRefusalsOnly).then(() => done(), done)
  })

  app.addHook('onRoute', (route) => {
    if (route.config?.countsRefusalsOnly) route.onSend = [countRefusal, ...[route.onSend ?? []].flat()]
  })

  async function countRefusal(request: FastifyRequest, reply: FastifyReply) {
    if (!UNPROVEN.includes(reply.statusCode)) return
    // The response is a refusal already.
    await spend(request, reply, addressOf(request)).catch(() => {})
  }
}

export default fp(limits, { name: 'rate-limits', dependencies: ['session-cookie', 'request-log'] })

const SESSION = 'session:'
const SERVICE = 'service:'
const ADDRESS = 'address:'

const sessionOf = ({ sessionKey }: FastifyRequest) => sessionKey && SESSION + sessionKey

/** The client address. For IPv6, the network of 64 bits: a client has all addresses in it. */
export function addressOf(request: FastifyRequest): string {
  // Undefined after the connection has ended.
  return ADDRESS + (request.ip ? rateLimit.normalizeIP(request.ip) : 'gone')
}
