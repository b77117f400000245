import type { Database } from './database/database.js'
import type { Prisma } from './database/generated/client.js'
import { modelOf } from './database/model-of.js'
import { withSingleConnection } from './database/single-connection.js'
import { hashToken } from './session-token.js'

/** Two users with one project each. The second user is for testing requests that must be rejected. */
export const demo = {
  user: { id: 1, email: 'demo@example.com', projectId: 789, token: 'your-session-cookie' },
  otherUser: { id: 2, email: 'other@example.com', projectId: 790, token: 'other-session-cookie' },
} as const

/** At least ten calendar years, in milliseconds. */
const TEN_YEARS = 3653 * 24 * 60 * 60 * 1000

/** Highest id that is reserved for demonstration data. New rows get higher ids. */
const LAST_ID = 1000

/** The method of a resource's model that is used here. */
interface Creatable {
  create(args: { data: object }): Promise<unknown>
}

/** Columns that the import, the file and the resources have in common. */
const common = {
  id: 123,
  neptun_user_id: demo.user.id,
  created_at: new Date('2025-02-16T17:42:11Z'),
  updated_at: new Date('2025-02-16T17:42:11Z'),
}

const account = { github_account_id: '1234567', github_account_name: 'username' }

/**
 * Atomically seeds the demonstration data into a database without users. Does nothing if there are any users.
 *
 * @param nodeEnv must not be `production`, because the tokens are public
 * @returns whether the data was written
 * @throws Error in production
 */
export async function seedDemoData(databaseUrl: string, nodeEnv = process.env['NODE_ENV']): Promise<boolean> {
  if (nodeEnv === 'production') throw new Error('Demonstration data is never written in production')
  return await withSingleConnection(databaseUrl, async ({ prisma }) => {
    // Checked without the lock first, because acquiring it waits for all running writes to users.
    if (await hasUsers(prisma)) return false
    return await prisma.$transaction(async (transaction) => {
      await transaction.$executeRaw`LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE`
      if (await hasUsers(transaction)) return false
      await writeUsers(transaction)
      await writeResources(transaction)
      await raiseSequences(transaction)
      return true
    })
  })
}

/** Returns whether the database at `databaseUrl` has the session and the project of the demonstration user. */
export async function hasDemoData(databaseUrl: string): Promise<boolean> {
  return await withSingleConnection(databaseUrl, hasDemoSession)
}

/** Returns whether the database has the session and the project of the demonstration user. */
export async function hasDemoSession({ prisma }: Pick<Database, 'prisma'>): Promise<boolean> {
  const { id, projectId, token } = demo.user
  const user = { id, projects: { some: { id: projectId } } }
  const where = { token_hash: hashOf(token), revoked_at: null, expires_at: { gt: new Date() }, user }
  return (await prisma.session.count({ where })) > 0
}

/** Returns a curl command that creates an import as the demonstration user, at the service with the base URL `url`. */
export function demoCurl(url: string): string {
  const { id, projectId, token } = demo.user
  const body = JSON.stringify({ source_type: 'github', source_path: 'username/repository', title: 'My GitHub Import' })
  const headers = ['Accept: application/json', 'Content-Type: application/json', `Cookie: neptun-session=${token}`]
  const options = headers.map((header) => `-H '${header}'`).join(' ')
  return `curl -X POST '${url}/api/users/${id}/projects/${projectId}/resources/imports' ${options} -d '${body}'`
}

async function writeUsers({ user, session, project }: Prisma.TransactionClient): Promise<void> {
  const expires_at = new Date(Date.now() + TEN_YEARS)
  for (const { id, email, projectId, token } of Object.values(demo)) {
    await user.create({ data: { id, email, ...(id === demo.user.id ? account : {}) } })
    await session.create({ data: { neptun_user_id: id, token_hash: hashOf(token), expires_at } })
    await project.create({ data: { id: projectId, neptun_user_id: id, name: `Demonstration project ${projectId}` } })
  }
}

async function writeResources(transaction: Prisma.TransactionClient): Promise<void> {
  await transaction.import.create({
    data: {
      ...common,
      project_id: demo.user.projectId,
      source_type: 'github',
      source_path: 'username/repository',
      title: 'My GitHub Import',
      description: 'Importing from GitHub repository',
    },
  })
  await transaction.contextFile.create({
    data: {
      ...common,
      project_id: demo.user.projectId,
      title: 'Dockerfile',
      original_path: 'docker/Dockerfile',
      context_file_category: 'container',
      context_file_type: 'dockerfile',
      text: 'FROM node:20-slim\n',
      language: 'dockerfile',
      extension: 'Dockerfile',
    },
  })
  // Loaded on demand, since loading the schemas is slow.
  const { RESOURCE_DESCRIPTORS } = await import('./projects-resources/resources/index.js')
  for (const { model, computed, exampleResponse, toColumns } of RESOURCE_DESCRIPTORS) {
    const columns = Object.entries({ ...exampleResponse, ...toColumns(exampleResponse) })
    const data = { ...Object.fromEntries(columns.filter(([name]) => !(name in computed))), ...common }
    await modelOf<Creatable>(transaction, model).create({ data })
  }
}

/** Advances every id sequence to at least `LAST_ID`. Uses `nextval`, so that a used sequence never goes back. */
async function raiseSequences(transaction: Prisma.TransactionClient): Promise<void> {
  await transaction.$executeRaw`
    SELECT setval(sequence, greatest(nextval(sequence), ${LAST_ID}))
    FROM information_schema.columns,
      LATERAL pg_get_serial_sequence(format('%I.%I', table_schema, table_name), column_name) AS sequence
    WHERE table_schema = current_schema() AND column_name = 'id' AND sequence IS NOT NULL`
}

const hasUsers = async ({ user }: Prisma.TransactionClient) => (await user.findFirst({ select: { id: true } })) !== null

/** Converts the hash to the type that Prisma requires for bytes. */
const hashOf = (token: string) => Uint8Array.from(hashToken(token) ?? [])
