import type { Fault } from '../../errors.js'
import { checkTextSize } from '../file-text.js'
import { type CreateFileBody, REQUIRED_FIELDS, UpdateFileBody } from './schemas.js'

const UPDATABLE = Object.keys(UpdateFileBody.properties)

/** Validates what the schema of a body cannot express. */
export const checkCreate = ({ body }: { body: unknown }): Fault[] => checkTextSize(asRecord(body))

/** Validates the body of a change, which must have at least one of the fields. */
export function checkUpdate({ body }: { body: unknown }): Fault[] {
  const fields = asRecord(body)
  if (UPDATABLE.every((name) => isAbsent(name, fields[name]))) {
    return [{ path: 'body', message: `must have at least one of ${UPDATABLE.join(', ')}` }]
  }
  return checkTextSize(fields)
}

/**
 * Removes fields of a change that are absent. A field that cannot be null is absent if it is null: clients that always send
 * all keys mean that it stays as it is.
 */
export function presentFields(body: UpdateFileBody): Partial<CreateFileBody> {
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => !isAbsent(name, value)))
}

const isAbsent = (name: string, value: unknown) =>
  value === undefined || (value === null && REQUIRED_FIELDS.includes(name))

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
