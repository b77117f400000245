import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { hashToken, SESSION_COOKIE } from '../session-token.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The session that the request names, as the SHA-256 of its token; undefined where the cookie is missing or malformed. */
    sessionHash: Buffer | undefined
  }
}

/** How the document says that a route wants a session. */
export const SESSION_REQUIRED = [{ session: [] }]

const OCCURRENCES = new RegExp(`(?:^|;)\\s*${SESSION_COOKIE}\\s*=`, 'g')

/** Cookies are parsed by @fastify/cookie; what the session's one says is up to whoever asks. */
async function session(app: FastifyInstance) {
  await app.register(cookie)
  app.decorateRequest('sessionHash', undefined)
  app.addHook('onRequest', (request, _reply, done) => {
    request.sessionHash = readSessionHash(request)
    done()
  })
}

export default fp(session, { name: 'session' })

/**
 * A cookie that stands there twice is none: parsers disagree on which one counts, and whoever can set a second one
 * (a neighbouring subdomain, say) could choose (RFC 6265, section 8.6).
 */
function readSessionHash(request: FastifyRequest): Buffer | undefined {
  const token = request.cookies[SESSION_COOKIE]
  const count = request.headers.cookie?.match(OCCURRENCES)?.length
  return token !== undefined && count === 1 ? hashToken(token) : undefined
}
