/** A part of a list that is read at once: a page, or a small complete list. */
export interface BatchRequest<Position> {
  /** Only rows after this one; null for the beginning. */
  after: Position | null
  /** Maximum size of a page; undefined for the complete list. */
  limit: number | undefined
}

/** A part of a large list, which is read in batches of bounded size. */
export interface Range<Position> {
  /** Only rows after this one; null for the beginning. */
  after: Position | null
  /** The last row; null for the end of the list. */
  last: Position | null
}

/** The end of a page, and whether more follow; null for an empty page. */
export type PageEnd<Position> = { last: Position; hasMore: boolean } | null

/** Rows of a list, and the position of the last one if more may follow. */
export interface Batch<Row, Position> {
  rows: Row[]
  next: Position | null
}

/** Identifies the state of a row of a list without reading its content. */
export interface RowVersion {
  /** Identifies the row in the list, and is never used again. */
  key: string
  /** PostgreSQL's own version of the row (`xmin`), which every change moves, whoever makes it. */
  version: string
}

/**
 * Finds the end of a page.
 * @param rows up to `limit + 1` rows: the last one shows that more follow
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
 * @param rows up to `limit + 1` rows: the last one shows that more follow. Without a limit, all rows
 */
export function toBatch<Row, Position>(
  rows: Row[],
  limit: number | undefined,
  positionOf: (row: Row) => Position,
): Batch<Row, Position> {
  if (limit === undefined || rows.length <= limit) return { rows, next: null }
  const kept = rows.slice(0, limit)
  const last = kept.at(-1)
  return { rows: kept, next: last ? positionOf(last) : null }
}
