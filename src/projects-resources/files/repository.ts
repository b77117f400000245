import type { Static } from '@sinclair/typebox'
import type { Database } from '../../database/database.js'
import { Prisma } from '../../database/generated/client.js'
import type { ContextFileModel } from '../../database/generated/models.js'
import { MAX_ID } from '../../identity-rules.js'
import type { Exact } from '../../schemas.js'
import type { Position } from '../creation-order.js'
import {
  belongsTo,
  createCreationOrder,
  createFilter,
  GENERATED,
  idsOf,
  type OwnerIds,
  positionOf,
  whereObject,
} from '../creation-order-repository.js'
import type { Once } from '../idempotency/repository.js'
import type { Owner } from '../owner.js'
import { type Batch, type BatchRequest, type PageEnd, type Range, type RowVersion, toBatch } from '../pagination.js'
import { ABSENT, type CreateFileBody, type File, type FileFilter } from './schemas.js'

/**
 * A row. If its columns differ from the response schema, the type is `never`, and code that uses it does not compile.
 */
export type FileRow = Exact<ContextFileModel, Static<typeof File>>

const COLUMN_NAMES = Object.keys(Prisma.ContextFileScalarFieldEnum)
const toColumns = (names: string[]) => Prisma.raw(names.map((name) => `file."${name}"`).join(', '))
const COLUMNS = toColumns(COLUMN_NAMES)
const COLUMNS_BESIDES_TEXT = toColumns(COLUMN_NAMES.filter((name) => name !== 'text'))

/** Data access for the files of a project. Lists are in order of creation. */
export type FileRepository = ReturnType<typeof createFileRepository>

export function createFileRepository({ prisma, read, prepare }: Pick<Database, 'prisma' | 'read' | 'prepare'>) {
  const inOrder = createCreationOrder<FileRow>(
    { read, prepare },
    { table: 'context_files', alias: 'file', columns: COLUMNS, textBytes: TEXT_BYTES },
  )
  const readRows = inOrder.prepareRows<OwnerIds & FileFilter>((params) => ({ condition: isListed(params, params) }))
  return {
    /** Reads a small list of files: one page of it, or all of it. */
    async list(
      owner: Owner,
      filter: FileFilter,
      { after, limit }: BatchRequest<Position>,
    ): Promise<Batch<FileRow, Position>> {
      const rows = await readRows({ ...filter, ...idsOf(owner) }, after, limit === undefined ? MAX_ID : limit + 1)
      return toBatch(rows, limit, positionOf)
    },

    findPageEnd: (
      owner: Owner,
      filter: FileFilter,
      after: Position | null,
      limit: number,
    ): Promise<PageEnd<Position>> => inOrder.findPageEnd(isListed(owner, filter), after, limit),

    readBatch: (owner: Owner, filter: FileFilter, range: Range<Position>): Promise<Batch<FileRow, Position>> =>
      inOrder.readBatch(isListed(owner, filter), range),

    listVersions: (owner: Owner, filter: FileFilter, range: Range<Position>): Promise<RowVersion[]> =>
      inOrder.listVersions(isListed(owner, filter), range),

    /**
     * Finds a file.
     * @param maxBytes maximum size of its text, in bytes; a larger one is not read
     * @returns the file, `too-large`, or undefined if it does not exist
     */
    async find(owner: Owner, fileId: number, maxBytes = MAX_ID): Promise<FileRow | 'too-large' | undefined> {
      const [row] = await read<FileRow | { text: null }>(Prisma.sql`
        SELECT ${COLUMNS_BESIDES_TEXT}, CASE WHEN octet_length(file.text) <= ${maxBytes}::integer THEN file.text END AS text
        FROM context_files AS file
        WHERE ${isOwn(owner)} AND file.id = ${fileId}::integer`)
      return row && (isRead(row) ? row : 'too-large')
    },

    /** Finds the version of a file and the size of its text, in bytes, without reading the text. */
    async findVersion(owner: Owner, fileId: number): Promise<{ updated_at: Date; bytes: number } | undefined> {
      const [row] = await read<{ updated_at: Date; bytes: number }>(Prisma.sql`
        SELECT file.updated_at, octet_length(file.text) AS bytes FROM context_files AS file
        WHERE ${isOwn(owner)} AND file.id = ${fileId}::integer`)
      return row
    },

    /**
     * Creates a file. A trigger enforces the limits of the project.
     * @param once stores the row as the result of the request, for its Idempotency-Key
     */
    async create({ userId, projectId }: Owner, values: CreateFileBody, once?: Once): Promise<FileRow> {
      const data = { ...values, neptun_user_id: userId, project_id: projectId }
      const generated = once
        ? await once.insert('context_files AS file', data, COLUMNS)
        : await prisma.contextFile.create({ data, select: GENERATED })
      return { ...ABSENT, ...data, ...generated }
    },

    /**
     * Updates a file.
     * @param version the `updated_at` that it must still have (optimistic locking); undefined for any version
     * @returns undefined if the file has another version or does not exist
     */
    async update(
      owner: Owner,
      fileId: number,
      data: Partial<CreateFileBody>,
      version: Date | undefined,
    ): Promise<FileRow | undefined> {
      const [changed] = await prisma.contextFile.updateManyAndReturn({
        where: whereObject(owner, fileId, version),
        data,
      })
      return changed
    },

    /**
     * Deletes a file.
     * @param version the `updated_at` that it must still have (optimistic locking); undefined for any version
     * @returns whether it was deleted
     */
    async remove(owner: Owner, fileId: number, version: Date | undefined): Promise<boolean> {
      const { count } = await prisma.contextFile.deleteMany({ where: whereObject(owner, fileId, version) })
      return count > 0
    },
  }
}

const TEXT_BYTES = Prisma.raw('(octet_length(file.text) + octet_length(file.original_path))')

const isOwn = belongsTo('file')

const matches = createFilter<FileFilter>('file', { context_file_category: 'text', context_file_type: 'text' })

/** Builds the SQL condition that a file belongs to the project and matches the filter. */
const isListed = (owner: Record<keyof OwnerIds, unknown>, filter: { [Name in keyof FileFilter]?: unknown }) =>
  Prisma.sql`${isOwn(owner)} AND ${matches(filter)}`

const isRead = (row: FileRow | { text: null }): row is FileRow => row.text !== null
