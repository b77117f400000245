import type { Static } from '@sinclair/typebox'
import type { Database } from '../../database/database.js'
import { Prisma } from '../../database/generated/client.js'
import type { ImportModel } from '../../database/generated/models.js'
import { MAX_ID } from '../../schemas.js'
import {
  type Batch,
  type BatchRequest,
  type PageEnd,
  type Range,
  type RowVersion,
  toBatch,
  toPageEnd,
} from '../batch.js'
import type { Position } from '../creation-order.js'
import { inOrderOfCreation, positionOf } from '../creation-order-repository.js'
import type { Owner } from '../owner.js'
import type { Import } from './schemas.js'
import type { SourceType } from './source-path/index.js'

/** Columns that no response shows. */
export const HIDDEN = { github_repository_id: true, github_account_id: true } as const

/** A row, if the response schema has the same properties; else `never`, and what uses it does not compile. */
export type ImportRow = Exact<Omit<ImportModel, keyof typeof HIDDEN>, Static<typeof Import>>

type Exact<A, B> = [A, B] extends [B, A] ? A : never

/** An import as it is stored, and whether the user has no access to its repository at present. */
export type FoundImport = ImportRow & { withheld: boolean }

export interface ListedImports extends Batch<ImportRow, Position> {
  /** How many imports of the whole list are withheld. */
  withheld: number
}

export const COLUMNS = Prisma.raw(
  Object.keys(Prisma.ImportScalarFieldEnum)
    .filter((name) => !Object.hasOwn(HIDDEN, name))
    .map((name) => `import."${name}"`)
    .join(', '),
)

/** Maximum size of a batch of a large list: its rows, and the bytes of text before its last row. */
const BATCH_SIZE = 250
const BATCH_BYTES = 32 * 1024

/** Data access for the lists of a project's imports, which are in the order of creation. */
export function createImportLists({ read }: Pick<Database, 'read'>) {
  return {
    /** Lists the visible imports: a page, or the complete list if it is small. */
    async list(owner: Owner, sourceType: SourceType | null, request: BatchRequest<Position>): Promise<ListedImports> {
      const { after, limit } = request
      const isPage = limit !== undefined
      const rows = await read<FoundImport>(Prisma.sql`
        SELECT ${COLUMNS}, ${isWithheld(owner)} AS withheld FROM imports AS import
        WHERE ${isOwn(owner)} AND ${isOfType(sourceType)} AND (${!isPage} OR NOT ${isWithheld(owner)})
          AND ${isAfter(after)}
        ORDER BY ${ORDER}
        LIMIT ${isPage ? limit + 1 : MAX_ID}::integer`)
      const batch = toBatch(rows, limit, positionOf)
      const visible = batch.rows.filter((row) => !row.withheld)
      const withheld = isPage ? await countWithheld(owner, sourceType) : rows.length - visible.length
      return { rows: visible, next: batch.next, withheld }
    },

    /** Finds the end of a page of visible imports. */
    async findPageEnd(
      owner: Owner,
      sourceType: SourceType | null,
      after: Position | null,
      limit: number,
    ): Promise<PageEnd<Position>> {
      const rows = await read<Pick<ImportRow, 'created_at' | 'id'>>(Prisma.sql`
        SELECT import.created_at, import.id FROM imports AS import
        WHERE ${isVisible(owner, sourceType)} AND ${isAfter(after)}
        ORDER BY ${ORDER}
        LIMIT ${limit + 1}::integer`)
      return toPageEnd(rows, limit, positionOf)
    },

    /** Reads the next batch of the visible imports in a range. After the last one follows an empty batch. */
    async readBatch(
      owner: Owner,
      sourceType: SourceType | null,
      range: Range<Position>,
    ): Promise<Batch<ImportRow, Position>> {
      // PostgreSQL knows the length of a text without decompressing it.
      const rows = await read<ImportRow>(Prisma.sql`
        SELECT ${COLUMNS} FROM (
          SELECT import.*, sum(${TEXT_BYTES}) OVER (
            ORDER BY ${ORDER} ROWS UNBOUNDED PRECEDING
          ) - ${TEXT_BYTES} AS bytes_before
          FROM imports AS import
          WHERE ${isVisible(owner, sourceType)} AND ${isIn(range)}
          ORDER BY ${ORDER}
          LIMIT ${BATCH_SIZE}::integer
        ) AS import
        WHERE import.bytes_before < ${BATCH_BYTES}::integer
        ORDER BY ${ORDER}`)
      const end = rows.at(-1)
      return { rows, next: end ? positionOf(end) : null }
    },

    /** Reads the versions of the visible imports in a range. */
    async listVersions(owner: Owner, sourceType: SourceType | null, range: Range<Position>): Promise<RowVersion[]> {
      return await read<RowVersion>(Prisma.sql`
        SELECT import.id::text AS key, import.xmin::text AS version FROM imports AS import
        WHERE ${isVisible(owner, sourceType)} AND ${isIn(range)}
        ORDER BY ${ORDER}`)
    },

    /** Counts the withheld imports of a list. */
    countWithheld,
  }

  async function countWithheld(owner: Owner, sourceType: SourceType | null): Promise<number> {
    const [row] = await read<{ withheld: number }>(Prisma.sql`
      SELECT count(*)::integer AS withheld FROM imports AS import
      WHERE ${isOwn(owner)} AND ${isOfType(sourceType)} AND ${isWithheld(owner)}`)
    return row?.withheld ?? 0
  }
}

export const isOwn = ({ projectId, userId }: Owner) =>
  Prisma.sql`import.project_id = ${projectId}::integer AND import.neptun_user_id = ${userId}::integer`

export const isOfType = (type: SourceType | null) =>
  type === null ? Prisma.sql`true` : Prisma.sql`import.source_type = ${type}::source_type`

const TEXT_BYTES = Prisma.raw('(octet_length(import.source_path) + coalesce(octet_length(import.description), 0))')

const { columns: ORDER, isAfter, isIn } = inOrderOfCreation('import')

/** Whether an import is withheld: it is on GitHub, and the user has no active installation of the repository's account. */
export const isWithheld = (owner: Owner) => Prisma.sql`(
  import.source_type = 'github'
    AND lower(split_part(import.source_path, '/', 1) COLLATE "C") <> ALL (${owner.githubAccounts()}::text[])
)`

const isVisible = (owner: Owner, sourceType: SourceType | null) =>
  Prisma.sql`${isOwn(owner)} AND ${isOfType(sourceType)} AND NOT ${isWithheld(owner)}`
