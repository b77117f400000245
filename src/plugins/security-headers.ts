import helmet from '@fastify/helmet'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The headers of every response. */
    securityHeaders: Readonly<Record<string, string>>
  }
}

type SecurityHeadersOptions = Pick<Config, 'HSTS_INCLUDE_SUBDOMAINS'>

/**
 * The headers that tell a browser what an answer is not: a page, a script, something to be framed or guessed at. (OWASP,
 * "REST Security Cheat Sheet".) Those of Helmet's that only concern pages are left out.
 *
 * They are the same for every answer, so Helmet is asked once and not 12 µs a request. (docs/decisions/013)
 */
async function securityHeaders(app: FastifyInstance, options: SecurityHeadersOptions) {
  const headers = await readHeaders(options)
  app.decorate('securityHeaders', headers)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}

export default fp(securityHeaders, { name: 'security-headers' })

const none = ["'none'"]

/** A browser that shows a response as a page loads nothing. `default-src` covers neither `base-uri` nor `frame-ancestors`. */
const NOTHING = { defaultSrc: none, baseUri: none, objectSrc: none, frameAncestors: none }

async function readHeaders(options: SecurityHeadersOptions): Promise<Record<string, string>> {
  const app = Fastify()
  await app.register(helmet, {
    strictTransportSecurity: { includeSubDomains: options.HSTS_INCLUDE_SUBDOMAINS },
    contentSecurityPolicy: { useDefaults: false, directives: NOTHING },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  })
  // Nobody but Helmet has set any by then.
  app.get('/', async (_request, reply) => reply.raw.getHeaders())
  const answer = await app.inject('/')
  await app.close()
  return answer.json()
}
