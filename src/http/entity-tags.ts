import { hash } from 'node:crypto'

/** One member of a list of entity tags (RFC 9110, section 8.8.3), weak or strong. */
const MEMBER = /(?:^|,)[\t ]*(?:W\/)?("[^"]*")[\t ]*(?=,|$)/g

/** Returns a strong ETag for a representation. */
export const toEntityTag = (representation: string): string => `"${hash('sha1', representation, 'base64url')}"`

/**
 * Returns whether `If-Match` or `If-None-Match` matches a tag or is `*`. Uses the weak comparison for both headers:
 * compressing proxies make tags weak, and the tags of this service identify a state rather than bytes. Malformed
 * members match nothing.
 *
 * @param header the value of the header
 * @param tag the current, strong ETag
 */
export function matchesTag(header: string, tag: string): boolean {
  if (header.trim() === '*') return true
  return [...header.matchAll(MEMBER)].some(([, member]) => member === tag)
}
