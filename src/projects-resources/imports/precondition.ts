import { ApiError } from '../../errors.js'

/** Where it stands in an import's JSON, which ends so; what a title says cannot be taken for it. */
const UPDATED_AT = /"updated_at":"([^"]{24})","neptun_user_id":\d+,"project_id":\d+\}$/

/**
 * The time of an import's last change, which every change moves: what its ETag is made of.
 * @param json the import as it goes over the wire
 */
function changeTimeOf(json: string): string {
  const [, time] = UPDATED_AT.exec(json) ?? []
  if (!time) throw new Error('an import without the time of its last change')
  return time
}

/** The ETag of an import (RFC 9110, section 8.8.3). */
export const etagOf = (json: string): string => `"${changeTimeOf(json)}"`

/**
 * Makes sure that an import is what the caller last saw of it (RFC 9110, section 13.1.1).
 *
 * @param ifMatch the header `If-Match`: ETags, or `*`; undefined lets everything pass
 * @returns the time that a write then has to expect; undefined if it may be any
 * @throws ApiError 412
 */
export function requireMatch(ifMatch: string | undefined, json: string): string | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined
  const time = changeTimeOf(json)
  const tags = ifMatch.split(',').map((tag) => tag.trim())
  if (!tags.includes(`"${time}"`)) throw new ApiError('PRECONDITION_FAILED')
  return time
}

/** What the document says of it. */
export const IF_MATCH = {
  type: 'object',
  properties: {
    'If-Match': { type: 'string', description: 'Only if the import is still the one with this `ETag`; else 412.' },
  },
}
