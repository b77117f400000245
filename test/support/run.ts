// `npm test`: starts a separate PostgreSQL, compiles the tests, runs tap, and stops all processes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../dev/postgres.js'
import { applyMigrations } from '../../src/database/migrations.js'
import { StartError } from '../../src/start-error.js'
import { compile, compiledArgument } from './compile.js'
import { FREE_DATABASES } from './database.js'

const TEMPLATE = 'template'

/** Faster without durability. Many connections, because every service that a test starts has a pool. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  autovacuum: 'off',
}

/** How long tap may take to exit after an interrupt, in milliseconds. */
const STOP_TIMEOUT = 5000

/** Number of lines of a failure to print: its title and most of its diagnostics, such as the difference of two values. */
const FAILURE_LINES = 15

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort())

/** Where tap stores the results of each test file. */
const RESULTS = join('.tap', 'test-results')

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
  const postgres = await startPostgres({ folder, settings: SETTINGS })
  try {
    await Promise.all([createTemplate(postgres), compile(), rm(RESULTS, { recursive: true, force: true })])
    const env = { ...process.env, TEST_DATABASE_URL: postgres.url('postgres'), TEST_TEMPLATE: TEMPLATE }
    const code = await runTap(env)
    if (code !== 0) await printFailures()
    return code
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

/** Runs tap in a separate process group, so that processes that its tests leave running can be killed with it. */
async function runTap(env: NodeJS.ProcessEnv): Promise<number> {
  const bin = fileURLToPath(new URL('run.mjs', import.meta.resolve('tap')))
  const args = [bin, ...process.argv.slice(2).map(compiledArgument)]
  const { signal } = interrupted
  signal.throwIfAborted()
  const tap = spawn(process.execPath, args, { env, stdio: 'inherit', detached: true })
  const kill = () => signalGroup(tap, 'SIGKILL')
  signal.addEventListener('abort', () => {
    tap.kill('SIGTERM')
    setTimeout(kill, STOP_TIMEOUT).unref()
  })
  const [code] = await once(tap, 'exit')
  kill()
  return code ?? 1
}

/** Repeats failed tests and assertions, with their diagnostics, at the end of the output, where they are easy to find. */
async function printFailures(): Promise<void> {
  for (const path of await readdir(RESULTS, { recursive: true })) {
    if (!path.endsWith('.tap')) continue
    const lines = (await readFile(join(RESULTS, path), 'utf8')).split('\n')
    for (const [index, line] of lines.entries()) {
      if (!/^ *not ok /.test(line)) continue
      const end = lines.findIndex((next, at) => at > index && /^ *(ok|not ok|\d+\.\.\d+|# Subtest)\b/.test(next))
      const rest = lines.slice(index + 1, Math.min(end === -1 ? lines.length : end, index + FAILURE_LINES))
      console.error([`${path}: ${line.trim()}`, ...rest].join('\n'))
    }
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid) process.kill(-pid, signal)
  } catch {
    // All processes of the group have exited.
  }
}
