import { closeSync, openSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ENVIRONMENT } from './cluster.js'
import { type Kept, keep } from './keeper.js'
import { findFreePort } from './port.js'
import type { PostgresUser } from './postgres-user.js'
import { StartError } from './start-error.js'

export interface RunOptions {
  /** PostgreSQL's data folder. */
  cluster: string
  /** The file that its log goes to, anew at each start. */
  log: string
  postgres: string
  user: PostgresUser
  settings: Record<string, string>
  signal: AbortSignal | undefined
}

/** How long it may take to accept connections: after a crash, it first repeats what had not reached its files. */
const START_TIMEOUT = 60_000

/** Failures that pass: the port was taken in the meantime, or children of one that was killed are about to end. */
const PASSING = /could not create any TCP\/IP sockets|shared memory block .* still in use/

/**
 * Runs PostgreSQL on a free port of 127.0.0.1, and returns when it accepts connections.
 * @throws StartError with PostgreSQL's own reason
 */
export async function runPostgres(options: RunOptions): Promise<{ running: Kept; port: number }> {
  const deadline = Date.now() + START_TIMEOUT
  for (;;) {
    const port = await findFreePort()
    const before = await readStatus(options.cluster)
    const running = await spawnPostgres(options, port)
    if (await isReady(running, before, deadline, options)) return { running, port }
    const failure = await readFailure(options.log)
    if (!PASSING.test(failure) || Date.now() > deadline) throw new StartError(`PostgreSQL did not start: ${failure}`)
    await sleep(50)
  }
}

async function spawnPostgres({ cluster, log, postgres, user, settings }: RunOptions, port: number): Promise<Kept> {
  const all = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '', ...settings }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // Not truncated but made anew: the last one may be another user's.
  await rm(log, { force: true })
  const output = openSync(log, 'w', 0o600)
  const running = keep({
    ...user.run(postgres, ['-D', cluster, ...flags]),
    env: ENVIRONMENT,
    cwd: '/',
    signals: ['SIGINT', 'SIGQUIT'],
    grace: 5000,
    output,
  })
  closeSync(output)
  return running
}

/** Whether it came to accept connections; if not, it has ended. */
async function isReady(running: Kept, before: string, deadline: number, { cluster, signal }: RunOptions) {
  let ended = false
  const exited = running.exited.then(() => {
    ended = true
  })
  while (!ended) {
    const status = await readStatus(cluster)
    // The last line is PostgreSQL's own word, the same that pg_ctl waits for.
    if (status !== before && /^ready *$/m.test(status)) return true
    if (signal?.aborted || Date.now() > deadline) running.stop()
    await Promise.race([exited, sleep(10)])
  }
  signal?.throwIfAborted()
  return false
}

async function readStatus(cluster: string): Promise<string> {
  return await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
}

async function readFailure(log: string): Promise<string> {
  const lines = (await readFile(log, 'utf8')).trim().split('\n')
  const fatal = lines.findIndex((line) => line.includes('FATAL:'))
  return (fatal < 0 ? lines.slice(-3) : lines.slice(fatal)).join(' ') || 'it ended without a word'
}
