import { matchesTag } from '../entity-tags.js'
import { ApiError } from '../errors.js'

/** An object with the time of its last change, which every change moves. */
type Versioned = { updated_at: Date }

/** The ETag of an object (RFC 9110, section 8.8.3): the time of its last change. */
export const etagOf = ({ updated_at }: Versioned): string => `"${updated_at.toISOString()}"`

/** The headers with the precondition of a write. */
export interface Preconditions {
  'if-match'?: string | undefined
  'if-none-match'?: string | undefined
}

/**
 * Checks the preconditions of a change or removal (RFC 9110, section 13.2.2).
 *
 * @returns whether the write must be conditional on the version that was checked
 * @throws ApiError 412 if a precondition is false
 */
export function checkPreconditions(headers: Preconditions, object: Versioned): boolean {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  const tag = etagOf(object)
  if (ifMatch !== undefined && !matchesTag(ifMatch, tag)) throw new ApiError('PRECONDITION_FAILED')
  if (ifNoneMatch !== undefined && matchesTag(ifNoneMatch, tag)) {
    throw new ApiError('PRECONDITION_FAILED', { message: 'The object exists in the state that If-None-Match excludes' })
  }
  return ifNoneMatch !== undefined || (ifMatch !== undefined && ifMatch.trim() !== '*')
}
