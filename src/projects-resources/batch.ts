/** A part of a list. */
export interface BatchRequest<Position> {
  /** Only rows after this one; null for the beginning. */
  after: Position | null
  /** Size of a page; undefined for the complete list, of which a repository reads as much at once as it sees fit. */
  limit: number | undefined
}

/** Rows of a list, and the position of the last one if more may follow. */
export interface Batch<Row, Position> {
  rows: Row[]
  next: Position | null
}

/**
 * Builds a batch from the rows of its query.
 * @param rows one more than `limit` if there are
 * @param isCut whether the query left out further rows for another reason
 */
export function toBatch<Row, Position>(
  rows: Row[],
  limit: number,
  positionOf: (row: Row) => Position,
  isCut: () => boolean = () => false,
): Batch<Row, Position> {
  const kept = rows.length > limit ? rows.slice(0, limit) : rows
  const last = kept.at(-1)
  const hasMore = last !== undefined && (rows.length > limit || isCut())
  return { rows: kept, next: hasMore ? positionOf(last) : null }
}
