import type pg from 'pg'
import { type Database, openDatabase } from '../src/database/database.js'
import { createInstallationsRepository } from '../src/github/installations-repository.js'
import { createImportRepository } from '../src/projects-resources/imports/repository.js'
import { createAuthorize, type Owner } from '../src/projects-resources/owner.js'
import { userFiles } from '../src/projects-resources/resources/descriptors/user-files.js'
import { createResourceRepository } from '../src/projects-resources/resources/repository.js'
import { hashToken } from '../src/session-token.js'
import { type Dataset, projectId, tokenOf } from './data.js'
import { describePlan, type PlanNode } from './plan.js'

/**
 * Number of the run of each call from which the summary is made. The complete plans are from the next run. The earlier
 * runs warm the caches.
 */
const EXECUTIONS = 12

const TIMEOUT_MS = 60_000

/** Page size for pagination. */
const PAGE = 10

/**
 * Makes PostgreSQL send the plan of every statement as a notice, including those of Prisma, so that no SQL is
 * duplicated here.
 * @see https://www.postgresql.org/docs/current/auto-explain.html
 */
const AUTO_EXPLAIN = [
  'session_preload_libraries=auto_explain',
  'auto_explain.log_min_duration=0',
  'auto_explain.log_analyze=on',
  'auto_explain.log_buffers=on',
  'auto_explain.log_verbose=on',
  'auto_explain.log_triggers=on',
  'auto_explain.log_level=notice',
  'client_min_messages=notice',
]

/** Runs one call. After the warm-up, also records the plans of its statements. */
type Step = <T>(name: string, call: () => Promise<T>) => Promise<T>

interface ExplainedStatement {
  step: string
  notice: string
}

/** The content of a notice in JSON format. */
interface Explained {
  'Query Text': string
  Plan: PlanNode
}

/**
 * Explains the statements of the service's hot calls. Calls the service's own repositories repeatedly, for users spread
 * over the database, and deletes all rows that they create.
 *
 * @returns `summary` has one line per statement; `text` also has the complete plans
 */
export async function explainHotStatements(databaseUrl: string, dataset: Dataset) {
  const database = await openSingleConnection(databaseUrl)
  try {
    const notices: string[] = []
    const client = await database.pool.connect()
    client.on('notice', ({ message = '' }) => notices.push(message))
    client.release()

    for (let execution = 1; execution < EXECUTIONS; execution += 1) {
      await runHotCalls(database, dataset, Math.ceil((execution * dataset.users) / EXECUTIONS), (_name, call) => call())
    }
    const explainIn = async (format: 'json' | 'text') => {
      await database.pool.query(`SET auto_explain.log_format = ${format}`)
      const explained: ExplainedStatement[] = []
      await runHotCalls(database, dataset, dataset.users, async (step, call) => {
        notices.length = 0
        const result = await call()
        explained.push(...notices.map((notice) => ({ step, notice })))
        return result
      })
      return explained
    }
    const [inJson, inText] = [await explainIn('json'), await explainIn('text')]
    const isGeneric = await findGenericStatements(database.pool)
    const summaries = inJson.map(({ step, notice }) => {
      const { 'Query Text': text, Plan: plan } = JSON.parse(notice.slice(notice.indexOf('{'))) as Explained
      return `${step}: ${describePlan(plan, isGeneric(text))}`
    })
    const plans = inText.map(({ step, notice }) => `== ${step}\n${notice}\n`)
    return { summary: summaries.join('\n'), text: `${summaries.join('\n')}\n\n${plans.join('\n')}` }
  } finally {
    await database.close()
  }
}

/** Opens the service's database layer with a pool of one connection, which prepares and plans all statements. */
async function openSingleConnection(databaseUrl: string): Promise<Database> {
  const url = new URL(databaseUrl)
  url.searchParams.set('options', AUTO_EXPLAIN.map((setting) => `-c ${setting}`).join(' '))
  return await openDatabase({
    url: url.href,
    max: 1,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
    statement_timeout: TIMEOUT_MS,
    lock_timeout: TIMEOUT_MS,
    onIdleError: () => {},
  })
}

/** Additional columns of the session query for a list of imports. */
const NEEDS = { needsGithubAccounts: true, listCounter: 'import' }

/** Runs the calls that the service makes for one user, in their first project. */
async function runHotCalls(database: Database, dataset: Dataset, userId: number, step: Step): Promise<void> {
  const path = { userId, projectId: projectId(dataset, userId, 0) }
  const tokenHash = hashToken(tokenOf(userId)) as Buffer
  const found = await step('session', async () => await createAuthorize(database)(tokenHash, path, NEEDS))
  const owner = 'owner' in found && found.owner
  if (!owner) throw new Error(`User ${userId} does not own project ${path.projectId}`)
  await runImportCalls(database, owner, step)
  await runFileCalls(database, owner, step)
}

async function runImportCalls(database: Database, owner: Owner, step: Step): Promise<void> {
  const imports = createImportRepository(database)
  const installations = createInstallationsRepository(database)
  const values = { source_type: 'github' as const, source_path: `user-${owner.userId}/repository`, title: 'Title' }
  await step('list imports', () => imports.list(owner, {}, { after: null, limit: undefined }))
  await step('list a page of imports', () => imports.list(owner, {}, { after: null, limit: PAGE }))
  await step('list installations', () => installations.listActiveIds(owner))
  const { id, updated_at } = await step('create an import', () => imports.create(owner, values))
  await step('find an import', () => imports.find(owner, id))
  await step('update an import', () => imports.update(owner, id, { title: 'New title' }, updated_at))
  await step('remove an import', () => imports.remove(owner, id))
}

async function runFileCalls(database: Database, owner: Owner, step: Step): Promise<void> {
  const files = createResourceRepository(database, userFiles)
  await step('list files', () => files.list(owner, { after: null, limit: undefined }))
  await step('list a page of files', () => files.list(owner, { after: null, limit: PAGE }))
  const { resource } = await step('create a file', () => files.create(owner, userFiles.example))
  const { id } = resource
  await step('find a file', () => files.find(owner, id))
  await step('unlink a file', () => files.unlink(owner, id))
  await step('link a file', () => files.link(owner, id))
  await database.prisma.userFile.delete({ where: { id } })
}

/** @returns a function that checks whether PostgreSQL uses a generic plan for a prepared statement */
async function findGenericStatements(pool: pg.Pool): Promise<(text: string) => boolean> {
  const { rows } = await pool.query<{ statement: string }>(
    'SELECT statement FROM pg_prepared_statements WHERE generic_plans > 0',
  )
  const generic = new Set(rows.map(({ statement }) => statement))
  return (text) => generic.has(text)
}
