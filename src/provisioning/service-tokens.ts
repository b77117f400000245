import { hash, timingSafeEqual } from 'node:crypto'

/** An accepted token. */
export interface ServiceToken {
  /** Key of its rate limit, which does not reveal the token. */
  key: string
}

const digestOf = (token: string) => hash('sha256', token, 'buffer')

/**
 * Creates a function that validates the token of an `Authorization` header. It compares the digest with those of all
 * tokens in constant time, to prevent timing attacks.
 * @returns a function that returns undefined for an invalid token
 */
export function createTokenCheck(tokens: string[]): (header: string | undefined) => ServiceToken | undefined {
  const known = tokens.map(digestOf)
  return (header = '') => {
    const presented = digestOf(SCHEME.test(header) ? header.replace(SCHEME, '') : '')
    const matches = known.map((digest) => timingSafeEqual(digest, presented))
    const index = matches.indexOf(true)
    return index < 0 ? undefined : { key: presented.toString('base64url') }
  }
}

/** Authentication schemes are case-insensitive (RFC 9110, section 11.1). */
const SCHEME = /^bearer +/i
