import cors from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { requestedOrigin } from './forwarded.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Origins whose pages may send requests with the session cookie. */
    allowedOrigins: ReadonlySet<string>
    /**
     * Returns the CORS headers of a response that does not pass through Fastify.
     * @param origin the `Origin` of the request. Defaults to the first allowed origin, for a request that cannot be
     *   parsed
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

/** Enables CORS with credentials for the listed origins. If there are none, CORS is disabled. */
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

/** Values of `Sec-Fetch-Site` for requests that no other origin initiated (W3C, Fetch Metadata Request Headers). */
const SAME_ORIGIN = ['same-origin', 'none']

/**
 * Detects cross-site request forgery (CSRF), in which a page makes the browser send a write, with the user's cookie.
 * Returns true for a write from a page whose origin is neither that of this service nor allowed. Clients other than
 * browsers send neither `Sec-Fetch-Site` nor `Origin`, and are not affected.
 */
export function isCrossSiteWrite(request: FastifyRequest): boolean {
  const { method, headers, server } = request
  if (READS.includes(method)) return false
  const { origin, 'sec-fetch-site': site } = headers
  if (origin !== undefined && server.allowedOrigins.has(origin)) return false
  if (site !== undefined) return !SAME_ORIGIN.includes(String(site))
  return origin !== undefined && origin !== requestedOrigin(request)
}
