import type { ValidationError } from '../../errors.js'
import { checkTextSize } from '../file-text.js'
import { asRecord, updateRules } from '../update-body.js'
import { type CreateFileBody, REQUIRED_FIELDS, UpdateFileBody } from './schemas.js'

const rules = updateRules(Object.keys(UpdateFileBody.properties), REQUIRED_FIELDS)

/** Validates what the schema of a body cannot express. */
export const checkCreate = ({ body }: { body: unknown }): ValidationError[] => checkTextSize(asRecord(body))

/** Validates the body of a change, which must have at least one of the fields. */
export function checkUpdate({ body }: { body: unknown }): ValidationError[] {
  const fields = asRecord(body)
  const validationErrors = rules.checkPresence(fields)
  return validationErrors.length > 0 ? validationErrors : checkTextSize(fields)
}

/** Removes fields of a change that are absent, or null although they cannot be. */
export const presentFields = (body: UpdateFileBody): Partial<CreateFileBody> => rules.present(body)
