import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { withClient } from './database.js'
import { readFailure } from './errors.js'

const folder = new URL('../../prisma/migrations/', import.meta.url)

/** Prisma's own table, so that `prisma migrate deploy` and `status` agree with what is done here. */
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

/** Any number will do, as long as every instance uses the same one. */
const LOCK_ID = `hashtext('neptun-projects-resources migrations')`

/**
 * How long a migration waits for a lock on a table: while it waits, all other statements on that table wait behind it. Below
 * the default of DATABASE_LOCK_TIMEOUT, so that these succeed when it gives up.
 */
const LOCK_TIMEOUT = '300ms'

/** Delay before migrations that did not get a lock are tried again, in milliseconds. */
const RETRY_DELAY = 2000

/** SQLSTATEs of a lock timeout and of a deadlock. */
const RETRYABLE = ['55P03', '40P01']

/** The migrations and the database do not go together; the message says how. */
export class MigrationError extends Error {
  override name = 'MigrationError'
}

/**
 * Applies the pending migrations, all in one transaction under an advisory lock: instances that start together take
 * turns, and a process that is killed midway leaves nothing half done. While another transaction holds a table, such as
 * that of a backup, it is tried again and again.
 *
 * @param onWait called with a message for the log, before each wait
 * @returns the names of the migrations that were applied, in order; none when the database is up to date
 * @throws MigrationError if the database's history and the migrations at hand contradict each other
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
        onWait(
          `the migrations did not get a lock on a table within ${LOCK_TIMEOUT} (${code}): retry in ${RETRY_DELAY} ms`,
        )
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
    onWait('waiting for another instance that applies the migrations')
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
 * Checks that nothing is pending, without writing anything.
 * @throws MigrationError that names the pending migrations
 */
export async function checkMigrations(databaseUrl: string): Promise<void> {
  const pending = await listPending(databaseUrl)
  if (pending.length > 0) {
    const noun = pending.length === 1 ? 'migration' : 'migrations'
    throw new MigrationError(`the database lacks ${pending.length} ${noun}: ${pending.join(', ')}`)
  }
}

/**
 * Returns the names of the pending migrations.
 * @throws MigrationError if the database's history and the migrations at hand contradict each other
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
      `the database belongs to a newer version of the service, with ${unknown.sort().join(', ')}`,
    )
  }
  return migrations.filter(({ name, checksums }) => {
    const applied = rows.find((row) => row.name === name)
    if (!applied) return true
    if (applied.finished && checksums.includes(applied.checksum)) return false
    const problem = applied.finished
      ? 'was changed after it had been applied'
      : 'began earlier and never finished: resolve it by hand'
    throw new MigrationError(`migration ${name} ${problem}`)
  })
}

/**
 * Reads the migrations. A checkout can have the line endings of Windows, and so can the one that a migration was applied
 * from: `checksums` has the checksum of the file with either, first with those of the repository.
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
