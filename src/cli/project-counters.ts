import { Prisma, type PrismaClient } from '../database/generated/client.js'
import { RESOURCE_DESCRIPTORS } from '../projects-resources/resources/index.js'

/** A list of a project. Its counters are the columns `<counter>_count` and `<counter>_bytes` of `projects`. */
interface List {
  counter: string
  table: string
  /** For a list of links: the table of the resources, whose sizes are counted, with its join condition. */
  resources?: string
  /**
   * Length of the JSON of an empty list (`{"imports":[]}` or `[]`) in bytes, minus one: each row is counted with a
   * trailing comma, but the last row has none.
   */
  emptyBytes: number
}

const LISTS: List[] = [
  { counter: 'import', table: 'imports', emptyBytes: 13 },
  { counter: 'file', table: 'context_files', emptyBytes: 11 },
  ...RESOURCE_DESCRIPTORS.map(({ counter, linkTable, table, idField }) => ({
    counter,
    table: linkTable,
    resources: `${table} AS item ON item.id = link.${idField}`,
    emptyBytes: 1,
  })),
]

/** The counters of a list, of which at least one does not match the rows. */
export interface WrongCounter {
  list: string
  project_id: number
  count: number
  bytes: number
  actual_count: number
  actual_bytes: number
}

type Client = Pick<PrismaClient, '$queryRaw' | '$executeRaw'>

/** Finds lists whose counters do not match the rows, for example after a restore with triggers disabled. */
export async function findWrongCounters(client: Client, projectId?: number): Promise<WrongCounter[]> {
  const queries = LISTS.map(({ counter, table, resources, emptyBytes }) => {
    const [count, bytes] = [Prisma.raw(`${counter}_count`), Prisma.raw(`${counter}_bytes`)]
    // Measures the resources themselves, because the size that is stored with a link may be wrong, too.
    const measured = Prisma.raw(resources ? `${table} AS link JOIN ${resources}` : `${table} AS item`)
    const owner = Prisma.raw(resources ? 'link' : 'item')
    return Prisma.sql`
      SELECT ${counter}::text AS list, project.id AS project_id, ${count} AS count, ${bytes}::float8 AS bytes,
        coalesce(total_rows, 0)::integer AS actual_count,
        (${emptyBytes}::integer + coalesce(total_bytes, 0))::float8 AS actual_bytes
      FROM projects AS project LEFT JOIN (
        SELECT ${owner}.project_id, count(*) AS total_rows, sum(list_bytes(item)) AS total_bytes
        FROM ${measured} GROUP BY 1
      ) AS counted ON counted.project_id = project.id
      WHERE (${count}, ${bytes})
          IS DISTINCT FROM (coalesce(total_rows, 0), ${emptyBytes}::integer + coalesce(total_bytes, 0))
        AND (${projectId ?? null}::integer IS NULL OR project.id = ${projectId ?? null}::integer)`
  })
  return await client.$queryRaw<WrongCounter[]>`${Prisma.join(queries, ' UNION ALL ')} ORDER BY project_id, list`
}

/** Recounts the rows of a project. A lock on the project's row blocks concurrent writes to the project. */
export async function repairCounters(prisma: Pick<PrismaClient, '$transaction'>, id: number): Promise<void> {
  await prisma.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT FROM projects WHERE id = ${id}::integer FOR UPDATE`
    for (const { linkTable, table, idField } of RESOURCE_DESCRIPTORS) {
      await transaction.$executeRaw`
        UPDATE ${Prisma.raw(linkTable)} AS link SET bytes = list_bytes(item) FROM ${Prisma.raw(table)} AS item
        WHERE item.id = link.${Prisma.raw(idField)} AND project_id = ${id}::integer AND bytes <> list_bytes(item)`
    }
    for (const { list, actual_count, actual_bytes } of await findWrongCounters(transaction, id)) {
      await transaction.$executeRaw`
        UPDATE projects SET ${Prisma.raw(`${list}_count`)} = ${actual_count}::integer,
          ${Prisma.raw(`${list}_bytes`)} = ${actual_bytes}::bigint
        WHERE id = ${id}::integer`
    }
  })
}
