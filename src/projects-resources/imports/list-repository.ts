import type { Static } from '@sinclair/typebox'
import type { Database } from '../../database/database.js'
import { Prisma } from '../../database/generated/client.js'
import type { ImportModel } from '../../database/generated/models.js'
import { MAX_ID } from '../../identity-rules.js'
import type { Exact } from '../../schemas.js'
import type { Position } from '../creation-order.js'
import {
  belongsTo,
  createCreationOrder,
  createFilter,
  idsOf,
  type OwnerIds,
  positionOf,
} from '../creation-order-repository.js'
import type { Owner } from '../owner.js'
import { type Batch, type BatchRequest, type PageEnd, type Range, type RowVersion, toBatch } from '../pagination.js'
import type { Import, ImportFilter } from './schemas.js'

/** Columns that no response shows. */
export const HIDDEN = { github_repository_id: true, github_account_id: true } as const

/**
 * A row. If its columns differ from the response schema, the type is `never`, and code that uses it does not compile.
 */
export type ImportRow = Exact<Omit<ImportModel, keyof typeof HIDDEN>, Static<typeof Import>>

/** A stored import. It is withheld while the user has no active installation on its repository's GitHub account. */
export type FoundImport = ImportRow & { withheld: boolean }

export interface ListedImports extends Batch<ImportRow, Position> {
  /** Number of withheld imports in the complete list. */
  withheld: number
}

interface ListParams extends OwnerIds, ImportFilter {
  accounts: string[]
  isComplete: boolean
}

export const COLUMNS = Prisma.raw(
  Object.keys(Prisma.ImportScalarFieldEnum)
    .filter((name) => !Object.hasOwn(HIDDEN, name))
    .map((name) => `import."${name}"`)
    .join(', '),
)

/** Data access for the lists of a project's imports. */
export function createImportLists({ read, prepare }: Pick<Database, 'read' | 'prepare'>) {
  const inOrder = createCreationOrder<ImportRow>(
    { read, prepare },
    { table: 'imports', alias: 'import', columns: COLUMNS, textBytes: TEXT_BYTES },
  )
  const readRows = inOrder.prepareRows<ListParams, { withheld: boolean }>((params) => ({
    condition: Prisma.sql`${isOwn(params)} AND ${matches(params)}
      AND (${params.isComplete} OR NOT ${isWithheldFrom(params.accounts)})`,
    extraColumns: Prisma.sql`, ${isWithheldFrom(params.accounts)} AS withheld`,
  }))
  return {
    /** Reads the visible imports of a small list: those of one page, or all. */
    async list(owner: Owner, filter: ImportFilter, request: BatchRequest<Position>): Promise<ListedImports> {
      const { after, limit } = request
      const isPage = limit !== undefined
      const params = { ...filter, ...idsOf(owner), accounts: owner.githubAccounts(), isComplete: !isPage }
      const rows = await readRows(params, after, isPage ? limit + 1 : MAX_ID)
      const batch = toBatch(rows, limit, positionOf)
      const visible = batch.rows.filter((row) => !row.withheld)
      const withheld = isPage ? await countWithheld(owner, filter) : rows.length - visible.length
      return { rows: visible, next: batch.next, withheld }
    },

    findPageEnd: (
      owner: Owner,
      filter: ImportFilter,
      after: Position | null,
      limit: number,
    ): Promise<PageEnd<Position>> => inOrder.findPageEnd(isVisible(owner, filter), after, limit),

    readBatch: (owner: Owner, filter: ImportFilter, range: Range<Position>): Promise<Batch<ImportRow, Position>> =>
      inOrder.readBatch(isVisible(owner, filter), range),

    listVersions: (owner: Owner, filter: ImportFilter, range: Range<Position>): Promise<RowVersion[]> =>
      inOrder.listVersions(isVisible(owner, filter), range),

    /** Counts the withheld imports of the complete list. */
    countWithheld,
  }

  async function countWithheld(owner: Owner, filter: ImportFilter): Promise<number> {
    const [row] = await read<{ withheld: number }>(Prisma.sql`
      SELECT count(*)::integer AS withheld FROM imports AS import
      WHERE ${isOwn(owner)} AND ${matches(filter)} AND ${isWithheld(owner)}`)
    return row?.withheld ?? 0
  }
}

export const isOwn = belongsTo('import')

const matches = createFilter<ImportFilter>('import', { source_type: 'source_type' })

const TEXT_BYTES = Prisma.raw('(octet_length(import.source_path) + coalesce(octet_length(import.description), 0))')

/** Builds the SQL condition that an import is on GitHub and the user has no active installation on its account. */
export const isWithheld = (owner: Owner) => isWithheldFrom(owner.githubAccounts())

/** @param accounts the GitHub accounts of the user's active installations, in lower case */
const isWithheldFrom = (accounts: unknown) => Prisma.sql`(
  import.source_type = 'github'
    AND lower(split_part(import.source_path, '/', 1) COLLATE "C") <> ALL (${accounts}::text[])
)`

const isVisible = (owner: Owner, filter: ImportFilter) =>
  Prisma.sql`${isOwn(owner)} AND ${matches(filter)} AND NOT ${isWithheld(owner)}`
