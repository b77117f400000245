import type { Database } from '../database/database.js'
import { Prisma } from '../database/generated/client.js'
import type { Placeholders } from '../database/statements.js'
import type { Position } from './creation-order.js'
import type { Owner } from './owner.js'
import {
  BATCH_BYTES,
  BATCH_SIZE,
  type Batch,
  type PageEnd,
  type Range,
  type RowVersion,
  toPageEnd,
} from './pagination.js'

const BEGINNING: Position = { createdAt: 0, id: 0 }

const toRow = ({ createdAt, id }: Record<keyof Position, unknown>) =>
  Prisma.sql`(to_timestamp(${createdAt}::bigint / 1000.0)::timestamptz(3), ${id}::integer)`

/** The columns by which lists are ordered. */
interface Created {
  created_at: Date
  id: number
}

/**
 * Selects the columns of a new row whose values PostgreSQL generates. A create reads back only these: each further
 * column takes CPU time, and a text can be up to 1 MiB long.
 */
export const GENERATED = { id: true, created_at: true, updated_at: true } as const

/** The values of these columns. */
export interface Generated extends Created {
  updated_at: Date
}

/** Returns the position of a row in a list ordered by creation. */
export const positionOf = ({ created_at, id }: Created): Position => ({ createdAt: created_at.getTime(), id })

/**
 * Builds Prisma's condition for one object of a project.
 * @param updated_at the version that the object must still have (optimistic locking); undefined for any version
 */
export const whereObject = ({ userId, projectId }: Owner, id: number, updated_at: Date | undefined) => ({
  id,
  project_id: projectId,
  neptun_user_id: userId,
  ...(updated_at && { updated_at }),
})

/** The ids of an owner, as parameters of a query. */
export type OwnerIds = Pick<Owner, 'projectId' | 'userId'>

export const idsOf = ({ projectId, userId }: Owner): OwnerIds => ({ projectId, userId })

/** Returns a function that builds the SQL condition that a row belongs to a project and its user. */
export const belongsTo = (alias: string) => {
  const [project, user] = [Prisma.raw(`${alias}.project_id`), Prisma.raw(`${alias}.neptun_user_id`)]
  return ({ projectId, userId }: Record<keyof OwnerIds, unknown>) =>
    Prisma.sql`${project} = ${projectId}::integer AND ${user} = ${userId}::integer`
}

/**
 * Returns a function that builds the SQL condition that a row matches a filter.
 * @param types PostgreSQL type of each column that can be filtered
 */
export const createFilter =
  <Filter>(alias: string, types: Record<keyof Filter & string, string>) =>
  (filter: { [Name in keyof Filter]?: unknown }): Prisma.Sql => {
    const conditions = (Object.keys(types) as (keyof Filter & string)[]).map((name) => {
      const value = Prisma.sql`${filter[name]}::${Prisma.raw(types[name])}`
      return Prisma.sql`(${value} IS NULL OR ${Prisma.raw(`${alias}.${name}`)} = ${value})`
    })
    return Prisma.join(conditions, ' AND ')
  }

interface CreationOrder {
  /** Name of the table, such as `imports`. */
  table: string
  /** Alias of the table in queries, such as `import`. */
  alias: string
  /** The columns to read. */
  columns: Prisma.Sql
  /** SQL expression for the size of a row's long texts, in bytes. PostgreSQL computes it without decompressing them. */
  textBytes: Prisma.Sql
}

/** Data access for lists of a project's objects in order of creation, with keyset pagination. */
export function createCreationOrder<Row extends Created>(
  { read, prepare }: Pick<Database, 'read' | 'prepare'>,
  { table, alias, columns, textBytes }: CreationOrder,
) {
  const from = Prisma.raw(`${table} AS ${alias}`)
  const name = Prisma.raw(alias)
  const order = Prisma.raw(`${alias}.created_at, ${alias}.id`)
  const isAfter = (position: Position | null) => Prisma.sql`(${order}) > ${toRow(position ?? BEGINNING)}`
  const isIn = ({ after, last }: Range<Position>) =>
    last ? Prisma.sql`${isAfter(after)} AND (${order}) <= ${toRow(last)}` : isAfter(after)

  return {
    /** Prepares a query for the rows after a position. */
    prepareRows<Params extends object, Extra = unknown>(
      build: (params: Placeholders<Params>) => { condition: Prisma.Sql; extraColumns?: Prisma.Sql },
    ): (params: Params, after: Position | null, limit: number) => Promise<(Row & Extra)[]> {
      const query = prepare<Params & Position & { limit: number }, Row & Extra>((params) => {
        const { condition, extraColumns = Prisma.empty } = build(params)
        return Prisma.sql`
          SELECT ${columns}${extraColumns} FROM ${from}
          WHERE ${condition} AND (${order}) > ${toRow(params)}
          ORDER BY ${order}
          LIMIT ${params.limit}::integer`
      })
      return (params, after, limit) => query({ ...params, ...(after ?? BEGINNING), limit })
    },

    /** Finds the end of a page. */
    async findPageEnd(condition: Prisma.Sql, after: Position | null, limit: number): Promise<PageEnd<Position>> {
      const rows = await read<Created>(Prisma.sql`
        SELECT ${order} FROM ${from}
        WHERE ${condition} AND ${isAfter(after)}
        ORDER BY ${order}
        LIMIT ${limit + 1}::integer`)
      return toPageEnd(rows, limit, positionOf)
    },

    /**
     * Reads the next batch of a range. Only the bytes of long texts count towards BATCH_BYTES. After the last row of the
     * range, the batch is empty.
     */
    async readBatch(condition: Prisma.Sql, range: Range<Position>): Promise<Batch<Row, Position>> {
      const rows = await read<Row>(Prisma.sql`
        SELECT ${columns} FROM (
          SELECT ${name}.*, sum(${textBytes}) OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING) - ${textBytes} AS bytes_before
          FROM ${from}
          WHERE ${condition} AND ${isIn(range)}
          ORDER BY ${order}
          LIMIT ${BATCH_SIZE}::integer
        ) AS ${name}
        WHERE ${name}.bytes_before < ${BATCH_BYTES}::integer
        ORDER BY ${order}`)
      const end = rows.at(-1)
      return { rows, next: end ? positionOf(end) : null }
    },

    /** Reads the versions of the rows in a range. */
    async listVersions(condition: Prisma.Sql, range: Range<Position>): Promise<RowVersion[]> {
      return await read<RowVersion>(Prisma.sql`
        SELECT ${name}.id::text AS key, ${name}.xmin::text AS version FROM ${from}
        WHERE ${condition} AND ${isIn(range)}
        ORDER BY ${order}`)
    },
  }
}
