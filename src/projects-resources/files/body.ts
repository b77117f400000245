import type { ValidationError } from '../../errors.js'
import { checkTextSize } from '../file-text.js'
import { asRecord, updateRules } from '../update-body.js'
import { type CreateFileBody, REQUIRED_FIELDS, UpdateFileBody } from './schemas.js'

const rules = updateRules(Object.keys(UpdateFileBody.properties), REQUIRED_FIELDS)

/** Validates a new file against rules that JSON Schema cannot express. */
export const checkCreate = ({ body }: { body: unknown }): ValidationError[] => checkTextSize(asRecord(body))

/** Validates the body of an update: it must have at least one field, and `text` must not be too large. */
export function checkUpdate({ body }: { body: unknown }): ValidationError[] {
  const fields = asRecord(body)
  const validationErrors = rules.checkPresence(fields)
  return validationErrors.length > 0 ? validationErrors : checkTextSize(fields)
}

/** Returns the fields to change. Null counts as absent if the column is never null. */
export const presentFields = (body: UpdateFileBody): Partial<CreateFileBody> => rules.present(body)
