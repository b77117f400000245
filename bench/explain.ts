import pg from 'pg'
import { createPool } from '../src/database/connections.js'
import { type Claim, findCaller } from '../src/projects-resources/caller.js'
import {
  findImport,
  listImports,
  listImportsPage,
  removeImport,
} from '../src/projects-resources/imports/read-repository.js'
import { createImport, updateImport } from '../src/projects-resources/imports/write-repository.js'
import { createLinkRepository } from '../src/projects-resources/links/repository.js'
import { userFiles } from '../src/projects-resources/links/user-files.js'
import { hashToken } from '../src/session-token.js'
import { type Dataset, projectId, tokenOf } from './data.js'

/** A prepared statement as the service sends it. */
interface Sent {
  name: string
  text: string
  values: unknown[]
}

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Sort Key'?: string[]
  Output?: string[]
  Plans?: PlanNode[]
}

/** After five executions PostgreSQL may choose one plan for all values; the plan that is shown is from after that. */
const EXECUTIONS = 12

/** Nobody waits for a plan; in milliseconds. */
const LONG = 60_000

/**
 * The plans of the statements that calls consist of, as PostgreSQL runs them for the service: its own text, prepared,
 * executed often, for users all over the database. Nothing that they write stays.
 */
export async function explainHotStatements(databaseUrl: string, dataset: Dataset) {
  return await withServiceClient(databaseUrl, async (client) => {
    const plans: string[] = []
    const findings: string[] = []
    for (const run of hotCalls()) {
      await client.query('BEGIN')
      const sent = await sendOften(client, dataset, run)
      const explain = async (format: string) =>
        (await client.query(`EXPLAIN (ANALYZE, BUFFERS, VERBOSE, FORMAT ${format}) EXECUTE ${executeText(sent)}`)).rows
      const [{ generic }] = (
        await client.query('SELECT generic_plans > 0 AS generic FROM pg_prepared_statements WHERE name = $1', [
          sent.name,
        ])
      ).rows
      await client.query('SAVEPOINT before')
      const [json] = await explain('JSON')
      await client.query('ROLLBACK TO before')
      const text = await explain('TEXT')
      await client.query('ROLLBACK')
      const { Plan: plan, ...top } = json['QUERY PLAN'][0]
      findings.push(`${sent.name}: ${describe(plan, top['Execution Time'], generic)}`)
      plans.push(
        `== ${sent.name}${generic ? ' (generic plan)' : ''}\n${text.map((row) => row['QUERY PLAN']).join('\n')}\n`,
      )
    }
    return { summary: findings.join('\n'), text: `${findings.join('\n')}\n\n${plans.join('\n')}` }
  })
}

/** A connection as the service has: the planner's settings are its own. */
async function withServiceClient<T>(connectionString: string, use: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const limits = { connectTimeout: LONG, answerTimeout: LONG, statementTimeout: LONG, lockTimeout: LONG }
  const pool = createPool({ connectionString, max: 1, ...limits, onIdleError: () => {} })
  const client = await pool.connect()
  try {
    return await use(client)
  } finally {
    client.release()
    await pool.end()
  }
}

/** @param ids of an import and of a file of the claim's project */
type Run = (pool: pg.Pool, claim: Claim, ids: { import: number; file: number }) => unknown

function hotCalls(): Run[] {
  const limits = { selections: ['all' as const], maxImports: 1_000_000 }
  const links = (pool: pg.Pool) => createLinkRepository({ pool, reads: pool, writes: pool }, userFiles)
  return [
    (pool, claim) => findCaller(pool, claim),
    (pool, claim) => listImports(pool, claim, null),
    (pool, claim) => listImportsPage(pool, claim, null, { after: null, limit: 10 }),
    (pool, claim, ids) => findImport(pool, claim, ids.import),
    (pool, claim) => createImport(pool, claim, newImport(claim.userId), limits),
    (pool, claim, ids) => updateImport(pool, claim, ids.import, { title: 'New title', expected: {}, grant: null }),
    (pool, claim, ids) => removeImport(pool, claim, ids.import),
    (pool, claim) => links(pool).list(claim),
    (pool, claim, ids) => links(pool).find(claim, ids.file),
    (pool, claim, ids) => links(pool).link(claim, ids.file),
    (pool, claim) => links(pool).create(claim, userFiles.example),
    (pool, claim, ids) => links(pool).unlink(claim, ids.file),
  ]
}

const newImport = (userId: number) => ({
  source_type: 'github' as const,
  source_path: `user-${userId}/repository`,
  title: 'Title',
  description: null,
})

const IDS = `
  SELECT
    (SELECT min(id) FROM imports WHERE project_id = $1) AS import,
    (SELECT min(user_file_id) FROM project_user_files WHERE project_id = $1) AS file`

/** @returns what was sent the last time */
async function sendOften(client: pg.ClientBase, dataset: Dataset, run: Run): Promise<Sent> {
  const sent: Sent[] = []
  const pool = {
    query: (statement: Sent) => {
      sent.push(statement)
      return client.query(statement)
    },
  } as unknown as pg.Pool
  for (let turn = 1; turn <= EXECUTIONS; turn += 1) {
    const userId = Math.floor((turn * dataset.users) / EXECUTIONS)
    const claim = { tokenHash: hashToken(tokenOf(userId)) as Buffer, userId, projectId: projectId(dataset, userId, 0) }
    const { rows } = await client.query(IDS, [claim.projectId])
    await client.query('SAVEPOINT turn')
    await run(pool, claim, rows[0])
    await client.query('ROLLBACK TO turn')
  }
  return sent.at(-1) as Sent
}

/** Name and values for EXECUTE. */
function executeText({ name, values }: Sent): string {
  return `${pg.escapeIdentifier(name)}(${values.map(toLiteral).join(', ')})`
}

function toLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'`
  if (Array.isArray(value)) return pg.escapeLiteral(`{${value.join(',')}}`)
  return typeof value === 'string' ? pg.escapeLiteral(value) : String(value)
}

/** What to look for in a plan: tables that are read from end to end, and what is sorted. */
function describe(plan: PlanNode, milliseconds: number, generic: boolean): string {
  const nodes = flatten(plan)
  const scanned = nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name'])
  const sorts = nodes
    .filter((node) => node['Node Type'].endsWith('Sort'))
    .map((node) => `${node['Actual Rows'] * node['Actual Loops']} rows by ${node['Sort Key']?.join(', ')}`)
  // Unless an index gives the order, an aggregate sorts by itself, of which a plan says nothing more.
  const inAggregates = nodes
    .filter((node) => node['Node Type'] === 'Aggregate' && node.Output?.some((output) => output.includes(' ORDER BY ')))
    .map((node) => `${node.Plans?.[0]?.['Actual Rows']} rows in an aggregate`)
  const indexes = nodes.flatMap((node) => {
    const name = node['Index Name']
    return name ? [node['Node Type'].startsWith('Index Only Scan') ? `${name} alone` : name] : []
  })
  return [
    `${milliseconds.toFixed(3)} ms, ${generic ? 'generic' : 'custom'} plan`,
    `indexes ${[...new Set(indexes)].join(', ') || 'none'}`,
    `whole tables ${scanned.join(', ') || 'none'}`,
    `sorts ${[...sorts, ...inAggregates].join('; ') || 'nothing'}`,
  ].join('; ')
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}
