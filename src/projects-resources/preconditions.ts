import { ApiError, type ErrorCode } from '../errors.js'
import { matchesTag } from '../http/entity-tags.js'

/** An object with the time of its last update. Every update increases this time. */
type Versioned = { updated_at: Date }

/** Returns the ETag of an object (RFC 9110, section 8.8.3): the time of its last update. */
export const etagOf = ({ updated_at }: Versioned): string => `"${updated_at.toISOString()}"`

/** Headers with the preconditions of a write. */
export interface Preconditions {
  'if-match'?: string | undefined
  'if-none-match'?: string | undefined
}

/**
 * Checks the preconditions of an update or a deletion (RFC 9110, section 13.2.2).
 *
 * @returns whether the write must be conditional on the version that was checked
 * @throws ApiError 412 if a precondition is false
 */
export function checkPreconditions(headers: Preconditions, object: Versioned): boolean {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  const tag = etagOf(object)
  if (ifMatch !== undefined && !matchesTag(ifMatch, tag)) throw new ApiError('PRECONDITION_FAILED')
  if (ifNoneMatch !== undefined && matchesTag(ifNoneMatch, tag)) {
    throw new ApiError('PRECONDITION_FAILED', { message: 'The object matches If-None-Match' })
  }
  return ifNoneMatch !== undefined || (ifMatch !== undefined && ifMatch.trim() !== '*')
}

/** Maximum number of attempts. Each failed attempt means that a concurrent update succeeded. */
const MAX_ATTEMPTS = 20

/**
 * Updates or deletes an object subject to the preconditions of the request. Without preconditions, does not read it
 * first.
 *
 * @param notFound the error if the object does not exist
 * @param calls `write` takes the `updated_at` that the object must still have (optimistic locking), or undefined for
 *   any version. It returns undefined if the object has another version or does not exist
 * @throws ApiError 404, 412, or 409 if every attempt lost to a concurrent update
 */
export async function writeIf<Result>(
  headers: Preconditions,
  notFound: ErrorCode,
  calls: {
    find: () => Promise<Versioned | undefined>
    write: (version: Date | undefined) => Promise<Result | undefined>
  },
): Promise<Result> {
  const isConditional = headers['if-match'] !== undefined || headers['if-none-match'] !== undefined
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const found = isConditional ? await calls.find() : undefined
    if (isConditional && !found) throw new ApiError(notFound)
    const version = found && checkPreconditions(headers, found) ? found.updated_at : undefined
    const result = await calls.write(version)
    if (result !== undefined) return result
    if (version === undefined) throw new ApiError(notFound)
  }
  throw new ApiError('CONFLICT')
}
