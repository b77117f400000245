import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { hashToken, SESSION_COOKIE } from '../session-token.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The session that the request names, as the SHA-256 of its token; undefined where the cookie is missing or malformed. */
    sessionHash: Buffer | undefined
    /** The same as text (base64url), by which requests are counted. */
    sessionKey: string | undefined
    /** Its token as it was sent; empty where the cookie is missing or ambiguous. */
    readonly sessionToken: string
  }
}

/** The OpenAPI security requirement of a route that needs a session. */
export const SESSION_REQUIRED = [{ session: [] }]

const COOKIE = new RegExp(`(?:^|;)\\s*${SESSION_COOKIE}\\s*=([^;]*)`, 'g')

/** Parses cookies, and reads the token of the session. Whether there is such a session is not checked here. */
async function session(app: FastifyInstance) {
  // Its own hooks, which would run for every request, are off: only refusals and the documentation read other cookies.
  await app.register(cookie, { hook: false })
  app.decorateRequest('sessionHash', undefined)
  app.decorateRequest('sessionKey', undefined)
  app.decorateRequest('sessionToken', {
    getter() {
      return readToken(this.headers.cookie)
    },
  })
  app.addHook('onRequest', (request, _reply, done) => {
    request.sessionHash = hashToken(readToken(request.headers.cookie))
    request.sessionKey = request.sessionHash?.toString('base64url')
    done()
  })
}

export default fp(session, { name: 'session-cookie' })

/**
 * Reads the token as it is sent: percent-encoding, which @fastify/cookie would decode, is part of it, and double quotes
 * around it are not (RFC 6265, section 4.1.1).
 *
 * A request with two cookies of this name has no session: parsers disagree on which one counts, and whoever can set a
 * second one (a neighbouring subdomain, for example) could choose (RFC 6265, section 8.6).
 */
function readToken(header = ''): string {
  const [first, ...others] = header.matchAll(COOKIE)
  if (!first || others.length > 0) return ''
  const value = first[1]?.trim() ?? ''
  return /^"(.*)"$/.exec(value)?.[1] ?? value
}

/** Whether a request has a cookie of this name, even if it cannot be that of a session. */
export const hasSessionCookie = ({ headers, server }: FastifyRequest): boolean =>
  Object.hasOwn(server.parseCookie(headers.cookie ?? ''), SESSION_COOKIE)
