import { rowProperties } from './document.js'
import type { Row } from './model.js'

/** The largest number of rows in each list of a project, and of bytes of its JSON in the fuzz trial. */
export const MAX_ROWS = 1000
export const MAX_BYTES = 1_500_000

export const FULL = '409 PROJECT_FULL'

/** How much longer a new id can be than the one that was assumed, in bytes. */
const ID_BYTES = 9

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

/** The bytes of a list: of imports in an object, of linked resources bare. */
export const listBytes = (slug: string, rows: Row[]) => bytesOf(slug === 'imports' ? { imports: rows } : rows)

/**
 * Whether a row would make a list too large.
 * @param isExact whether the row is known, its id included
 * @returns 409 if it certainly would; `maybe` contains it if that depends on the id
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

/** Whether a change of a row would make a list too large; one that makes it smaller never does. */
export function isTooLarge(slug: string, rows: Row[], before: Row, after: Row): boolean {
  const growth = bytesOf(after) - bytesOf(before)
  return growth > 0 && listBytes(slug, rows) + growth > MAX_BYTES
}

/** What the database generates. */
const GENERATED: Record<string, unknown> = {
  id: 1,
  share_uuid: '-'.repeat(36),
  created_at: '-'.repeat(24),
  updated_at: '-'.repeat(24),
}

export const generatedOf = (row: Row) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => Object.hasOwn(GENERATED, name)))

/** A new row, as far as it can be known before it is created; its id has one digit. */
export function planRow(operationId: string, values: Record<string, unknown>): Record<string, unknown> {
  const all: Record<string, unknown> = { is_shared: false, ...GENERATED, ...values }
  return Object.fromEntries(Object.keys(rowProperties(operationId)).map((name) => [name, all[name] ?? null]))
}
