import { Prisma } from '../database/generated/client.js'
import type { Range } from './batch.js'
import type { Position } from './creation-order.js'

const BEGINNING: Position = { createdAt: 0, id: 0 }

const toRow = ({ createdAt, id }: Position) =>
  Prisma.sql`(to_timestamp(${createdAt}::bigint / 1000.0)::timestamptz(3), ${id}::integer)`

/** The position of a row in a list that is in the order of creation. */
export const positionOf = ({ created_at, id }: { created_at: Date; id: number }): Position => ({
  createdAt: created_at.getTime(),
  id,
})

/**
 * Returns the SQL of lists that are in the order of creation.
 * @param table the table's alias in the query
 */
export function inOrderOfCreation(table: string) {
  const columns = Prisma.raw(`${table}.created_at, ${table}.id`)
  const isAfter = (position: Position | null) => Prisma.sql`(${columns}) > ${toRow(position ?? BEGINNING)}`
  return {
    /** For ORDER BY. */
    columns,
    isAfter,
    isIn: ({ after, last }: Range<Position>) =>
      last ? Prisma.sql`${isAfter(after)} AND (${columns}) <= ${toRow(last)}` : isAfter(after),
  }
}
