import rateLimit, { type RateLimitPluginOptions } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.js'
import { ApiError } from '../errors.js'
import { connectRedis } from './redis.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** What a request counts for: a session that it names, or an address. */
    limitKey: string
  }
  interface FastifyContextConfig {
    /** Only what is refused with 401 counts, and that for the address: for routes with a proof of their own. */
    countsRefusalsOnly?: boolean
    /** For who watches the service. */
    isUnlimited?: boolean
  }
}

type LimitsOptions = Pick<Config, 'RATE_LIMIT_WINDOW' | 'RATE_LIMIT_SESSION' | 'RATE_LIMIT_ADDRESS' | 'REDIS_URL'>

/** Sessions and addresses that one instance remembers; beyond that it forgets the one that called longest ago. */
const MEMORY = 20_000

/**
 * Counts requests, before anything else is done for them: of the session that a request names, or else of its address.
 *
 * Whoever makes up a session for every request would never be counted twice; so a request that is refused with 401 counts
 * for its address as well. Headers are those of the IETF's draft (RateLimit-Limit, -Remaining, -Reset; in seconds), and
 * `Retry-After` (RFC 9110) with a 429.
 */
async function limits(app: FastifyInstance, options: LimitsOptions) {
  const max = (key: string) => (key.startsWith(SESSION) ? options.RATE_LIMIT_SESSION : options.RATE_LIMIT_ADDRESS)
  await app.register(rateLimit, {
    global: false,
    timeWindow: options.RATE_LIMIT_WINDOW,
    max: (_request: FastifyRequest, key: string) => max(key),
    keyGenerator: (request) => request.limitKey,
    cache: MEMORY,
    ...(await storeOf(app, options.REDIS_URL)),
  })
  const count = app.createRateLimit()
  app.decorateRequest('limitKey', '')

  /** Counts a request for its key, and says in the headers what is left. */
  async function isExceeded(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const counted = await count(request)
    if (counted.isAllowed) return false
    reply.header('ratelimit-limit', counted.max)
    reply.header('ratelimit-remaining', counted.remaining)
    reply.header('ratelimit-reset', counted.ttlInSeconds)
    if (counted.isExceeded) reply.header('retry-after', Math.max(1, counted.ttlInSeconds))
    return counted.isExceeded
  }

  app.addHook('onRequest', async (request, reply) => {
    const { countsRefusalsOnly, isUnlimited } = request.routeOptions.config
    if (countsRefusalsOnly || isUnlimited) return
    request.limitKey = request.sessionHash ? SESSION + request.sessionHash.toString('base64url') : addressOf(request)
    if (await isExceeded(request, reply)) throw new ApiError('RATE_LIMITED')
  })

  app.addHook('onSend', (request, reply, payload, done) => {
    if (reply.statusCode !== 401 || request.limitKey.startsWith(ADDRESS)) return done(null, payload)
    request.limitKey = addressOf(request)
    isExceeded(request, reply).then((exceeded) => {
      if (!exceeded) return done(null, payload)
      reply.code(429)
      done(null, JSON.stringify(new ApiError('RATE_LIMITED').toBody()))
    }, done)
  })
}

export default fp(limits, { name: 'limits', dependencies: ['session'] })

const SESSION = 'session:'
const ADDRESS = 'address:'

/** Of IPv6, the network of 64 bits: whoever has one address there has all of them. */
function addressOf(request: FastifyRequest): string {
  // Undefined once the connection has ended.
  return ADDRESS + (request.ip ? rateLimit.normalizeIP(request.ip) : 'gone')
}

/** While Redis does not answer, nothing is counted: better than to refuse everybody. */
async function storeOf(app: FastifyInstance, url: string | undefined): Promise<RateLimitPluginOptions> {
  if (!url) return {}
  return { redis: await connectRedis(app, url), nameSpace: 'neptun-projects-resources:limit:', skipOnError: true }
}
