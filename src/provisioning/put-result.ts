import { ApiError } from '../errors.js'
import type { Result } from './operation.js'
import type { OwnedRow, PutResult } from './rows-repository.js'

/**
 * Converts the result of a PUT.
 * @param present returns what the response shows of a row
 * @param duplicate the message where the user has another row with the same natural key
 */
export function toResult(result: PutResult, present: (row: OwnedRow) => object, duplicate?: string): Result {
  if (result === 'taken') throw new ApiError('ID_TAKEN')
  if (result === 'duplicate' && duplicate) throw new ApiError('CONFLICT', { message: duplicate })
  if (typeof result === 'string') throw new ApiError('CONFLICT')
  return { status: result.isNew ? 201 : 200, body: present(result.row) }
}
