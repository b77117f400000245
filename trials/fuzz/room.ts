import { rowProperties } from './document.js'
import type { Row } from './model.js'

/**
 * Maximum number of rows in each list of a project, and maximum size of the list's JSON in the fuzz trial, in bytes.
 */
export const MAX_ROWS = 1000
export const MAX_BYTES = 1_500_000

export const FULL = '409 PROJECT_FULL'

/**
 * Maximum difference in length between a generated id and its placeholder, the one-digit id in GENERATED, in bytes. The
 * longest ids are negative: a minus sign and 10 digits. For a preview, the service inserts a row with such an id, and
 * rolls it back.
 */
const ID_BYTES = 10

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

/** Returns the size of a list's JSON in bytes. Imports are wrapped in an object; linked resources are a bare array. */
export const listBytes = (slug: string, rows: Row[]) => bytesOf(slug === 'imports' ? { imports: rows } : rows)

/**
 * Determines whether a row would exceed the limits of a list.
 * @param isExact whether the row is known, including its id
 * @returns the 409 in `refused` if it is certain, and in `maybe` if it depends on the id
 */
export function judgeRoom(
  slug: string,
  rows: Row[],
  row: unknown,
  isExact: boolean,
): { refused: string[]; maybe: string[] } {
  const bytes = listBytes(slug, rows) + bytesOf(row) + (rows.length > 0 ? 1 : 0)
  if (rows.length >= MAX_ROWS || bytes > MAX_BYTES) return { refused: [FULL], maybe: [] }
  return { refused: [], maybe: !isExact && bytes + ID_BYTES > MAX_BYTES ? [FULL] : [] }
}

/**
 * Whether a change of a row would exceed the maximum size of a list. Changes that shrink the row are always allowed.
 */
export function isTooLarge(slug: string, rows: Row[], before: Row, after: Row): boolean {
  const growth = bytesOf(after) - bytesOf(before)
  return growth > 0 && listBytes(slug, rows) + growth > MAX_BYTES
}

/** Placeholders for generated columns, with the minimum length. */
const GENERATED: Record<string, unknown> = {
  id: 1,
  share_uuid: '-'.repeat(36),
  created_at: '-'.repeat(24),
  updated_at: '-'.repeat(24),
}

/** Picks the generated columns of a row. */
export const generatedOf = (row: Row) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => Object.hasOwn(GENERATED, name)))

/** Predicts a new row before it is created, with placeholders for generated columns. */
export function planRow(operationId: string, values: Record<string, unknown>): Record<string, unknown> {
  const all: Record<string, unknown> = { is_shared: false, ...GENERATED, ...values }
  return Object.fromEntries(Object.keys(rowProperties(operationId)).map((name) => [name, all[name] ?? null]))
}
