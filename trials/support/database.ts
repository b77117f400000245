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

/** How it goes away: it tells its clients; it does not; or each of its processes stands still, its sockets open. */
export type Absence = 'fast shutdown' | 'kill -9' | 'frozen'

/** A PostgreSQL that can go away and come back, at the same port and with the same data. */
export interface Database {
  url: string
  goAway(how: Absence): Promise<void>
  /** Resolves when it accepts connections. */
  comeBack(): Promise<void>
  /** Ends it for good. */
  end(): Promise<void>
}

const NAME = 'neptun'

/** The name under which the service's connections are known. */
const SERVICE = `application_name = 'neptun-projects-resources'`

/** One user writes as much as all do otherwise. */
export const UNLIMITED_ROWS = `
  CREATE OR REPLACE FUNCTION max_project_rows() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1000000000'`

const LINK_FILE = `
  INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id)
  SELECT $2, id, neptun_user_id FROM user_files WHERE neptun_user_id = $1`

const CREATE_SESSIONS = `
  INSERT INTO sessions (neptun_user_id, token_hash, expires_at)
  SELECT $1, sha256(convert_to(token, 'UTF8')), now() + interval '1 day' FROM unnest($2::text[]) AS token`

/**
 * Starts a PostgreSQL with the demonstration data. Its settings are PostgreSQL's own, so what it has acknowledged is on
 * the disk: fsync, full_page_writes and synchronous_commit are on.
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

  async function goAway(how: Absence) {
    if (how === 'frozen') {
      unfreeze = await freeze(url, await postmasterOf(folder))
      return
    }
    if (how === 'kill -9') await killPostmaster(url, await postmasterOf(folder))
    await postgres?.stop()
    postgres = undefined
  }

  async function comeBack() {
    await unfreeze?.()
    unfreeze = undefined
    postgres ??= await startPostgres({ folder, settings: { port: new URL(url).port } })
  }

  return {
    url,
    goAway,
    comeBack,
    end: async () => {
      await unfreeze?.()
      await postgres?.stop()
    },
  }
}

async function postmasterOf(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

/** Resolves when the last backend has ended: one that is busy serves on until it has nothing to do, and looks up. */
async function killPostmaster(url: string, postmaster: number): Promise<void> {
  const { rows } = await withClient(url, (client) => client.query<{ pid: number }>('SELECT pid FROM pg_stat_activity'))
  process.kill(postmaster, 'SIGKILL')
  while (rows.some(({ pid }) => isAlive(pid))) await sleep(1)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/**
 * Stops every process of a PostgreSQL, the postmaster first so that no new one comes.
 *
 * They are continued by a shell that waits for its standard input to end: so they are also when this process is killed,
 * and the keeper can end them then.
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

/** Which of these paths are not stored as imports, and how many are that are not among them. */
export async function compare(url: string, acknowledged: Set<string>): Promise<{ missing: string[]; others: number }> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query(`SELECT source_path FROM imports WHERE source_path LIKE '/trials/%'`)
    const stored = new Set(rows.map((row) => row.source_path as string))
    const missing = [...acknowledged].filter((path) => !stored.has(path))
    return { missing, others: stored.size - acknowledged.size + missing.length }
  })
}

/** How many connections the service has, as PostgreSQL sees it. */
export async function countConnections(url: string): Promise<number> {
  return await withClient(url, async (client) => {
    const { rowCount } = await client.query(`SELECT FROM pg_stat_activity WHERE ${SERVICE}`)
    return rowCount ?? 0
  })
}

/** Ends each of the service's connections, whatever it is doing. @returns how many there were */
export async function terminateConnections(client: pg.Client): Promise<number> {
  const { rowCount } = await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${SERVICE}`)
  return rowCount ?? 0
}
