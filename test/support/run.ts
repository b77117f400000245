// `npm test`: starts a PostgreSQL of its own, compiles, runs tap, and leaves nothing running.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { applyMigrations } from '../../src/database/migrations.js'
import { keep } from '../../src/dev/keeper.js'
import { type Postgres, startPostgres } from '../../src/dev/postgres.js'
import { StartError } from '../../src/dev/start-error.js'
import { compile, compiledArgument } from './compile.js'
import { FREE_DATABASES } from './database.js'

const TEMPLATE = 'template'

/** Nothing has to survive a crash, and every file of tests has a pool of its own. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  autovacuum: 'off',
}

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort())

const folder = await mkdtemp(join(tmpdir(), 'neptun-test-'))
try {
  process.exitCode = await runTests(folder)
} catch (error) {
  process.exitCode = 1
  if (error instanceof StartError) console.error(error.message)
  else if (!interrupted.signal.aborted) throw error
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function runTests(folder: string): Promise<number> {
  const postgres = await startPostgres({ folder, settings: SETTINGS, signal: interrupted.signal })
  try {
    await Promise.all([createTemplate(postgres), compile()])
    return await runTap({ ...process.env, TEST_DATABASE_URL: postgres.url('postgres'), TEST_TEMPLATE: TEMPLATE })
  } finally {
    await postgres.stop()
  }
}

async function createTemplate(postgres: Postgres): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url('postgres') })
  await client.connect()
  await client.query(FREE_DATABASES)
  await client.query(`CREATE DATABASE ${TEMPLATE}`)
  await client.end()
  await applyMigrations(postgres.url(TEMPLATE))
}

/** tap is kept like PostgreSQL, so that it ends with this process; which is also why a Ctrl-C has to be passed on. */
async function runTap(env: NodeJS.ProcessEnv): Promise<number> {
  const bin = fileURLToPath(new URL('run.mjs', import.meta.resolve('tap')))
  const tap = keep({
    command: process.execPath,
    args: [bin, ...process.argv.slice(2).map(compiledArgument)],
    env,
    signals: ['SIGTERM', 'SIGKILL'],
    grace: 5000,
    output: 'inherit',
  })
  if (interrupted.signal.aborted) tap.stop()
  interrupted.signal.addEventListener('abort', tap.stop)
  return (await tap.exited) ?? 1
}
