import { randomInt } from 'node:crypto'
import type { Static } from '@sinclair/typebox'
import type { Database } from '../../database/database.js'
import { Prisma } from '../../database/generated/client.js'
import type { ImportModel } from '../../database/generated/models.js'
import { type RepositorySighting, recordSighting } from '../../github/names-repository.js'
import { MAX_ID } from '../../schemas.js'
import { type Batch, type BatchRequest, type RowVersion, toBatch } from '../batch.js'
import type { Owner } from '../owner.js'
import type { Position } from './cursor.js'
import type { CreateImportBody, Import } from './schemas.js'
import type { SourceType } from './source-path/index.js'

/** Columns that no response shows. */
const HIDDEN = { github_repository_id: true, github_account_id: true } as const

/** A row, if the response schema has the same properties; else `never`, and what uses it does not compile. */
export type ImportRow = Exact<Omit<ImportModel, keyof typeof HIDDEN>, Static<typeof Import>>

type Exact<A, B> = [A, B] extends [B, A] ? A : never

/** An import as it is stored, and whether the user has no access to its repository at present. */
export type FoundImport = ImportRow & { withheld: boolean }

export interface ListedImports extends Batch<ImportRow, Position> {
  /** How many imports of the whole list are withheld; 0 in the batches after the first. */
  withheld: number
}

const COLUMNS = Prisma.raw(
  Object.keys(Prisma.ImportScalarFieldEnum)
    .filter((name) => !Object.hasOwn(HIDDEN, name))
    .map((name) => `import."${name}"`)
    .join(', '),
)

/** Rows of a complete list that are read at once: at most 12 MB, if every text has its maximum length. */
const BATCH_SIZE = 250

/** Data access for the imports of a project. */
export type ImportRepository = ReturnType<typeof createImportRepository>

export function createImportRepository({ prisma, read }: Pick<Database, 'prisma' | 'read'>) {
  return {
    /** Lists the visible imports, oldest first: a batch of the list, or a page of it. */
    async list(owner: Owner, sourceType: SourceType | null, request: BatchRequest<Position>): Promise<ListedImports> {
      const { after, limit = BATCH_SIZE } = request
      const isPage = request.limit !== undefined
      const rows = await read<FoundImport>(Prisma.sql`
        SELECT ${COLUMNS}, ${isWithheld(owner)} AS withheld FROM imports AS import
        WHERE ${isOwn(owner)} AND ${isOfType(sourceType)} AND (${!isPage} OR NOT ${isWithheld(owner)})
          AND ${isAfter(after)}
        ORDER BY import.created_at, import.id
        LIMIT ${limit + 1}::integer`)
      const batch = toBatch(rows, limit, ({ created_at, id }) => ({ createdAt: created_at.getTime(), id }))
      const visible = batch.rows.filter((row) => !row.withheld)
      const isComplete = !isPage && after === null && batch.next === null
      const isCounted = isPage || after === null
      const count = isComplete ? rows.length - visible.length : isCounted ? await countWithheld(owner, sourceType) : 0
      return { rows: visible, next: batch.next, withheld: count }
    },

    /** Reads the versions of the visible imports after a position, oldest first. */
    async listVersions(owner: Owner, sourceType: SourceType | null, after: Position): Promise<RowVersion[]> {
      return await read<RowVersion>(Prisma.sql`
        SELECT import.id::text AS key, import.xmin::text AS version FROM imports AS import
        WHERE ${isOwn(owner)} AND ${isOfType(sourceType)} AND NOT ${isWithheld(owner)} AND ${isAfter(after)}
        ORDER BY import.created_at, import.id`)
    },

    /** Finds an import, withheld or not. */
    async find(owner: Owner, importId: number): Promise<FoundImport | undefined> {
      const [row] = await read<FoundImport>(Prisma.sql`
        SELECT ${COLUMNS}, ${isWithheld(owner)} AS withheld FROM imports AS import
        WHERE ${isOwn(owner)} AND import.id = ${importId}::integer`)
      return row
    },

    /** Finds the ids of the imports of a source, oldest first. GitHub's names are case-insensitive, and ASCII. */
    async findDuplicates(owner: Owner, { source_type, source_path }: CreateImportBody): Promise<number[]> {
      const rows = await read<{ id: number }>(Prisma.sql`
        SELECT import.id FROM imports AS import
        WHERE ${isOwn(owner)} AND ${isOfType(source_type)}
          AND CASE WHEN import.source_type = 'github'
            THEN lower(import.source_path COLLATE "C") = lower(${source_path}::text COLLATE "C")
            ELSE import.source_path = ${source_path}::text
          END
        ORDER BY import.created_at, import.id`)
      return rows.map((row) => row.id)
    },

    /**
     * Stores an import. A trigger enforces the maximum number per project.
     * @param sighting the repository as GitHub described it; null if it was not asked
     */
    async create(
      owner: Owner,
      values: CreateImportBody,
      sighting: RepositorySighting | null = null,
    ): Promise<ImportRow> {
      const data = ownedBy(owner, values)
      if (!sighting) return await prisma.import.create({ data, omit: HIDDEN })
      return await prisma.$transaction(async (transaction) => {
        const source = await recordSighting(transaction, owner.userId, sighting)
        return await transaction.import.create({ data: { ...data, ...source }, omit: HIDDEN })
      })
    },

    /**
     * Returns the row that `create` would store, or throws what it would throw: a transaction that is rolled back meets the
     * same constraints and triggers. Takes an id that no import has, instead of the next one.
     */
    async preview(owner: Owner, values: CreateImportBody): Promise<ImportRow> {
      let row: ImportRow | undefined
      const transaction = prisma.$transaction(async ({ import: imports }) => {
        row = await imports.create({ data: { ...ownedBy(owner, values), id: -randomInt(1, MAX_ID) }, omit: HIDDEN })
        throw ROLLBACK
      })
      await transaction.catch((error) => {
        if (error !== ROLLBACK) throw error
      })
      return row as ImportRow
    },

    /**
     * Changes an import.
     * @param version the `updated_at` that it must still have (optimistic locking); undefined if any will do
     * @param sighting the repository of a new path, as GitHub described it; null if it was not asked; undefined if the path
     *   does not change
     * @returns undefined if it has changed, or is not there
     */
    async update(
      owner: Owner,
      importId: number,
      change: Partial<CreateImportBody>,
      version: Date | undefined,
      sighting?: RepositorySighting | null,
    ): Promise<ImportRow | undefined> {
      const where = one(owner, importId, version)
      if (!sighting) {
        const data = { ...change, ...(sighting === null && NO_GITHUB_IDS) }
        return (await prisma.import.updateManyAndReturn({ where, data, omit: HIDDEN }))[0]
      }
      return await prisma.$transaction(async (transaction) => {
        const data = { ...change, ...(await recordSighting(transaction, owner.userId, sighting)) }
        return (await transaction.import.updateManyAndReturn({ where, data, omit: HIDDEN }))[0]
      })
    },

    /**
     * Removes an import, withheld or not.
     * @param version the `updated_at` that it must still have; undefined if any will do
     * @returns whether it was removed
     */
    async remove(owner: Owner, importId: number, version?: Date): Promise<boolean> {
      const { count } = await prisma.import.deleteMany({ where: one(owner, importId, version) })
      return count > 0
    },
  }

  async function countWithheld(owner: Owner, sourceType: SourceType | null): Promise<number> {
    const [row] = await read<{ withheld: number }>(Prisma.sql`
      SELECT count(*)::integer AS withheld FROM imports AS import
      WHERE ${isOwn(owner)} AND ${isOfType(sourceType)} AND ${isWithheld(owner)}`)
    return row?.withheld ?? 0
  }
}

/** Ends a transaction without storing anything. */
const ROLLBACK = new Error('rolled back on purpose')

const ownedBy = ({ userId, projectId }: Owner, values: CreateImportBody) => ({
  ...values,
  neptun_user_id: userId,
  project_id: projectId,
})

const NO_GITHUB_IDS = { github_repository_id: null, github_account_id: null }

const isOwn = ({ projectId, userId }: Owner) =>
  Prisma.sql`import.project_id = ${projectId}::integer AND import.neptun_user_id = ${userId}::integer`

const isOfType = (type: SourceType | null) =>
  type === null ? Prisma.sql`true` : Prisma.sql`import.source_type = ${type}::source_type`

const isAfter = (position: Position | null) => Prisma.sql`(import.created_at, import.id) > (
  to_timestamp(${position?.createdAt ?? 0}::bigint / 1000.0)::timestamptz(3), ${position?.id ?? 0}::integer
)`

/** Whether an import is withheld: it is on GitHub, and the user has no active installation of the repository's account. */
const isWithheld = (owner: Owner) => Prisma.sql`(
  import.source_type = 'github'
    AND lower(split_part(import.source_path, '/', 1) COLLATE "C") <> ALL (${owner.githubAccounts()}::text[])
)`

const one = ({ userId, projectId }: Owner, id: number, updated_at: Date | undefined) => ({
  id,
  project_id: projectId,
  neptun_user_id: userId,
  ...(updated_at && { updated_at }),
})
