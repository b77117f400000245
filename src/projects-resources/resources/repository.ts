import type { Database } from '../../database/database.js'
import { Prisma } from '../../database/generated/client.js'
import { type Batch, type BatchRequest, toBatch } from '../batch.js'
import type { Owner } from '../owner.js'
import type { ResourceDescriptor } from './descriptor.js'

/** A row of a resource's table, with the properties that the descriptor computes. */
export type ResourceRow = { id: number } & Record<string, unknown>

/** Position in a list: the id of a link, a bigint. */
export type LinkPosition = string

/** Texts whose maximum length in characters is higher count towards the size of a batch. */
const MAX_SHORT = 4096

/** A complete list is read in batches: up to the row at which the long texts reach so many bytes. A page is read at once. */
const BATCH = { limit: 1000, bytes: 1024 * 1024 }

/** More than the 100 rows of a page can have. */
const ANY_SIZE = 2 ** 31 - 1

const MAX_BIGINT = '9223372036854775807'

/** The methods of a Prisma model that are used here. Their types differ between models; descriptors are checked instead. */
interface ModelDelegate {
  create(args: { data: object }): Promise<ResourceRow>
  createMany(args: { data: object[]; skipDuplicates?: boolean }): Promise<{ count: number }>
  deleteMany(args: { where: object }): Promise<{ count: number }>
}

/** Data access for one type of resource, and its links to a project. */
export type ResourceRepository = ReturnType<typeof createResourceRepository>

export function createResourceRepository(
  { prisma, read }: Pick<Database, 'prisma' | 'read'>,
  descriptor: ResourceDescriptor,
) {
  const { model, linkModel, idField, create, resource, computed } = descriptor
  const table = Prisma.raw(descriptor.table)
  const linkTable = Prisma.raw(descriptor.linkTable)
  const linkedId = Prisma.raw(`link.${idField}`)
  const columnNames = Object.keys(resource.properties).filter((name) => !Object.hasOwn(computed, name))
  const columns = Prisma.raw(columnNames.map((name) => `resource."${name}"`).join(', '))
  const longNames = Object.keys(create.properties).filter((name) => create.properties[name]?.['maxLength'] > MAX_SHORT)
  const size = Prisma.raw(longNames.map((name) => `coalesce(octet_length(resource."${name}"), 0)`).join(' + ') || '0')
  const sizeOf = (row: ResourceRow) => longNames.reduce((sum, name) => sum + Buffer.byteLength(String(row[name])), 0)

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
    async list(owner: Owner, request: BatchRequest<LinkPosition>): Promise<Batch<ResourceRow, LinkPosition>> {
      const limit = request.limit ?? BATCH.limit
      const maxBytes = request.limit === undefined ? BATCH.bytes : ANY_SIZE
      const rows = await read<ResourceRow & { link_id: string }>(Prisma.sql`
        SELECT ${columns}, link_id FROM (
          SELECT ${columns}, link.id AS link_id,
            sum(${size}) OVER (ORDER BY link.id DESC ROWS UNBOUNDED PRECEDING) AS bytes
          FROM ${linkTable} AS link JOIN ${table} AS resource ON resource.id = ${linkedId}
          WHERE ${isLinked(owner)} AND link.id < ${request.after ?? MAX_BIGINT}::bigint
          ORDER BY link.id DESC
          LIMIT ${limit + 1}::integer
        ) AS resource
        WHERE bytes - (${size}) < ${maxBytes}::integer`)
      const isCut = () => rows.reduce((sum, row) => sum + sizeOf(row), 0) >= maxBytes
      const batch = toBatch(rows, limit, (row) => row.link_id, isCut)
      return isComputed ? { ...batch, rows: batch.rows.map(present) } : batch
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

    /** Creates a resource and links it, in one transaction. */
    async create(owner: Owner, values: object): Promise<ResourceRow> {
      const row = await prisma.$transaction(async (transaction) => {
        const created = await delegate(transaction, model).create({ data: { ...values, neptun_user_id: owner.userId } })
        await delegate(transaction, linkModel).createMany({ data: [linkTo(owner, created)] })
        return created
      })
      return present(row)
    },

    /** Removes the link from this project; the resource and its other links remain. */
    async unlink(owner: Owner, resourceId: number): Promise<boolean> {
      const { count } = await delegate(prisma, linkModel).deleteMany({ where: linkTo(owner, { id: resourceId }) })
      return count > 0
    },
  }

  function linkTo({ userId, projectId }: Owner, { id }: { id: number }) {
    return { project_id: projectId, neptun_user_id: userId, [idField]: id }
  }
}
