import cors from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Origins whose pages may call with the user's cookie. */
    allowedOrigins: ReadonlySet<string>
  }
}

const EXPOSED = ['ETag', 'Link', 'Retry-After', 'X-Imports-Withheld', 'X-Request-Id']
const LIMITS = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset']

/** CORS for the origins that are listed, with credentials; where none is, there is no CORS at all. */
async function crossOrigin(app: FastifyInstance, { origins }: { origins: string[] }) {
  app.decorate('allowedOrigins', new Set(origins))
  if (origins.length === 0) return
  await app.register(cors, {
    origin: origins,
    credentials: true,
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: ['Content-Type', 'If-Match', 'X-Request-Id'],
    exposedHeaders: [...EXPOSED, ...LIMITS],
    maxAge: 600,
    strictPreflight: false,
  })
}

export default fp(crossOrigin, { name: 'cross-origin' })

const READS = ['GET', 'HEAD', 'OPTIONS']

/** The browser's own word that no other site is behind a request. (W3C, "Fetch Metadata Request Headers") */
const OWN = ['same-origin', 'none']

/**
 * Whether a page of another site has a browser send this write, with the cookie that the browser adds by itself (CSRF).
 * Callers that are no browser send neither header.
 */
export function isCrossSiteWrite({ method, headers, server }: FastifyRequest): boolean {
  if (READS.includes(method)) return false
  const { origin, host, 'sec-fetch-site': site } = headers
  if (origin !== undefined && server.allowedOrigins.has(origin)) return false
  if (site !== undefined) return !OWN.includes(String(site))
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host
}
