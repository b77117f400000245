import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { Test } from 'tap'

/** Creates the table of databases that createDatabase() can reuse. run.ts executes it in the database `postgres`. */
export const FREE_DATABASES = 'CREATE TABLE free_databases (name text PRIMARY KEY)'

/**
 * Returns the URL of a database without rows, which no other test uses until this test ends. Creating a database takes
 * 110 ms of CPU time. Therefore, later tests in any file reuse it, unless this test fails.
 * @param options migrated: false for a database without tables, which is dropped after the test
 */
export async function createDatabase(t: Test, { migrated = true } = {}): Promise<string> {
  if (SERVER === '') throw new Error('TEST_DATABASE_URL is not set: run the tests with npm test')
  const name = migrated ? ((await takeFree()) ?? (await create(TEMPLATE))) : await create('template0')
  t.teardown(async () => {
    if (migrated && t.passing()) await administer(SERVER, 'INSERT INTO free_databases VALUES ($1)', [name])
    else await administer(SERVER, `DROP DATABASE ${name} WITH (FORCE)`)
  })
  return urlOf(name)
}

const { TEST_DATABASE_URL: SERVER = '', TEST_TEMPLATE: TEMPLATE = '' } = process.env

function urlOf(name: string): string {
  const url = new URL(SERVER)
  url.pathname = `/${name}`
  return url.href
}

async function takeFree(): Promise<string | undefined> {
  const [free] = await administer(
    SERVER,
    `DELETE FROM free_databases
     WHERE name = (SELECT name FROM free_databases LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING name`,
  )
  if (!free) return undefined
  await administer(urlOf(free.name), TERMINATE_CONNECTIONS + EMPTY)
  return free.name
}

const TERMINATE_CONNECTIONS = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';`

/**
 * Deletes all rows, except the history of migrations, and resets all sequences. The rows of a user are deleted with the
 * user; of the rows to delete, only webhook deliveries belong to no user. With few rows, this is faster than TRUNCATE
 * (docs/decisions/007).
 */
export const EMPTY = `
  DELETE FROM users;
  DELETE FROM github_deliveries;
  SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S';`

async function create(template: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(SERVER, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`)
  return name
}

async function administer(url: string, statement: string, values?: unknown[]) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<{ name: string }>(statement, values)).rows
  } finally {
    await client.end()
  }
}

/** Selects the connections that are waiting for a lock in the current database. */
export const LOCK_WAITS = `
  SELECT extract(epoch FROM xact_start)::float8 AS started_at FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`

/**
 * Executes a statement in a transaction that stays open, to keep its locks.
 * @returns a function that commits the transaction
 */
export async function holdTransaction(
  t: Test,
  databaseUrl: string,
  statement: string,
): Promise<() => Promise<unknown>> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  t.teardown(() => client.end())
  await client.query('BEGIN')
  await client.query(statement)
  return async () => await client.query('COMMIT')
}
