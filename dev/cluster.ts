import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from '../src/start-error.js'
import type { PostgresUser } from './postgres-user.js'
import { readProcess } from './processes.js'

/** How long a PostgreSQL in the data folder may take to shut down, in milliseconds. */
const STOP_TIMEOUT = 5000

/** The process title of `npm run dev`, by which another `npm run dev` recognizes it. */
export const TITLE = 'neptun-resources dev'

/** Extracts the errors from a PostgreSQL program's output, on one line. If there are none, returns its last line. */
export function reasonIn(output: string): string {
  const lines = output.trim().split('\n')
  const reasons = lines.filter((line) => /\b(error|detail|hint|FATAL|PANIC|DETAIL|HINT):/.test(line))
  // The server's lines begin with the time and the process id.
  return (reasons.length > 0 ? reasons : lines.slice(-1)).map((line) => line.replace(/^\d.*?\] /, '')).join(' ')
}

export const inUse = (cluster: string, holder: string) =>
  new StartError(`${dirname(cluster)} is in use by ${holder}: stop it, or set DATA_DIR to another folder`)

/**
 * Stops the PostgreSQL that still runs in a data folder because the process that started it was killed.
 * @throws StartError if PostgreSQL does not stop within STOP_TIMEOUT, for example because its `npm run dev` is running
 */
export async function stopLeftover(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid')
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10)
  for (const start = Date.now(); ; await sleep(50)) {
    const found = readProcess(pid)
    if (!found) return
    // The process is a zombie, or an unrelated process with the same id. PostgreSQL would mistake it for a server.
    if (!found.command.includes(` -D ${cluster} `)) return await rm(pidFile, { force: true })
    const isOwned = readProcess(found.parent)?.command.includes(TITLE)
    if (Date.now() - start > STOP_TIMEOUT) throw inUse(cluster, `process ${isOwned ? found.parent : pid}`)
    if (!isOwned) process.kill(pid, 'SIGINT')
  }
}

/** Returns the file with the superuser's password. PostgreSQL ignores additional files in its data folder. */
export const passwordFileOf = (cluster: string) => join(cluster, 'password')

/**
 * Creates PostgreSQL's data folder, including the superuser's password. The data folder is renamed to its final name
 * when it is complete, so that a start that is killed leaves no incomplete folder of that name.
 * @throws StartError with the reason that initdb printed
 */
export async function createCluster(cluster: string, initdb: string, user: PostgresUser): Promise<void> {
  const prefix = `${cluster}.partial-`
  const partial = await mkdtemp(prefix)
  const passwordFile = `${partial}.password`
  await writeFile(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 })
  for (const path of [partial, passwordFile]) await user.own(path)
  const account = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile]
  const size = ['--wal-segsize', '1', '-c', 'shared_buffers=32MB', '-c', 'io_method=sync']
  const flags = ['-D', partial, '--no-locale', '-E', 'UTF8', '--no-sync', '--no-instructions', ...account, ...size]
  const child = user.run(initdb, flags, 'pipe')
  const [[code], errors] = await Promise.all([once(child, 'close'), child.stderr ? text(child.stderr) : ''])
  if (code !== 0) throw new StartError(`PostgreSQL's initdb failed: ${reasonIn(errors) || `exit code ${code}`}`)
  await rename(passwordFile, passwordFileOf(partial))
  await rename(partial, cluster)
  // Remove the partial folders of starts that were killed. Ignore errors: a concurrent start may still be writing.
  for (const name of await readdir(dirname(cluster))) {
    const path = join(dirname(cluster), name)
    if (path.startsWith(prefix)) await rm(path, { recursive: true, maxRetries: 10 }).catch(() => {})
  }
}
