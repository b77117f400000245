import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../dev/postgres.js'
import { withClient } from '../../src/database/database.js'
import { applyMigrations } from '../../src/database/migrations.js'
import { demo, seedDemoData } from '../../src/demo-data.js'
import { TOKENS } from './sessions.js'

/**
 * How PostgreSQL fails: it closes its connections, it is killed, or all of its processes are stopped (SIGSTOP) with
 * their sockets open.
 */
export type FailureMode = 'fast shutdown' | 'kill -9' | 'frozen'

/** A PostgreSQL that can fail and recover, with the same port and data. */
export interface Database {
  url: string
  fail(mode: FailureMode): Promise<void>
  /** Resolves when PostgreSQL accepts connections again. */
  recover(): Promise<void>
  stop(): Promise<void>
}

const NAME = 'neptun'

/** Selects the connections of the service's pool in pg_stat_activity, without that of the readiness check. */
const SERVICE = `application_name = 'neptun-projects-resources'`

/** Raises the limit of rows in each list of a project: in most trials, all requests write to one project. */
export const UNLIMITED_ROWS = `
  CREATE OR REPLACE FUNCTION max_project_rows() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1000000000'`

const LINK_FILE = `
  INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id)
  SELECT $2, id, neptun_user_id FROM user_files WHERE neptun_user_id = $1`

const CREATE_SESSIONS = `
  INSERT INTO sessions (neptun_user_id, token_hash, expires_at)
  SELECT $1, sha256(convert_to(token, 'UTF8')), now() + interval '1 day' FROM unnest($2::text[]) AS token`

/**
 * Starts a PostgreSQL with the demonstration data and default durability settings: fsync, full_page_writes and
 * synchronous_commit are on, so an acknowledged write is on disk.
 */
export async function startDatabase(folder: string): Promise<Database> {
  let postgres: Postgres | undefined = await startPostgres({ folder })
  let unfreeze: (() => Promise<void>) | undefined
  await withClient(postgres.url('postgres'), (client) => client.query(`CREATE DATABASE ${NAME}`))
  const url = postgres.url(NAME)
  await applyMigrations(url)
  await withClient(url, (client) => client.query(UNLIMITED_ROWS))
  await seedDemoData(url, 'test')
  await withClient(url, async (client) => {
    await client.query(LINK_FILE, [demo.user.id, demo.user.projectId])
    await client.query(CREATE_SESSIONS, [demo.user.id, TOKENS])
  })

  async function fail(mode: FailureMode) {
    if (mode === 'frozen') {
      unfreeze = await freeze(url, await postmasterOf(folder))
      return
    }
    if (mode === 'kill -9') await killPostmaster(url, await postmasterOf(folder))
    await postgres?.stop()
    postgres = undefined
  }

  async function recover() {
    await unfreeze?.()
    unfreeze = undefined
    postgres ??= await startPostgres({ folder, settings: { port: new URL(url).port } })
  }

  return {
    url,
    fail,
    recover,
    stop: async () => {
      await unfreeze?.()
      await postgres?.stop()
    },
  }
}

async function postmasterOf(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

/**
 * Kills the postmaster and resolves when all backends have exited. A busy backend notices the death of the postmaster
 * only once it is idle.
 */
async function killPostmaster(url: string, postmaster: number): Promise<void> {
  const { rows } = await withClient(url, (client) => client.query<{ pid: number }>('SELECT pid FROM pg_stat_activity'))
  process.kill(postmaster, 'SIGKILL')
  while (rows.some(({ pid }) => isRunning(pid))) await sleep(1)
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/**
 * Stops all PostgreSQL processes with SIGSTOP, the postmaster first so that it forks no new ones.
 *
 * A detached shell continues them when its standard input closes, which also happens if this process is killed. In
 * that case, PostgreSQL gets a SIGINT (dev/postgres-user.ts), which stopped processes cannot handle.
 * @returns a function that continues the processes
 */
async function freeze(url: string, postmaster: number): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  process.kill(postmaster, 'SIGSTOP')
  const { rows } = await client.query<{ pid: number }>('SELECT pid FROM pg_stat_activity')
  const pids = [...rows.map(({ pid }) => pid), postmaster]
  const waker = spawn('sh', ['-c', `read -r line; kill -CONT ${pids.join(' ')}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const woken = new Promise((resolve) => waker.once('close', resolve))
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return async () => {
    waker.stdin.end()
    await woken
    await client.end()
  }
}

/**
 * Compares acknowledged imports with the stored ones.
 * @returns the acknowledged paths that are not stored, and the number of stored paths that were not acknowledged
 */
export async function compare(url: string, acknowledged: Set<string>): Promise<{ missing: string[]; others: number }> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query(`SELECT source_path FROM imports WHERE source_path LIKE '/trials/%'`)
    const stored = new Set(rows.map((row) => row.source_path as string))
    const missing = [...acknowledged].filter((path) => !stored.has(path))
    return { missing, others: stored.size - acknowledged.size + missing.length }
  })
}

/** Counts the connections of the service's pool. The readiness check has one more, which is not counted. */
export async function countConnections(url: string): Promise<number> {
  return await withClient(url, async (client) => {
    const { rowCount } = await client.query(`SELECT FROM pg_stat_activity WHERE ${SERVICE}`)
    return rowCount ?? 0
  })
}

/** Terminates all connections of the service's pool, but not that of the readiness check. @returns their number */
export async function terminateConnections(client: pg.Client): Promise<number> {
  const { rowCount } = await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${SERVICE}`)
  return rowCount ?? 0
}
