import { Prisma } from '../database/generated/client.js'
import type { ResourceDescriptor } from '../projects-resources/resources/descriptor.js'
import type { UserTransaction } from './transaction.js'

/** Number of removed rows by table. */
export type Removed = Record<string, number>

interface Deletable {
  deleteMany(args: { where: object; limit: number }): Promise<{ count: number }>
}

/** Maximum number of rows per statement. Large texts and triggers make deletion slow, and statements have a timeout. */
const BATCH_SIZE = 100

const columnsOf = (model: string) => {
  const enums = Prisma as unknown as Record<string, Record<string, string>>
  return Object.keys(enums[`${model}ScalarFieldEnum`] ?? {})
}

/** Returns the table of a model: `project_user_files` for `ProjectUserFile`. */
export const tableOf = (model: string) =>
  `${model.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase()}s`

const OWNED = Object.keys(Prisma.ModelName).filter((model) => columnsOf(model).includes('neptun_user_id'))

/** Models whose rows belong to a project and are deleted with it. */
export const PROJECT_MODELS = OWNED.filter((model) => columnsOf(model).includes('project_id'))

/** Models whose rows belong to a user and are deleted with it, in the order of deletion: links before resources. */
export const USER_MODELS = [
  ...PROJECT_MODELS,
  ...OWNED.filter((model) => !PROJECT_MODELS.includes(model) && model !== 'Project'),
  'Project',
]

/**
 * Deletes a user and all rows that belong to it.
 * @returns zeros if the user does not exist
 */
export async function removeUser(work: UserTransaction): Promise<Removed> {
  const { transaction, userId } = work
  // FOR UPDATE waits for concurrent inserts of rows that refer to the user or to a project, and blocks new ones, so that
  // the counts are exact.
  await transaction.$queryRaw`SELECT FROM users WHERE id = ${userId}::integer FOR UPDATE`
  const projects = await transaction.$queryRaw<{ id: number }[]>`
    SELECT id FROM projects WHERE neptun_user_id = ${userId}::integer ORDER BY id FOR UPDATE`
  const removed: Removed = {}
  for (const model of USER_MODELS) removed[tableOf(model)] = 0
  for (const { id } of projects) add(removed, await removeContents(work, id))
  for (const model of USER_MODELS.filter((name) => !PROJECT_MODELS.includes(name))) {
    add(removed, { [tableOf(model)]: await removeRows(work, model, { neptun_user_id: userId }) })
  }
  const { count } = await transaction.user.deleteMany({ where: { id: userId } })
  work.isUser = false
  return { users: count, ...removed }
}

/**
 * Deletes a project of the user and all rows that belong to it.
 * @returns zeros if the user has no such project
 */
export async function removeProject(work: UserTransaction, id: number): Promise<Removed> {
  const { transaction, userId } = work
  const own = await transaction.$queryRaw<object[]>`
    SELECT FROM projects WHERE id = ${id}::integer AND neptun_user_id = ${userId}::integer FOR UPDATE`
  const contents = own.length > 0 ? await removeContents(work, id) : noContents()
  const projects = await removeRows(work, 'Project', { id, neptun_user_id: userId })
  return { projects, ...contents }
}

/** Deletes a resource of the user and its links to projects. */
export async function removeResource(
  work: UserTransaction,
  { name, table, linkTable, idField }: Pick<ResourceDescriptor, 'name' | 'table' | 'linkTable' | 'idField'>,
  id: number,
): Promise<Removed> {
  const { transaction, userId: neptun_user_id } = work
  // FOR UPDATE waits for concurrent inserts of links to the resource, and blocks new ones, so that the counts are exact.
  await transaction.$queryRaw`
    SELECT FROM ${Prisma.raw(table)} WHERE id = ${id}::integer AND neptun_user_id = ${neptun_user_id}::integer
    FOR UPDATE`
  const links = await removeRows(work, `Project${name}`, { [idField]: id, neptun_user_id })
  return { [table]: await removeRows(work, name, { id, neptun_user_id }), [linkTable]: links }
}

async function removeContents(work: UserTransaction, projectId: number): Promise<Removed> {
  const removed: Removed = {}
  for (const model of PROJECT_MODELS) {
    const where = { project_id: projectId, neptun_user_id: work.userId }
    removed[tableOf(model)] = await removeRows(work, model, where)
  }
  return removed
}

const noContents = (): Removed => Object.fromEntries(PROJECT_MODELS.map((model) => [tableOf(model), 0]))

async function removeRows({ transaction }: UserTransaction, model: string, where: object): Promise<number> {
  const name = model.charAt(0).toLowerCase() + model.slice(1)
  const rows = (transaction as unknown as Record<string, Deletable>)[name] as Deletable
  for (let total = 0; ; ) {
    const { count } = await rows.deleteMany({ where, limit: BATCH_SIZE })
    total += count
    if (count < BATCH_SIZE) return total
  }
}

function add(removed: Removed, more: Removed): void {
  for (const [table, count] of Object.entries(more)) removed[table] = (removed[table] ?? 0) + count
}
