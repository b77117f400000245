/** A part of a list. */
export interface BatchRequest<Position> {
  /** Only rows after this one; null for the beginning. */
  after: Position | null
  /** Maximum number of rows. */
  limit: number
  /** The batch ends with the row at which the long texts reach this total, in bytes. */
  maxBytes: number
}

/** Rows of a list, and the position of the last one if more may follow. */
export interface Batch<Row, Position> {
  rows: Row[]
  next: Position | null
}

/**
 * How much of a complete list is read at once. A large list thus occupies one connection, only while a batch is read, and
 * memory for one batch: 1 MiB and one row (at most 1 MiB), before JSON escapes.
 */
const BATCH = { limit: 1000, maxBytes: 1024 * 1024 }

/** A page is read at once: at most 100 rows of 1 MiB. */
const PAGE_BYTES = 2 ** 31 - 1

/** The batch that a list's query parameters ask for. */
export const toRequest = <Position>(after: Position | null, limit: number | undefined): BatchRequest<Position> =>
  limit === undefined ? { ...BATCH, after } : { after, limit, maxBytes: PAGE_BYTES }

/**
 * Builds a batch from the rows of its query.
 * @param rows one more than `limit` if there are; `bytes` is the size of the long texts up to and including the row
 */
export function toBatch<Row extends { bytes: number }, Position>(
  rows: Row[],
  { limit, maxBytes }: BatchRequest<Position>,
  positionOf: (row: Row) => Position,
): Batch<Row, Position> {
  const kept = rows.length > limit ? rows.slice(0, limit) : rows
  const last = kept.at(-1)
  const hasMore = last !== undefined && (rows.length > limit || last.bytes >= maxBytes)
  return { rows: kept, next: hasMore ? positionOf(last) : null }
}
