import { hash, randomBytes } from 'node:crypto'

/** Name of the cookie that contains the session token. */
export const SESSION_COOKIE = 'neptun-session'

/**
 * Format of a token: 16 to 4096 cookie-octets (RFC 6265, section 4.1.1). It is not limited to the format of
 * `createToken`, because another service that signs users in may issue other tokens, such as sealed cookies.
 */
const TOKEN = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{16,4096}$/

/** Creates a token: 256 random bits in base64url. */
export function createToken(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * Hashes a token. The table `sessions` stores only the hash.
 * @returns the SHA-256 (32 bytes); undefined if the text is not a well-formed token
 */
export function hashToken(token: string): Buffer | undefined {
  return TOKEN.test(token) ? hash('sha256', token, 'buffer') : undefined
}
