import { randomInt } from 'node:crypto'
import type { Database } from '../../database/database.js'
import { Prisma } from '../../database/generated/client.js'
import type { ImportModel } from '../../database/generated/models.js'
import { type RepositorySighting, recordSighting } from '../../github/names-repository.js'
import { MAX_ID } from '../../identity-rules.js'
import { GENERATED, whereObject } from '../creation-order-repository.js'
import type { Once } from '../idempotency/repository.js'
import type { Owner } from '../owner.js'
import {
  COLUMNS,
  createImportLists,
  type FoundImport,
  HIDDEN,
  type ImportRow,
  isOwn,
  isWithheld,
} from './list-repository.js'
import { ABSENT, type CreateImportBody } from './schemas.js'

export type { FoundImport, ImportRow } from './list-repository.js'

/** Data access for the imports of a project. */
export type ImportRepository = ReturnType<typeof createImportRepository>

export function createImportRepository({ prisma, read, prepare }: Pick<Database, 'prisma' | 'read' | 'prepare'>) {
  return {
    ...createImportLists({ read, prepare }),

    /** Finds an import, even if it is withheld. */
    async find(owner: Owner, importId: number): Promise<FoundImport | undefined> {
      const [row] = await read<FoundImport>(Prisma.sql`
        SELECT ${COLUMNS}, ${isWithheld(owner)} AS withheld FROM imports AS import
        WHERE ${isOwn(owner)} AND import.id = ${importId}::integer`)
      return row
    },

    /** Finds the ids of all imports of a source, oldest first. GitHub names are ASCII and case-insensitive. */
    async findDuplicates(owner: Owner, { source_type, source_path }: CreateImportBody): Promise<number[]> {
      const rows = await read<{ id: number }>(Prisma.sql`
        SELECT import.id FROM imports AS import
        WHERE ${isOwn(owner)} AND import.source_type = ${source_type}::source_type
          AND CASE WHEN import.source_type = 'github'
            THEN lower(import.source_path COLLATE "C") = lower(${source_path}::text COLLATE "C")
            ELSE import.source_path = ${source_path}::text
          END
        ORDER BY import.created_at, import.id`)
      return rows.map((row) => row.id)
    },

    /**
     * Creates an import. A trigger enforces the limits of the project.
     * @param sighting the repository as GitHub described it; null if GitHub was not queried or did not send its id
     * @param once stores the row as the result of the request, for its Idempotency-Key
     */
    async create(
      owner: Owner,
      values: CreateImportBody,
      sighting: RepositorySighting | null = null,
      once?: Once,
    ): Promise<ImportRow> {
      const data = ownedBy(owner, values)
      if (!sighting && once) return { ...ABSENT, ...data, ...(await once.insert('imports AS import', data, COLUMNS)) }
      if (!sighting) return await insert(prisma, data)
      return await prisma.$transaction(async (transaction) => {
        const { source_path, ...githubIds } = await recordSighting(transaction, owner.userId, sighting)
        const row = await insert(transaction, { ...data, source_path }, githubIds)
        await once?.store(row, transaction)
        return row
      })
    },

    /**
     * Returns the row that `create` would store, or throws the error that it would throw. Inserts in a transaction that
     * is rolled back, so that the same constraints and triggers apply. The id is negative, to leave the sequence
     * unchanged. Two differences are possible. If a webhook has reported a rename that GitHub's API did not return yet,
     * `create` stores the new path and the preview returns the old one. The limit of the list is in bytes of JSON, in
     * which the negative id can be a few characters longer than the id from the sequence: if a create would only just
     * stay within the limit, its preview can fail with 409 PROJECT_FULL.
     */
    async preview(owner: Owner, values: CreateImportBody): Promise<ImportRow> {
      let row: ImportRow | undefined
      const transaction = prisma.$transaction(async (transaction) => {
        row = await insert(transaction, ownedBy(owner, values), { id: -randomInt(1, MAX_ID) })
        throw ROLLBACK
      })
      await transaction.catch((error) => {
        if (error !== ROLLBACK) throw error
      })
      return row as ImportRow
    },

    /**
     * Updates an import.
     * @param version the `updated_at` that it must still have (optimistic locking); undefined for any version
     * @param sighting the repository of a new source, as GitHub described it; null if GitHub was not queried or did not
     *   send its id; undefined if neither type nor path changes
     * @returns undefined if the import has another version or does not exist
     */
    async update(
      owner: Owner,
      importId: number,
      change: Partial<CreateImportBody>,
      version: Date | undefined,
      sighting?: RepositorySighting | null,
    ): Promise<ImportRow | undefined> {
      const where = whereObject(owner, importId, version)
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
     * Deletes an import, even if it is withheld.
     * @param version the `updated_at` that it must still have (optimistic locking); undefined for any version
     * @returns whether it was deleted
     */
    async remove(owner: Owner, importId: number, version?: Date): Promise<boolean> {
      const { count } = await prisma.import.deleteMany({ where: whereObject(owner, importId, version) })
      return count > 0
    },
  }
}

/** Thrown to roll back the transaction of a preview. */
const ROLLBACK = new Error('Intentional rollback')

const ownedBy = ({ userId, projectId }: Owner, values: CreateImportBody) => ({
  ...values,
  neptun_user_id: userId,
  project_id: projectId,
})

/**
 * Inserts an import.
 * @param extra values of columns that the returned row omits or that the database would otherwise generate
 */
async function insert(
  { import: imports }: Pick<Database['prisma'], 'import'>,
  data: ReturnType<typeof ownedBy>,
  extra: Partial<Pick<ImportModel, keyof typeof HIDDEN | 'id'>> = {},
): Promise<ImportRow> {
  const generated = await imports.create({ data: { ...data, ...extra }, select: GENERATED })
  return { ...ABSENT, ...data, ...generated }
}

const NO_GITHUB_IDS = { github_repository_id: null, github_account_id: null }
