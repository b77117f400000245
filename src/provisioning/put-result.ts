import { ApiError } from '../errors.js'
import type { Result } from './operation.js'
import type { OwnedRow, PutResult } from './rows-repository.js'

/**
 * Converts the result of a PUT to a response.
 * @param present converts a row to the body
 * @param duplicate the error message for a duplicate natural key
 * @throws ApiError 409
 */
export function toResult(result: PutResult, present: (row: OwnedRow) => object, duplicate?: string): Result {
  if (result === 'taken') throw new ApiError('ID_TAKEN')
  if (result === 'duplicate' && duplicate) throw new ApiError('CONFLICT', { message: duplicate })
  if (typeof result === 'string') throw new ApiError('CONFLICT')
  return { status: result.isNew ? 201 : 200, body: present(result.row) }
}
