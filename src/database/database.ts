import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { ApiError } from '../errors.js'
import { escapeOption, readConnectionUrl } from './connection-url.js'
import { isDatabaseUnavailable } from './errors.js'
import { type Prisma, PrismaClient } from './generated/client.js'
import { keepConnections } from './pool-query.js'
import { createReadiness, type Readiness } from './readiness.js'
import { createStatements, createTemplate, type Placeholders } from './statements.js'
import { types } from './types.js'

type Timeouts = 'connectionTimeoutMillis' | 'query_timeout' | 'statement_timeout' | 'lock_timeout'

/** Options of the database. The timeouts are those of `pg`, in milliseconds. */
export interface DatabaseOptions extends Required<Pick<pg.PoolConfig, Timeouts | 'max'>> {
  /** A URL that connectionUrlProblem() accepts: `postgres://user:password@host:5432/database`. */
  url: string
  /** Maximum size of each list of a project, such as all of its imports, in bytes of JSON. Enforced by triggers. */
  maxProjectBytes?: number
  /** Called when an idle connection is lost. */
  onIdleError?: (error: Error) => void
}

/** Access to PostgreSQL, with one pool for Prisma's model API and for the SQL of hot reads. */
export interface Database {
  prisma: PrismaClient
  pool: pg.Pool
  readiness: Readiness
  /** Runs a query as a prepared statement. Throws ApiError 503 if the database is unavailable. */
  read<Row extends pg.QueryResultRow>(query: Prisma.Sql): Promise<Row[]>
  /** Like `read`, for hot queries: the text is built only once, with placeholders for the parameters. */
  prepare<Params extends object, Row extends pg.QueryResultRow>(
    build: (params: Placeholders<Params>) => Prisma.Sql,
  ): (params: Params) => Promise<Row[]>
  /** If the error means that a prepared statement is stale, ensures that all statements are prepared again. */
  renewStatements(error: unknown): void
  /** Called with the time that a query or transaction waited for a connection of the pool, in milliseconds. */
  onPoolWait: (milliseconds: number) => void
  /** Waits for queries in progress, and closes all connections. */
  close(): Promise<void>
}

/**
 * Settings of each connection that does not go through a pooler, so that defaults of the server, database or role cannot
 * change the isolation level, the query plans or how times are read. `random_page_cost` makes PostgreSQL prefer index
 * scans, and `plan_cache_mode` makes it plan a prepared statement only once (docs/decisions/013).
 */
const SETTINGS = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  default_transaction_isolation: 'read committed',
  random_page_cost: '1.1',
  plan_cache_mode: 'force_generic_plan',
}

/** The subset of these settings that PgBouncer tracks per client (docs/decisions/015). */
const POOLER_SETTINGS = `SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'`

/** Value that max_project_bytes() in the migrations uses if the setting `neptun.max_project_bytes` is missing. */
const DEFAULT_MAX_PROJECT_BYTES = 16 * 1024 * 1024

/** TCP keep-alive probes start early enough for networks that drop idle connections after a few minutes. */
const COMMON = { types, keepAlive: true, keepAliveInitialDelayMillis: 30_000 }

function clientConfig({
  url,
  maxProjectBytes,
  onIdleError: _,
  ...timeouts
}: Partial<DatabaseOptions> & { url: string }) {
  const { connectionString, isPooled, options } = readConnectionUrl(url)
  const config = { ...timeouts, ...COMMON, connectionString, isPooled }
  // PgBouncer rejects startup parameters that it does not support.
  if (isPooled) return { ...config, statement_timeout: undefined, lock_timeout: undefined }
  const settings = Object.entries({ ...SETTINGS, 'neptun.max_project_bytes': `${maxProjectBytes ?? ''}` })
  const serviceOptions = settings.map(([name, value]) => `-c ${name}=${escapeOption(value)}`)
  return { ...config, options: [options, ...serviceOptions].join(' ') }
}

/** Opens a connection outside of the pool, passes it to `use`, and closes it. */
export async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>, limits = {}): Promise<T> {
  const { isPooled, ...config } = clientConfig({ url, connectionTimeoutMillis: 10_000, ...limits })
  const client = new pg.Client(config)
  // A lost connection rejects the query. Without a listener, the error event would also terminate the process.
  client.on('error', () => {})
  await client.connect()
  try {
    if (isPooled) await client.query(POOLER_SETTINGS)
    return await use(client)
  } finally {
    await client.end()
  }
}

/** Minimum `server_version_num`. */
const MIN_VERSION = 150_000

/**
 * Checks the version and settings of the server.
 * @returns the schema with the tables; before the first migration, the current schema
 */
async function checkSettings(options: DatabaseOptions, isPooled: boolean): Promise<string> {
  const required: Record<string, string | undefined> = {
    server_encoding: 'UTF8',
    default_transaction_isolation: SETTINGS.default_transaction_isolation,
    // Checked only behind a pooler: otherwise, each connection sets it.
    'neptun.max_project_bytes':
      isPooled && options.maxProjectBytes !== DEFAULT_MAX_PROJECT_BYTES
        ? options.maxProjectBytes?.toString()
        : undefined,
  }
  const columns = Object.keys(required).map((name) => `current_setting('${name}', true) AS "${name}"`)
  const query = `SELECT ${columns}, current_setting('server_version_num') AS version,
    current_setting('server_version') AS version_name, coalesce((
      SELECT nspname FROM pg_namespace AS n JOIN pg_class AS c ON c.relnamespace = n.oid
    WHERE c.oid = to_regclass('imports')), current_schema()) AS schema`
  const read = (client: pg.Client) => client.query(query)
  const atLeast = (milliseconds = 0) => Math.max(5000, milliseconds)
  const limits = {
    connectionTimeoutMillis: atLeast(options.connectionTimeoutMillis),
    query_timeout: atLeast(options.query_timeout),
  }
  const [row] = (await withClient(options.url, read, limits)).rows
  if (Number(row.version) < MIN_VERSION) {
    throw new Error(`PostgreSQL ${MIN_VERSION / 10_000} or later is required, but the server has ${row.version_name}`)
  }
  for (const [name, expected] of Object.entries(required)) {
    const actual = row[name] || 'not set'
    if (expected && actual !== expected) throw new Error(`${name} is ${actual}, but must be ${expected}`)
  }
  if (row.schema === null) {
    throw new Error('no schema in the search_path exists: check the parameters "schema" and "options" of the URL')
  }
  return row.schema
}

/**
 * Checks the settings of the database, and opens the pool and the Prisma client.
 * @throws Error that names the problem: the server's version or encoding, the search path, or a wrong default that the
 *   service cannot override behind a pooler
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { isPooled, ...config } = clientConfig(options)
  const schema = await checkSettings(options, isPooled)
  const onConnect = async (client: pg.ClientBase) => isPooled && client.query(POOLER_SETTINGS)
  const application_name = 'neptun-projects-resources'
  // Idle connections stay open for an hour (docs/decisions/016).
  const lifetime = { min: options.max, maxLifetimeSeconds: 3600 }
  const pool = new pg.Pool({ ...config, application_name, ...lifetime, onConnect })
  const queryable = keepConnections(pool, (milliseconds) => database.onPoolWait(milliseconds))
  pool.on('error', options.onIdleError ?? (() => {}))
  const statements = createStatements(isPooled)
  pool.on('release', (error, client) => {
    // After a timeout in a transaction, the ROLLBACK may not have been sent: the connection must not be reused.
    if (client.getTransactionStatus() !== 'I') client.end()
    // Only the error of a statement outside of a transaction arrives here.
    if (error) statements.renew(error)
  })
  const readiness = createReadiness(config, statements)
  const prisma = new PrismaClient({
    adapter: new PrismaPg(queryable, { schema, statementNameGenerator: ({ sql }) => statements.nameOf(sql) }),
    errorFormat: 'minimal',
    // Longer than the default timeouts of the pool, which take effect first.
    transactionOptions: { maxWait: 60_000, timeout: 60_000 },
  })
  await prisma.$connect()
  const read = <Row extends pg.QueryResultRow>(text: string, values: unknown[]) =>
    statements
      .run(text, (name) => queryable.query<Row>({ name, text, values }))
      .then(({ rows }) => rows, throwReadError)
  const database: Database = {
    prisma,
    pool,
    onPoolWait: () => {},
    readiness,
    renewStatements: statements.renew,
    read: ({ text, values }) => read(text, values),
    prepare(build) {
      const { text, valuesOf } = createTemplate(build)
      return (params) => read(text, valuesOf(params))
    },
    async close() {
      await prisma.$disconnect()
      await Promise.all([pool.end(), readiness.close()])
    },
  }
  return database
}

function throwReadError(error: Error): never {
  // Makes the stack trace show the caller instead of the socket.
  Error.captureStackTrace(error)
  if (!isDatabaseUnavailable(error)) throw error
  throw new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause: error })
}
