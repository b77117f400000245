import { hash, timingSafeEqual } from 'node:crypto'

/** A token that is accepted: the key under which its requests are counted, which does not reveal it. */
export interface ServiceToken {
  key: string
}

const digestOf = (token: string) => hash('sha256', token, 'buffer')

/**
 * Creates a function that finds the token of an `Authorization` header. It takes the same time whichever token is presented, and
 * wherever it differs: digests are compared, in constant time, with those of all tokens.
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

/** Schemes are case-insensitive (RFC 9110, section 11.1). */
const SCHEME = /^bearer +/i
