import type { Database } from '../../database/database.js'
import { isUniqueViolation } from '../../database/errors.js'
import { Prisma } from '../../database/generated/client.js'
import { modelOf } from '../../database/model-of.js'
import { MAX_ID } from '../../identity-rules.js'
import { idsOf, type OwnerIds } from '../creation-order-repository.js'
import { isKeyStored, type Once } from '../idempotency/repository.js'
import type { Owner } from '../owner.js'
import {
  BATCH_BYTES,
  BATCH_SIZE,
  type Batch,
  type BatchRequest,
  type PageEnd,
  type Range,
  type RowVersion,
  toBatch,
  toPageEnd,
} from '../pagination.js'
import type { ResourceDescriptor } from './descriptor.js'

/** A row of a resource's table, with the computed properties of its descriptor. */
export type ResourceRow = { id: number } & Record<string, unknown>

/** Result of linking or creating a resource. */
export interface WrittenResource {
  resource: ResourceRow
  /** For `link`, whether the link is new; for `create`, whether the resource is. */
  isNew: boolean
}

/** A row in a list of linked resources. */
export type LinkedRow = ResourceRow & { link_id: LinkPosition }

/** Position in a list: the id of a link, a bigint as text. */
export type LinkPosition = string

/** Maximum number of attempts to create a resource when another service takes the same ids concurrently. */
const MAX_ATTEMPTS = 100

const MAX_BIGINT = '9223372036854775807'

/** The Prisma model methods that this repository uses. The descriptors are type-checked against the generated models. */
interface ModelDelegate {
  create(args: { data: object }): Promise<ResourceRow>
  createMany(args: { data: object[]; skipDuplicates?: boolean }): Promise<{ count: number }>
  createManyAndReturn(args: { data: object[]; skipDuplicates?: boolean }): Promise<ResourceRow[]>
  updateManyAndReturn(args: { where: object; data: object }): Promise<ResourceRow[]>
  deleteMany(args: { where: object }): Promise<{ count: number }>
}

const delegate = modelOf<ModelDelegate>

/** Data access for one resource type and its links to a project. */
export type ResourceRepository = ReturnType<typeof createResourceRepository>

export function createResourceRepository(
  { prisma, read, prepare }: Pick<Database, 'prisma' | 'read' | 'prepare'>,
  descriptor: ResourceDescriptor,
) {
  const { model, linkModel, idField, resource, computed, naturalKey } = descriptor
  const table = Prisma.raw(descriptor.table)
  const linkTable = Prisma.raw(descriptor.linkTable)
  const linkedId = Prisma.raw(`link.${idField}`)
  const columnNames = Object.keys(resource.properties).filter((name) => !Object.hasOwn(computed, name))
  const column = (name: string) => `resource."${name}"`
  const columns = Prisma.raw(columnNames.map(column).join(', '))

  const isComputed = Object.keys(computed).length > 0
  const present = <Row extends ResourceRow>(row: Row): Row =>
    isComputed
      ? { ...row, ...Object.fromEntries(Object.entries(computed).map(([name, get]) => [name, get(row)])) }
      : row

  const presentAll = <Row extends ResourceRow>(rows: Row[]): Row[] => (isComputed ? rows.map(present) : rows)

  /**
   * Builds the SQL condition for a project's links. Composite foreign keys ensure that the project, the link
   * and the resource have the same user.
   */
  const isLinked = ({ userId, projectId }: Record<keyof OwnerIds, unknown>) =>
    Prisma.sql`link.project_id = ${projectId}::integer AND resource.neptun_user_id = ${userId}::integer`

  const isOwnLink = ({ userId, projectId }: Owner) =>
    Prisma.sql`link.project_id = ${projectId}::integer AND link.neptun_user_id = ${userId}::integer`

  const readRows = prepare<OwnerIds & { after: LinkPosition; limit: number }, LinkedRow>(
    (params) => Prisma.sql`
      SELECT ${columns}, link.id AS link_id
      FROM ${linkTable} AS link JOIN ${table} AS resource ON resource.id = ${linkedId}
      WHERE ${isLinked(params)} AND link.id < ${params.after}::bigint
      ORDER BY link.id DESC
      LIMIT ${params.limit}::integer`,
  )

  return {
    /** Finds a resource that the user owns, linked or not. */
    findOwn,

    /** Reads a small list of linked resources, newest link first: one page of it, or all of it. */
    async list(owner: Owner, { after, limit }: BatchRequest<LinkPosition>): Promise<Batch<LinkedRow, LinkPosition>> {
      const params = { after: after ?? MAX_BIGINT, limit: limit === undefined ? MAX_ID : limit + 1 }
      const rows = await readRows({ ...idsOf(owner), ...params })
      const batch = toBatch(rows, limit, (row) => row.link_id)
      return { ...batch, rows: presentAll(batch.rows) }
    },

    /** Finds the end of a page. */
    async findPageEnd(owner: Owner, after: LinkPosition | null, limit: number): Promise<PageEnd<LinkPosition>> {
      const links = await read<{ id: string }>(Prisma.sql`
        SELECT link.id FROM ${linkTable} AS link
        WHERE ${isOwnLink(owner)} AND ${isIn({ after, last: null })}
        ORDER BY link.id DESC
        LIMIT ${limit + 1}::integer`)
      return toPageEnd(links, limit, ({ id }) => id)
    },

    /**
     * Reads the next batch of a range. The size of the resources in JSON (`link.bytes`) counts towards BATCH_BYTES. After
     * the last row of the range, the batch is empty.
     */
    async readBatch(owner: Owner, range: Range<LinkPosition>): Promise<Batch<LinkedRow, LinkPosition>> {
      const rows = await read<LinkedRow>(Prisma.sql`
        SELECT ${columns}, link.id AS link_id
        FROM (
          SELECT link.*, sum(link.bytes) OVER (ORDER BY link.id DESC ROWS UNBOUNDED PRECEDING) - link.bytes AS bytes_before
          FROM ${linkTable} AS link
          WHERE ${isOwnLink(owner)} AND ${isIn(range)}
          ORDER BY link.id DESC
          LIMIT ${BATCH_SIZE}::integer
        ) AS link JOIN ${table} AS resource ON resource.id = ${linkedId}
        WHERE link.bytes_before < ${BATCH_BYTES}::integer
        ORDER BY link.id DESC`)
      return { rows: presentAll(rows), next: rows.at(-1)?.link_id ?? null }
    },

    /** Reads the versions of the linked resources in a range, newest link first. */
    async listVersions(owner: Owner, range: Range<LinkPosition>): Promise<RowVersion[]> {
      return await read<RowVersion>(Prisma.sql`
        SELECT link.id::text AS key, resource.xmin::text AS version
        FROM ${linkTable} AS link JOIN ${table} AS resource ON resource.id = ${linkedId}
        WHERE ${isLinked(owner)} AND ${isIn(range)}
        ORDER BY link.id DESC`)
    },

    /**
     * Finds a linked resource.
     * @param maxBytes maximum size, in bytes of JSON; a larger one is not read
     * @returns the resource, `too-large`, or undefined if it is not linked
     */
    async find(owner: Owner, resourceId: number, maxBytes = MAX_ID): Promise<ResourceRow | 'too-large' | undefined> {
      const [row] = await read<ResourceRow | { id: null }>(Prisma.sql`
        SELECT ${columns} FROM ${linkTable} AS link
          LEFT JOIN ${table} AS resource ON resource.id = ${linkedId} AND link.bytes <= ${maxBytes}::integer
        WHERE ${isOwnLink(owner)} AND ${linkedId} = ${resourceId}::integer`)
      return row && (isRead(row) ? present(row) : 'too-large')
    },

    /**
     * Links a resource that the user owns. Idempotent.
     * @param once stores the resource as the result of the request, for its Idempotency-Key
     * @returns undefined if the user owns no such resource
     */
    async link(owner: Owner, resourceId: number, once?: Once): Promise<WrittenResource | undefined> {
      const row = await findOwn(owner, resourceId)
      if (!row) return undefined
      const write = async (client: object) => {
        const data = [linkTo(owner, row)]
        const { count } = await delegate(client, linkModel).createMany({ data, skipDuplicates: true })
        return { resource: present(row), isNew: count > 0 }
      }
      if (!once) return await write(prisma)
      return await prisma.$transaction(async (transaction) => {
        const written = await write(transaction)
        await once.store(written, transaction)
        return written
      })
    },

    /**
     * Creates a resource and links it, in one transaction. If the user already has one with the same natural key,
     * updates and links that one.
     * @param once stores the resource as the result of the request, for its Idempotency-Key
     */
    async create(owner: Owner, values: Record<string, unknown>, once?: Once): Promise<WrittenResource> {
      const write = async (transaction: Prisma.TransactionClient) => {
        const { row, isNew } = await createOrUpdate(delegate(transaction, model), owner, values)
        await delegate(transaction, linkModel).createMany({ data: [linkTo(owner, row)], skipDuplicates: true })
        const written = { resource: present(row), isNew }
        await once?.store(written, transaction)
        return written
      }
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await prisma.$transaction(write)
        } catch (error) {
          // Another service has concurrently inserted a row with the same id. (The column's default skips ids that are
          // already committed.)
          const isIdTaken = isUniqueViolation(error) && !isKeyStored(error)
          if (!isIdTaken || attempt === MAX_ATTEMPTS) throw error
        }
      }
    },

    /** Removes the link from this project. Keeps the resource and its other links. */
    async unlink(owner: Owner, resourceId: number): Promise<boolean> {
      const { count } = await delegate(prisma, linkModel).deleteMany({ where: linkTo(owner, { id: resourceId }) })
      return count > 0
    },
  }

  async function findOwn({ userId }: Owner, resourceId: number): Promise<ResourceRow | undefined> {
    const [row] = await read<ResourceRow>(Prisma.sql`
      SELECT ${columns} FROM ${table} AS resource
      WHERE resource.id = ${resourceId}::integer AND resource.neptun_user_id = ${userId}::integer`)
    return row
  }

  async function createOrUpdate(rows: ModelDelegate, { userId }: Owner, values: Record<string, unknown>) {
    const data = { ...values, neptun_user_id: userId }
    // `create` takes a quarter of the CPU time of `createManyAndReturn`.
    if (naturalKey === undefined) return { row: await rows.create({ data }), isNew: true }
    for (;;) {
      const [created] = await rows.createManyAndReturn({ data: [data], skipDuplicates: true })
      if (created) return { row: created, isNew: true }
      const where = { neptun_user_id: userId, [naturalKey]: values[naturalKey] }
      const [updated] = await rows.updateManyAndReturn({ where, data: values })
      if (updated) return { row: updated, isNew: false }
      // The row with this natural key has been deleted since the insert, or the insert was skipped because another
      // service has taken the new id: retry.
    }
  }

  function linkTo({ userId, projectId }: Owner, { id }: { id: number }) {
    return { project_id: projectId, neptun_user_id: userId, [idField]: id }
  }
}

const isIn = ({ after, last }: Range<LinkPosition>) =>
  Prisma.sql`link.id < ${after ?? MAX_BIGINT}::bigint AND link.id >= ${last ?? '0'}::bigint`

const isRead = (row: ResourceRow | { id: null }): row is ResourceRow => row.id !== null
