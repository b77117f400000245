import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { countOf } from '../count-of.js'
import { PACKAGE_FOLDER } from '../package.js'
import { withClient } from './database.js'
import { readFailure } from './errors.js'

const folder = new URL('prisma/migrations/', PACKAGE_FOLDER)

/** Table of Prisma Migrate, for compatibility with `prisma migrate deploy` and `prisma migrate status`. */
const CREATE_HISTORY = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`

const READ_HISTORY = `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
  FROM _prisma_migrations WHERE rolled_back_at IS NULL`

const RECORD = `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
  VALUES ($1, $2, $3, clock_timestamp(), 1)`

/** Key of the advisory lock. Arbitrary, but the same in every instance. */
const LOCK_ID = `hashtext('neptun-projects-resources migrations')`

/**
 * Lock timeout of a migration. While it waits for a lock on a table, all later statements on that table wait behind it.
 * Shorter than the default of DATABASE_LOCK_TIMEOUT, so that these statements do not time out.
 */
const LOCK_TIMEOUT = '300ms'

/** Delay before a retry after a lock timeout, in milliseconds. */
const RETRY_DELAY = 2000

/** SQLSTATEs of a lock timeout and of a deadlock. */
const RETRYABLE = ['55P03', '40P01']

/** Migrations are pending, or they do not match the migration history of the database. */
export class MigrationError extends Error {
  override name = 'MigrationError'
}

/**
 * Applies all pending migrations in one transaction, under an advisory lock that serializes concurrent instances. If
 * the process is killed, the transaction is rolled back. If a table is locked, for example by a backup, the transaction
 * is retried without limit.
 *
 * @param onWait called with a log message before each wait
 * @returns the names of the applied migrations, in order
 * @throws MigrationError if the migration history of the database does not match the migrations
 */
export async function applyMigrations(databaseUrl: string, onWait: (message: string) => void = () => {}) {
  return await withClient(databaseUrl, async (client) => {
    for (;;) {
      if ((await pendingMigrations(client)).length === 0) return []
      try {
        return await applyPending(client, onWait)
      } catch (error) {
        const { code } = readFailure(error)
        if (!RETRYABLE.includes(code)) throw error
        await client.query('ROLLBACK')
        onWait(`the migrations could not lock a table (SQLSTATE ${code}): retrying in ${RETRY_DELAY} ms`)
        await sleep(RETRY_DELAY)
      }
    }
  })
}

async function applyPending(client: pg.Client, onWait: (message: string) => void): Promise<string[]> {
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  await client.query('SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0')
  const { rows } = await client.query(`SELECT pg_try_advisory_xact_lock(${LOCK_ID}) AS is_locked`)
  if (!rows[0].is_locked) {
    onWait('waiting for another instance to apply the migrations')
    await client.query(`SELECT pg_advisory_xact_lock(${LOCK_ID})`)
  }
  await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`)
  await client.query(CREATE_HISTORY)
  const pending = await pendingMigrations(client)
  for (const { name, sql, checksums } of pending) {
    await client.query(sql)
    await client.query(RECORD, [randomUUID(), checksums[0], name])
  }
  await client.query('COMMIT')
  return pending.map(({ name }) => name)
}

/**
 * Checks that no migrations are pending. Read-only.
 * @throws MigrationError that names the pending migrations
 */
export async function checkMigrations(databaseUrl: string): Promise<void> {
  const pending = await listPending(databaseUrl)
  if (pending.length > 0) {
    throw new MigrationError(`${countOf(pending.length, 'pending migration')}: ${pending.join(', ')}`)
  }
}

/**
 * Returns the names of pending migrations. Read-only.
 * @throws MigrationError if the migration history of the database does not match the migrations
 */
export async function listPending(databaseUrl: string): Promise<string[]> {
  return (await withClient(databaseUrl, pendingMigrations)).map(({ name }) => name)
}

async function pendingMigrations(client: pg.Client) {
  const exists = await client.query(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists`)
  const { rows } = exists.rows[0].exists ? await client.query(READ_HISTORY) : { rows: [] }
  const migrations = await readMigrations()
  const unknown = rows.filter((row) => !migrations.some(({ name }) => name === row.name)).map(({ name }) => name)
  if (unknown.length > 0) {
    throw new MigrationError(
      `the database has migrations of a newer version of the service: ${unknown.sort().join(', ')}`,
    )
  }
  return migrations.filter(({ name, checksums }) => {
    const applied = rows.find((row) => row.name === name)
    if (!applied) return true
    if (applied.finished && checksums.includes(applied.checksum)) return false
    const problem = applied.finished
      ? 'was modified after it was applied'
      : 'was started but not finished: resolve it manually'
    throw new MigrationError(`migration ${name} ${problem}`)
  })
}

/**
 * Reads the migrations. Each has two `checksums`. The first is of the file with LF line endings, and is recorded in the
 * history. The second is of the file with CRLF, which Git may use on Windows: older installations may have recorded it.
 */
async function readMigrations() {
  const names = (await readdir(folder)).filter((name) => /^\d{14}_/.test(name)).sort()
  return await Promise.all(
    names.map(async (name) => {
      const file = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8')
      const sql = file.replaceAll('\r\n', '\n')
      return { name, sql, checksums: [sql, sql.replaceAll('\n', '\r\n')].map(sha256) }
    }),
  )
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
