import type { Static } from '@sinclair/typebox'
import type { Database } from '../../database/database.js'
import { Prisma } from '../../database/generated/client.js'
import type { ContextFileModel } from '../../database/generated/models.js'
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
import type { CreateFileBody, File, FileFilter } from './schemas.js'

/** A row, if the response schema has the same properties; else `never`, and what uses it does not compile. */
export type FileRow = Exact<ContextFileModel, Static<typeof File>>

type Exact<A, B> = [A, B] extends [B, A] ? A : never

const COLUMN_NAMES = Object.keys(Prisma.ContextFileScalarFieldEnum)
const toColumns = (names: string[]) => Prisma.raw(names.map((name) => `file."${name}"`).join(', '))
const COLUMNS = toColumns(COLUMN_NAMES)
const COLUMNS_BESIDES_TEXT = toColumns(COLUMN_NAMES.filter((name) => name !== 'text'))

/** Maximum size of a batch of a large list: its rows, and the bytes of text before its last row. */
const BATCH_SIZE = 250
const BATCH_BYTES = 32 * 1024

/** Data access for the files of a project. Its lists are in the order of creation. */
export type FileRepository = ReturnType<typeof createFileRepository>

export function createFileRepository({ prisma, read }: Pick<Database, 'prisma' | 'read'>) {
  return {
    /** Lists files: a page, or the complete list if it is small. */
    async list(
      owner: Owner,
      filter: FileFilter,
      { after, limit }: BatchRequest<Position>,
    ): Promise<Batch<FileRow, Position>> {
      const rows = await read<FileRow>(Prisma.sql`
        SELECT ${COLUMNS} FROM context_files AS file
        WHERE ${isListed(owner, filter)} AND ${isAfter(after)}
        ORDER BY ${ORDER}
        LIMIT ${limit === undefined ? MAX_ID : limit + 1}::integer`)
      return toBatch(rows, limit, positionOf)
    },

    /** Finds the end of a page. */
    async findPageEnd(
      owner: Owner,
      filter: FileFilter,
      after: Position | null,
      limit: number,
    ): Promise<PageEnd<Position>> {
      const rows = await read<Pick<FileRow, 'created_at' | 'id'> & { bytes: number }>(Prisma.sql`
        SELECT file.created_at, file.id, ${TEXT_BYTES} AS bytes FROM context_files AS file
        WHERE ${isListed(owner, filter)} AND ${isAfter(after)}
        ORDER BY ${ORDER}
        LIMIT ${limit + 1}::integer`)
      return toPageEnd(rows, limit, positionOf, ({ bytes }) => bytes)
    },

    /** Reads the next batch of a range. After the last one follows an empty batch. */
    async readBatch(owner: Owner, filter: FileFilter, range: Range<Position>): Promise<Batch<FileRow, Position>> {
      const rows = await read<FileRow>(Prisma.sql`
        SELECT ${COLUMNS} FROM (
          SELECT file.*, sum(${TEXT_BYTES}) OVER (ORDER BY ${ORDER} ROWS UNBOUNDED PRECEDING) - ${TEXT_BYTES} AS bytes_before
          FROM context_files AS file
          WHERE ${isListed(owner, filter)} AND ${isIn(range)}
          ORDER BY ${ORDER}
          LIMIT ${BATCH_SIZE}::integer
        ) AS file
        WHERE file.bytes_before < ${BATCH_BYTES}::integer
        ORDER BY ${ORDER}`)
      const end = rows.at(-1)
      return { rows, next: end ? positionOf(end) : null }
    },

    /** Reads the versions of the files in a range. */
    async listVersions(owner: Owner, filter: FileFilter, range: Range<Position>): Promise<RowVersion[]> {
      return await read<RowVersion>(Prisma.sql`
        SELECT file.id::text AS key, file.xmin::text AS version FROM context_files AS file
        WHERE ${isListed(owner, filter)} AND ${isIn(range)}
        ORDER BY ${ORDER}`)
    },

    /**
     * Finds a file.
     * @param maxBytes a longer text is not read
     * @returns `too-large`, or undefined if there is none
     */
    async find(owner: Owner, fileId: number, maxBytes = MAX_ID): Promise<FileRow | 'too-large' | undefined> {
      const [row] = await read<FileRow | { text: null }>(Prisma.sql`
        SELECT ${COLUMNS_BESIDES_TEXT}, CASE WHEN octet_length(file.text) <= ${maxBytes}::integer THEN file.text END AS text
        FROM context_files AS file
        WHERE ${isOwn(owner)} AND file.id = ${fileId}::integer`)
      return row && (isRead(row) ? row : 'too-large')
    },

    /** Finds the version of a file, and the bytes of its text, without reading the text. */
    async findVersion(owner: Owner, fileId: number): Promise<{ updated_at: Date; bytes: number } | undefined> {
      const [row] = await read<{ updated_at: Date; bytes: number }>(Prisma.sql`
        SELECT file.updated_at, octet_length(file.text) AS bytes FROM context_files AS file
        WHERE ${isOwn(owner)} AND file.id = ${fileId}::integer`)
      return row
    },

    /** Stores a file. A trigger enforces the limits of the project. */
    async create({ userId, projectId }: Owner, values: CreateFileBody): Promise<FileRow> {
      return await prisma.contextFile.create({ data: { ...values, neptun_user_id: userId, project_id: projectId } })
    },

    /**
     * Changes a file.
     * @param version the `updated_at` that it must still have (optimistic locking); undefined if any will do
     * @returns undefined if it has changed, or is not there
     */
    async update(
      owner: Owner,
      fileId: number,
      data: Partial<CreateFileBody>,
      version: Date | undefined,
    ): Promise<FileRow | undefined> {
      const [changed] = await prisma.contextFile.updateManyAndReturn({ where: one(owner, fileId, version), data })
      return changed
    },

    /**
     * Removes a file.
     * @param version the `updated_at` that it must still have; undefined if any will do
     * @returns whether it was removed
     */
    async remove(owner: Owner, fileId: number, version: Date | undefined): Promise<boolean> {
      const { count } = await prisma.contextFile.deleteMany({ where: one(owner, fileId, version) })
      return count > 0
    },
  }
}

/** PostgreSQL knows the length of a text without decompressing it. */
const TEXT_BYTES = Prisma.raw('(octet_length(file.text) + octet_length(file.original_path))')

const { columns: ORDER, isAfter, isIn } = inOrderOfCreation('file')

const isOwn = ({ projectId, userId }: Owner) =>
  Prisma.sql`file.project_id = ${projectId}::integer AND file.neptun_user_id = ${userId}::integer`

/** Whether a file belongs to the list. */
function isListed(owner: Owner, { context_file_category: category, context_file_type: type }: FileFilter): Prisma.Sql {
  const conditions = [isOwn(owner)]
  if (category !== undefined) conditions.push(Prisma.sql`file.context_file_category = ${category}::text`)
  if (type !== undefined) conditions.push(Prisma.sql`file.context_file_type = ${type}::text`)
  return Prisma.join(conditions, ' AND ')
}

const isRead = (row: FileRow | { text: null }): row is FileRow => row.text !== null

const one = ({ userId, projectId }: Owner, id: number, updated_at: Date | undefined) => ({
  id,
  project_id: projectId,
  neptun_user_id: userId,
  ...(updated_at && { updated_at }),
})
