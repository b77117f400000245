/** A request for a small list, or for one page of it. The rows are read with one query. */
export interface BatchRequest<Position> {
  /** Position after which to start; null for the start of the list. */
  after: Position | null
  /** Maximum size of a page; undefined for the complete list. */
  limit: number | undefined
}

/**
 * Limits of a batch of a large list: the number of rows, and their total size, in bytes. A batch ends with the row that
 * reaches this size, so its total can be larger.
 */
export const BATCH_SIZE = 250
export const BATCH_BYTES = 64 * 1024

/** Part of a large list, which is read in batches of bounded size. */
export interface Range<Position> {
  /** Position after which to start; null for the start of the list. */
  after: Position | null
  /** Position of the last row; null for the end of the list. */
  last: Position | null
}

/** Position of the last row of a page, and whether more rows follow; null for an empty page. */
export type PageEnd<Position> = { last: Position; hasMore: boolean } | null

/** Rows of a list. `next` is the position of the last row if more rows may follow. */
export interface Batch<Row, Position> {
  rows: Row[]
  next: Position | null
}

/** Version of a row of a list, for ETags. It is read without the row's content. */
export interface RowVersion {
  /** Identifies the row in the list. Never reused. */
  key: string
  /** PostgreSQL's version of the row (`xmin`). Every update of the row changes it. */
  version: string
}

/**
 * Computes the end of a page from the rows of its query.
 * @param rows up to `limit + 1` rows; the extra row shows that more rows follow
 */
export function toPageEnd<Row, Position>(
  rows: Row[],
  limit: number,
  positionOf: (row: Row) => Position,
): PageEnd<Position> {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return last ? { last: positionOf(last), hasMore: rows.length > page.length } : null
}

/**
 * Builds a batch from the rows of its query.
 * @param rows up to `limit + 1` rows; the extra row shows that more rows follow. Without a limit, all rows
 */
export function toBatch<Row, Position>(
  rows: Row[],
  limit: number | undefined,
  positionOf: (row: Row) => Position,
): Batch<Row, Position> {
  if (limit === undefined || rows.length <= limit) return { rows, next: null }
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: last ? positionOf(last) : null }
}
