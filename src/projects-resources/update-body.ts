import type { ValidationError } from '../errors.js'

/** Rules for the body of an update that JSON Schema cannot express. */
export interface UpdateRules {
  /** Requires at least one of the fields. */
  checkPresence(body: Record<string, unknown>): ValidationError[]
  /** Returns the body without the fields that count as absent. */
  present<Change extends object>(body: object): Partial<Change>
}

/**
 * Creates the rules for the body of a partial update.
 * @param fields names of the fields that can be updated
 * @param neverNull names of the fields that are never null. Null counts as absent in them: some clients always send all
 *   fields, with null for those that they do not change
 */
export function updateRules(fields: readonly string[], neverNull: readonly string[]): UpdateRules {
  const isAbsent = (name: string, value: unknown) => value === undefined || (value === null && neverNull.includes(name))
  return {
    checkPresence: (body) =>
      fields.every((name) => isAbsent(name, body[name]))
        ? [{ path: 'body', message: `must have at least one of ${fields.join(', ')}` }]
        : [],
    present: <Change extends object>(body: object) =>
      Object.fromEntries(Object.entries(body).filter(([name, value]) => !isAbsent(name, value))) as Partial<Change>,
  }
}

/** Returns `value` if it is an object, or else an empty object. */
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
