import type pg from 'pg'
import { withClient } from '../database/database.js'
import { applyMigrations, MigrationError } from '../database/migrations.js'
import { seedDemoData } from '../demo-data.js'
import type { Postgres } from './postgres.js'
import { StartError } from './start-error.js'

const NAME = 'neptun'
const UNFINISHED = 'neptun_setup'

/**
 * Makes the database of a new PostgreSQL, with demonstration data, or brings the one that is there up to date.
 *
 * A new one gets its name only when complete: after a first start that was killed, the next starts afresh.
 *
 * @returns its URL
 */
export async function ensureDatabase(postgres: Postgres, say: (what: string) => void): Promise<string> {
  const url = postgres.url(NAME)
  if (await withClient(postgres.url('postgres'), databaseExists)) {
    await updateDatabase(url, say)
    return url
  }
  say('making the database, with demonstration data')
  await withClient(postgres.url('postgres'), async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${UNFINISHED} WITH (FORCE)`)
    await client.query(`CREATE DATABASE ${UNFINISHED}`)
    await updateDatabase(postgres.url(UNFINISHED), () => {})
    await client.query(`ALTER DATABASE ${UNFINISHED} RENAME TO ${NAME}`)
  })
  return url
}

/**
 * Applies pending migrations, and writes demonstration data where there is no user yet.
 * @throws StartError if the database and the migrations contradict each other
 */
export async function updateDatabase(databaseUrl: string, say: (what: string) => void): Promise<void> {
  try {
    const applied = await applyMigrations(databaseUrl, say)
    if (applied.length > 0) say(`applied migrations: ${applied.join(', ')}`)
    if (await seedDemoData(databaseUrl, 'development')) say('wrote demonstration data')
  } catch (error) {
    throw error instanceof MigrationError ? new StartError(error.message) : error
  }
}

async function databaseExists(client: pg.Client): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [NAME])
  return rowCount === 1
}
