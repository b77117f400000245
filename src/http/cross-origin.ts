import cors from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { requestedOrigin } from './forwarded.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Origins whose pages may send requests with the user's cookie. */
    allowedOrigins: ReadonlySet<string>
    /**
     * Returns the CORS headers of a response that does not come from a route. If the request could not be parsed far
     * enough to know its origin (undefined), the response is for the first allowed one.
     */
    corsHeaders: (origin: string | undefined) => Record<string, string>
  }
}

const ALLOWED_HEADERS = [
  'Content-Type',
  'If-Match',
  'If-None-Match',
  'Idempotency-Key',
  'X-Request-Id',
  'X-Requested-With',
  'traceparent',
  'tracestate',
]

const EXPOSED_HEADERS = [
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'WWW-Authenticate',
  'X-Imports-Withheld',
  'X-Installations-Failed',
  'X-Request-Id',
]

/** Enables CORS with credentials for the listed origins. Without any, there is no CORS at all. */
async function crossOrigin(app: FastifyInstance, { origins }: { origins: string[] }) {
  app.decorate('allowedOrigins', new Set(origins))
  app.decorate('corsHeaders', (origin = origins[0]) => {
    if (origins.length === 0) return {}
    return {
      ...(origin !== undefined && origins.includes(origin) ? { 'access-control-allow-origin': origin } : {}),
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': EXPOSED_HEADERS.join(', '),
      vary: `${app.commonHeaders['vary']}, Origin`,
    }
  })
  if (origins.length === 0) return
  await app.register(cors, {
    origin: origins,
    credentials: true,
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: ALLOWED_HEADERS,
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
    strictPreflight: false,
  })
}

export default fp(crossOrigin, { name: 'cross-origin', dependencies: ['response-headers', 'forwarded'] })

const READS = ['GET', 'HEAD', 'OPTIONS']

/** Values of `Sec-Fetch-Site` with which no other site is involved (W3C, Fetch Metadata Request Headers). */
const SAME_ORIGIN = ['same-origin', 'none']

/**
 * Whether a page of another site made the browser send this write, with the cookie that browsers add automatically
 * (CSRF). Clients other than browsers send neither header.
 */
export function isCrossSiteWrite(request: FastifyRequest): boolean {
  const { method, headers, server } = request
  if (READS.includes(method)) return false
  const { origin, 'sec-fetch-site': site } = headers
  if (origin !== undefined && server.allowedOrigins.has(origin)) return false
  if (site !== undefined) return !SAME_ORIGIN.includes(String(site))
  return origin !== undefined && origin !== requestedOrigin(request)
}
