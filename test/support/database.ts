import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { Test } from 'tap'

/** What run.ts prepares in the database `postgres`: the names of those that no test has at the moment. */
export const FREE_DATABASES = 'CREATE TABLE free_databases (name text PRIMARY KEY)'

/**
 * A database without rows, the test's own until it ends. Making one takes 110 to 290 ms of CPU, so that one of a test
 * that passed is emptied for the next, of whatever file.
 * @param options migrated: false for one without any table, which nobody gets again
 * @returns its URL
 */
export async function createDatabase(t: Test, { migrated = true } = {}): Promise<string> {
  const name = migrated ? ((await takeFree()) ?? (await create(TEMPLATE))) : await create('template0')
  t.teardown(async () => {
    if (migrated && t.passing()) await administer(SERVER, 'INSERT INTO free_databases VALUES ($1)', [name])
    else await administer(SERVER, `DROP DATABASE ${name} WITH (FORCE)`)
  })
  return urlOf(name)
}

const { TEST_DATABASE_URL: SERVER = 'run the tests by npm test', TEST_TEMPLATE: TEMPLATE = '' } = process.env

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
  await administer(urlOf(free.name), LEFT_ALONE + EMPTY)
  return free.name
}

const LEFT_ALONE = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';`

/** Every row belongs to a user, but for the deliveries. With few rows this is ten times faster than TRUNCATE. */
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

/**
 * Executes a statement in a transaction that stays open, to hold its locks.
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
