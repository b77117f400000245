import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../dev/postgres.js'
import { withClient } from '../src/database/database.js'
import { applyMigrations } from '../src/database/migrations.js'
import { type Dataset, loadData } from './data.js'

/**
 * PostgreSQL settings. Durability is the default (fsync, synchronous_commit): a created import is on disk before the
 * response is sent. Timed checkpoints and autovacuum are disabled, so that they do not affect individual measurements;
 * data.ts vacuums after it loads the data and after each measurement of creates.
 */
const SETTINGS = {
  shared_buffers: '1GB',
  max_connections: '150',
  max_wal_size: '8GB',
  min_wal_size: '512MB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
  maintenance_work_mem: '512MB',
}

export interface BenchPostgres {
  /** A temporary directory, which is removed afterwards. */
  folder: string
  /** Creates and fills a database, and returns its URL. */
  createDatabase(name: string, dataset: Dataset): Promise<string>
  urlOf(name: string): string
}

/**
 * Raises the limit of rows in each list of a project (1000 by default), so that no contender's create is refused,
 * however fast it is.
 */
const UNLIMITED_ROWS = `
  CREATE OR REPLACE FUNCTION max_project_rows() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1000000000'`

/** Runs PostgreSQL in a temporary directory until `use` has finished. */
export async function withPostgres<T>(signal: AbortSignal, use: (postgres: BenchPostgres) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'neptun-bench-'))
  try {
    const postgres = await startPostgres({ folder, settings: SETTINGS })
    try {
      signal.throwIfAborted()
      const createDatabase = async (name: string, dataset: Dataset) => {
        await withClient(postgres.url('postgres'), (client) => client.query(`CREATE DATABASE ${name}`))
        await applyMigrations(postgres.url(name))
        await withClient(postgres.url(name), (client) => client.query(UNLIMITED_ROWS))
        await loadData(postgres.url(name), dataset)
        return postgres.url(name)
      }
      return await use({ folder, createDatabase, urlOf: postgres.url })
    } finally {
      await postgres.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
