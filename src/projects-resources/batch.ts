/** A part of a list. */
export interface BatchRequest<Position> {
  /** Only rows after this one; null for the beginning. */
  after: Position | null
  /** Maximum size of a page; undefined for the complete list, which is read in batches of the repository's choice. */
  limit: number | undefined
}

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
 * Builds a batch from the rows of its query.
 * @param rows up to `limit + 1` rows: the last one shows that more follow
 */
export function toBatch<Row, Position>(
  rows: Row[],
  limit: number,
  positionOf: (row: Row) => Position,
): Batch<Row, Position> {
  const kept = rows.length > limit ? rows.slice(0, limit) : rows
  const last = kept.at(-1)
  return { rows: kept, next: last && rows.length > limit ? positionOf(last) : null }
}
