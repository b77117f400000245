import { hash } from 'node:crypto'

/** One member of a list of entity tags (RFC 9110, section 8.8.3), weak or strong. */
const MEMBER = /(?:^|,)[\t ]*(?:W\/)?("[^"]*")[\t ]*(?=,|$)/g

/** A strong ETag for a representation. */
export const toEntityTag = (representation: string): string => `"${hash('sha1', representation, 'base64url')}"`

/**
 * Whether `If-Match` or `If-None-Match` names a tag, or is `*`. Uses the weak comparison for both: a compressing proxy makes
 * tags weak, and ours identify a state, not bytes. A malformed member names no tag.
 *
 * @param header value of the header
 * @param tag the current, strong ETag
 */
export function matchesTag(header: string, tag: string): boolean {
  if (header.trim() === '*') return true
  return [...header.matchAll(MEMBER)].some(([, member]) => member === tag)
}
