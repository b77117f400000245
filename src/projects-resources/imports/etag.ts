import { ApiError } from '../../errors.js'

/** An object with the time of its last change, which every change moves. */
type Versioned = { updated_at: Date }

/** The ETag of an object (RFC 9110, section 8.8.3): the time of its last change. */
export const etagOf = ({ updated_at }: Versioned): string => `"${updated_at.toISOString()}"`

/**
 * Checks the precondition of a change (RFC 9110, section 13.1.1).
 *
 * @param ifMatch the header `If-Match`: ETags, or `*`; undefined if there is no precondition
 * @returns whether the change must be conditional on the version that was checked
 * @throws ApiError 412 if the object has changed
 */
export function requireMatch(ifMatch: string | undefined, object: Versioned): boolean {
  if (ifMatch === undefined || ifMatch.trim() === '*') return false
  const tags = ifMatch.split(',').map((tag) => tag.trim())
  if (!tags.includes(etagOf(object))) throw new ApiError('PRECONDITION_FAILED')
  return true
}

/** The header, for the OpenAPI document. */
export const IF_MATCH = {
  type: 'object',
  properties: {
    'If-Match': { type: 'string', description: 'Only if the import is still the one with this `ETag`; else 412.' },
  },
}
