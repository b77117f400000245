// The equipped peer with Prisma's model API instead of SQL. Plugins and checks are the same.
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../../src/database/generated/client.js'
import { buildEquipped, createLogger } from './equipment/app.js'
import type { Owner } from './equipment/session.js'
import { openProductionPool } from './pool.js'
import { serve } from './serve.js'

const logger = createLogger()
const pool = openProductionPool((err) => logger.error({ err }, 'Lost an idle database connection'))

/** Names of prepared statements: PostgreSQL parses each query once per connection, as for the service. */
const statementNames = new Map<string, string>()
const nameOf = (sql: string) => {
  const name = statementNames.get(sql) ?? `s${statementNames.size}`
  statementNames.set(sql, name)
  return name
}

const prisma = new PrismaClient({
  adapter: new PrismaPg(pool, { statementNameGenerator: ({ sql }) => nameOf(sql) }),
  errorFormat: 'minimal',
  // Columns that no response contains.
  omit: { import: { github_repository_id: true, github_account_id: true } },
})

const app = await buildEquipped(
  {
    async findSession(tokenHash, projectId) {
      const session = await prisma.session.findUnique({
        where: { token_hash: new Uint8Array(tokenHash), revoked_at: null, expires_at: { gt: new Date() } },
        select: { neptun_user_id: true },
      })
      if (!session) return undefined
      const { neptun_user_id } = session
      const project = await prisma.project.findFirst({ where: { id: projectId, neptun_user_id }, select: { id: true } })
      return { userId: neptun_user_id, projectId: project?.id ?? null }
    },

    async listImports(owner, sourceType) {
      const { userId: neptun_user_id, projectId: project_id } = owner
      const [found, accounts] = await Promise.all([
        prisma.import.findMany({
          where: { project_id, neptun_user_id, ...(sourceType && { source_type: sourceType }) },
          orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
        }),
        findAccounts(owner),
      ])
      const imports = found.filter((one) => one.source_type !== 'github' || accounts.has(accountOf(one.source_path)))
      return { imports, withheld: found.length - imports.length }
    },

    async listUserFiles({ userId: neptun_user_id, projectId: project_id }) {
      const links = await prisma.projectUserFile.findMany({
        where: { project_id, neptun_user_id },
        orderBy: { id: 'desc' },
        select: { user_file: true },
      })
      return links.map(({ user_file }) => user_file)
    },

    async createImport(owner, values) {
      const { userId: neptun_user_id, projectId: project_id } = owner
      if (values.source_type === 'github') {
        const accounts = await findAccounts(owner, { repository_selection: 'all' })
        if (!accounts.has(accountOf(values.source_path))) return undefined
      }
      return await prisma.import.create({ data: { ...values, neptun_user_id, project_id } })
    },

    sqlStateOf(error) {
      const { meta } = error as { meta?: { driverAdapterError?: { cause?: { originalCode?: string } } } }
      return meta?.driverAdapterError?.cause?.originalCode
    },
  },
  logger,
)

await serve(app)

/** Finds account names, in lower case because GitHub's names are case-insensitive. */
async function findAccounts(
  { userId: neptun_user_id }: Owner,
  selection: { repository_selection?: 'all' } = {},
): Promise<Set<string>> {
  const installations = await prisma.githubInstallation.findMany({
    where: { neptun_user_id, suspended_at: null, ...selection },
    select: { account_name: true },
  })
  return new Set(installations.map(({ account_name }) => account_name.toLowerCase()))
}

function accountOf(sourcePath: string): string {
  return sourcePath.slice(0, sourcePath.indexOf('/')).toLowerCase()
}
