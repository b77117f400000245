import { hash, randomBytes } from 'node:crypto'

/** The name of the cookie that carries a session's token. */
export const SESSION_COOKIE = 'neptun-session'

/**
 * What a token can look like. Those made here are 256 random bits in base64url (43 characters); whoever else signs
 * users in may choose another length within these bounds.
 */
const TOKEN = /^[A-Za-z0-9_-]{16,128}$/

/** A new token: 256 random bits, base64url. */
export function createToken(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * What the table `sessions` holds of a token.
 * @returns its SHA-256, 32 bytes, or undefined if this cannot be a token
 */
export function hashToken(token: string): Buffer | undefined {
  return TOKEN.test(token) ? hash('sha256', token, 'buffer') : undefined
}
