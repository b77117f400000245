import { hash, randomBytes } from 'node:crypto'

/** The name of the cookie that carries a session's token. */
export const SESSION_COOKIE = 'neptun-session'

/**
 * The format of a token: cookie-octets (RFC 6265, section 4.1.1). Tokens that are created here are 256 random bits in
 * base64url. Another service that signs users in may use any other format, such as a sealed cookie.
 */
const TOKEN = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{16,4096}$/

/** Creates a token: 256 random bits, base64url. */
export function createToken(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * Hashes a token for the table `sessions`, which never holds the token itself.
 * @returns SHA-256, 32 bytes; undefined if the text does not have the format of a token
 */
export function hashToken(token: string): Buffer | undefined {
  return TOKEN.test(token) ? hash('sha256', token, 'buffer') : undefined
}
