import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { hashToken, SESSION_COOKIE } from '../session-token.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** SHA-256 of the session token. Undefined if the cookie is missing, ambiguous or malformed. */
    sessionHash: Buffer | undefined
    /** `sessionHash` in base64url: the key for rate limits. */
    sessionKey: string | undefined
    /** The session token as it was sent. Empty if the cookie is missing or ambiguous. */
    readonly sessionToken: string
  }
}

/** The OpenAPI security requirement of a route that needs a session. */
export const SESSION_REQUIRED = [{ session: [] }]

const COOKIE = new RegExp(`(?:^|;)\\s*${SESSION_COOKIE}\\s*=([^;]*)`, 'g')

/** Reads the session token from the cookie. Does not check whether the session exists. */
async function session(app: FastifyInstance) {
  // The plugin's hook would parse all cookies of every request, but only a few code paths need them.
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
 * Reads the token without decoding it: percent-encoding, which @fastify/cookie would decode, is part of the token.
 * Enclosing double quotes are not (RFC 6265, section 4.1.1).
 *
 * A request with two session cookies has no session. Parsers disagree on which one counts, so an attacker who can set
 * another cookie, for example from a sibling subdomain, could choose the session (RFC 6265, section 8.6).
 */
function readToken(header = ''): string {
  const [first, ...others] = header.matchAll(COOKIE)
  if (!first || others.length > 0) return ''
  const value = first[1]?.trim() ?? ''
  return /^"(.*)"$/.exec(value)?.[1] ?? value
}

/** Returns whether a request has a session cookie, even a malformed one. */
export const hasSessionCookie = ({ headers, server }: FastifyRequest): boolean =>
  Object.hasOwn(server.parseCookie(headers.cookie ?? ''), SESSION_COOKIE)
