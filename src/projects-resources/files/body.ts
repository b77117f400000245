import type { Fault } from '../../errors.js'
import { checkTextSize } from '../file-text.js'
import { asRecord, changeRules } from '../update-body.js'
import { type CreateFileBody, REQUIRED_FIELDS, UpdateFileBody } from './schemas.js'

const rules = changeRules(Object.keys(UpdateFileBody.properties), REQUIRED_FIELDS)

/** Validates what the schema of a body cannot express. */
export const checkCreate = ({ body }: { body: unknown }): Fault[] => checkTextSize(asRecord(body))

/** Validates the body of a change, which must have at least one of the fields. */
export function checkUpdate({ body }: { body: unknown }): Fault[] {
  const fields = asRecord(body)
  const faults = rules.checkPresence(fields)
  return faults.length > 0 ? faults : checkTextSize(fields)
}

/** Removes fields of a change that are absent, or null although they cannot be. */
export const presentFields = (body: UpdateFileBody): Partial<CreateFileBody> => rules.present(body)
