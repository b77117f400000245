import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyMigrations } from '../src/database/migrations.js'
import { withClient } from '../src/database/with-client.js'
import { startPostgres } from '../src/dev/postgres.js'
import { type Dataset, loadData } from './data.js'

/**
 * The same for every contender. Durability is PostgreSQL's default (fsync, synchronous_commit): a created import has
 * reached the disk when it is answered. What would begin by itself in the middle of somebody's turn is kept out of it:
 * checkpoints and autovacuum (data.ts vacuums between the turns).
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
  /** A folder for the run, removed at its end. */
  folder: string
  /** Makes a database with a dataset in it, and returns its URL. */
  createDatabase(name: string, dataset: Dataset): Promise<string>
  urlOf(name: string): string
}

/** Runs a PostgreSQL in a temporary folder for as long as a task takes. */
export async function withPostgres<T>(signal: AbortSignal, use: (postgres: BenchPostgres) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'neptun-bench-'))
  try {
    const postgres = await startPostgres({ folder, settings: SETTINGS, signal })
    try {
      const createDatabase = async (name: string, dataset: Dataset) => {
        await withClient(postgres.url('postgres'), (client) => client.query(`CREATE DATABASE ${name}`))
        await applyMigrations(postgres.url(name))
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
