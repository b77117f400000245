import type { Database } from '../../database/database.js'
import { Prisma } from '../../database/generated/client.js'
import { type Batch, type BatchRequest, type RowVersion, toBatch } from '../batch.js'
import type { Owner } from '../owner.js'
import type { ResourceDescriptor } from './descriptor.js'

/** A row of a resource's table, with the properties that the descriptor computes. */
export type ResourceRow = { id: number } & Record<string, unknown>

/** A row of a list of linked resources. */
export type LinkedRow = ResourceRow & { link_id: LinkPosition }

/** Position in a list: the id of a link, a bigint. */
export type LinkPosition = string

/** Maximum number of rows that are read at once: of a complete list, and of any list with a large text. */
const BATCH_SIZE = 100
const LARGE_BATCH_SIZE = 8

/** A text is large if it has more bytes. Only columns that can have more are looked at; they are NOT NULL. */
const LARGE = 32 * 1024

const MAX_BIGINT = '9223372036854775807'

/** The methods of a Prisma model that are used here. Their types differ between models; descriptors are checked instead. */
interface ModelDelegate {
  createMany(args: { data: object[]; skipDuplicates?: boolean }): Promise<{ count: number }>
  createManyAndReturn(args: { data: object[]; skipDuplicates?: boolean }): Promise<ResourceRow[]>
  updateManyAndReturn(args: { where: object; data: object }): Promise<ResourceRow[]>
  deleteMany(args: { where: object }): Promise<{ count: number }>
}

/** Data access for one type of resource, and its links to a project. */
export type ResourceRepository = ReturnType<typeof createResourceRepository>

export function createResourceRepository(
  { prisma, read }: Pick<Database, 'prisma' | 'read'>,
  descriptor: ResourceDescriptor,
) {
  const { model, linkModel, idField, create, resource, computed, naturalKey } = descriptor
  const table = Prisma.raw(descriptor.table)
  const linkTable = Prisma.raw(descriptor.linkTable)
  const linkedId = Prisma.raw(`link.${idField}`)
  const columnNames = Object.keys(resource.properties).filter((name) => !Object.hasOwn(computed, name))
  const column = (name: string) => `resource."${name}"`
  const columns = Prisma.raw(columnNames.map(column).join(', '))
  const longNames = columnNames.filter((name) => create.properties[name]?.['maxLength'] > LARGE)
  const smallOrNull = (name: string) =>
    `CASE WHEN octet_length(${column(name)}) <= ${LARGE} THEN ${column(name)} END AS "${name}"`
  const smallColumns = Prisma.raw(
    columnNames.map((name) => (longNames.includes(name) ? smallOrNull(name) : column(name))).join(', '),
  )

  const delegate = (client: object, name: string) => (client as Record<string, ModelDelegate>)[name] as ModelDelegate
  const isComputed = Object.keys(computed).length > 0
  const present = <Row extends ResourceRow>(row: Row): Row =>
    isComputed
      ? { ...row, ...Object.fromEntries(Object.entries(computed).map(([name, get]) => [name, get(row)])) }
      : row

  /** The composite foreign keys make a link's user that of the project and of the resource. */
  const isLinked = ({ userId, projectId }: Owner) =>
    Prisma.sql`link.project_id = ${projectId}::integer AND resource.neptun_user_id = ${userId}::integer`

  return {
    /** Lists the linked resources, newest link first: a batch of the list, or a page of it. */
    async list(owner: Owner, { after, limit }: BatchRequest<LinkPosition>): Promise<Batch<LinkedRow, LinkPosition>> {
      const readRows = (shown: Prisma.Sql, size: number) =>
        read<LinkedRow>(Prisma.sql`
          SELECT ${shown}, link.id AS link_id
          FROM ${linkTable} AS link JOIN ${table} AS resource ON resource.id = ${linkedId}
          WHERE ${isLinked(owner)} AND link.id < ${after ?? MAX_BIGINT}::bigint
          ORDER BY link.id DESC
          LIMIT ${size + 1}::integer`)
      let size = limit ?? BATCH_SIZE
      let rows = await readRows(smallColumns, size)
      if (rows.some((row) => longNames.some((name) => row[name] === null))) {
        size = Math.min(size, LARGE_BATCH_SIZE)
        rows = await readRows(columns, size)
      }
      const batch = toBatch(rows, size, (row) => row.link_id)
      return isComputed ? { ...batch, rows: batch.rows.map(present) } : batch
    },

    /** Reads the versions of the linked resources after a position, newest link first. */
    async listVersions(owner: Owner, after: LinkPosition): Promise<RowVersion[]> {
      return await read<RowVersion>(Prisma.sql`
        SELECT link.id::text AS key, resource.xmin::text AS version
        FROM ${linkTable} AS link JOIN ${table} AS resource ON resource.id = ${linkedId}
        WHERE ${isLinked(owner)} AND link.id < ${after}::bigint
        ORDER BY link.id DESC`)
    },

    /** Finds a linked resource. */
    async find(owner: Owner, resourceId: number): Promise<ResourceRow | undefined> {
      const [row] = await read<ResourceRow>(Prisma.sql`
        SELECT ${columns} FROM ${linkTable} AS link JOIN ${table} AS resource ON resource.id = ${linkedId}
        WHERE ${isLinked(owner)} AND resource.id = ${resourceId}::integer`)
      return row && present(row)
    },

    /**
     * Links a resource that the user owns. Idempotent.
     * @returns undefined if the user owns no such resource; else whether the link is new
     */
    async link(owner: Owner, resourceId: number): Promise<{ resource: ResourceRow; isNew: boolean } | undefined> {
      const [row] = await read<ResourceRow>(Prisma.sql`
        SELECT ${columns} FROM ${table} AS resource
        WHERE resource.id = ${resourceId}::integer AND resource.neptun_user_id = ${owner.userId}::integer`)
      if (!row) return undefined
      const data = [linkTo(owner, row)]
      const { count } = await delegate(prisma, linkModel).createMany({ data, skipDuplicates: true })
      return { resource: present(row), isNew: count > 0 }
    },

    /**
     * Creates a resource and links it, in one transaction. If the user already has one with the same natural key, updates
     * and links that one.
     */
    async create(owner: Owner, values: Record<string, unknown>): Promise<{ resource: ResourceRow; isNew: boolean }> {
      return await prisma.$transaction(async (transaction) => {
        const { row, isNew } = await createOrUpdate(delegate(transaction, model), owner, values)
        await delegate(transaction, linkModel).createMany({ data: [linkTo(owner, row)], skipDuplicates: true })
        return { resource: present(row), isNew }
      })
    },

    /** Removes the link from this project; the resource and its other links remain. */
    async unlink(owner: Owner, resourceId: number): Promise<boolean> {
      const { count } = await delegate(prisma, linkModel).deleteMany({ where: linkTo(owner, { id: resourceId }) })
      return count > 0
    },
  }

  async function createOrUpdate(rows: ModelDelegate, { userId }: Owner, values: Record<string, unknown>) {
    const data = { ...values, neptun_user_id: userId }
    for (;;) {
      const [created] = await rows.createManyAndReturn({ data: [data], skipDuplicates: naturalKey !== undefined })
      if (created) return { row: created, isNew: true }
      const where = { neptun_user_id: userId, [naturalKey as string]: values[naturalKey as string] }
      const [updated] = await rows.updateManyAndReturn({ where, data: values })
      if (updated) return { row: updated, isNew: false }
      // It has been deleted in the meantime.
    }
  }

  function linkTo({ userId, projectId }: Owner, { id }: { id: number }) {
    return { project_id: projectId, neptun_user_id: userId, [idField]: id }
  }
}
