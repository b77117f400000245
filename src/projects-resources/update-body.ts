import type { ValidationError } from '../errors.js'

/** Rules of the body of a change, which JSON Schema cannot express. */
export interface UpdateRules {
  /** Requires at least one of the fields. */
  checkPresence(body: Record<string, unknown>): ValidationError[]
  /** Removes the fields that are absent. */
  present<Change extends object>(body: object): Partial<Change>
}

/**
 * @param fields the names of the fields that can be changed
 * @param neverNull those that cannot be null. One that is null is absent: clients that always send all keys mean that it stays
 *   as it is
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

/** Returns a body that may be anything as an object; an empty one if it is none. */
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
