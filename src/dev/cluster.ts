import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { keep } from './keeper.js'
import type { PostgresUser } from './postgres-user.js'
import { StartError } from './start-error.js'

/** What PostgreSQL's programs see of the environment: nothing that could change what they do. */
export const ENVIRONMENT: NodeJS.ProcessEnv = { PATH: process.env['PATH'], LC_ALL: 'C' }

export interface ClusterOptions {
  /** PostgreSQL's data folder. */
  cluster: string
  /** Where the superuser's password is, or is to be. */
  passwordFile: string
  /** The program that makes a data folder. */
  initdb: string
  user: PostgresUser
  onProgress: (what: string) => void
  signal: AbortSignal | undefined
}

/**
 * Makes a data folder unless there is one. It gets its name only when complete, so that there is never half of one.
 *
 * @returns the superuser's password
 * @throws StartError if it cannot be made, or if there is one without its password
 */
export async function ensureCluster(options: ClusterOptions): Promise<string> {
  const { cluster, passwordFile, user } = options
  await removePartial(cluster)
  if (!existsSync(cluster)) {
    options.onProgress('making a database cluster (at the first start only)')
    await writeFile(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 })
    await user.own(passwordFile)
    const partial = `${cluster}.partial-${process.pid}`
    await mkdir(partial, { mode: 0o700 })
    await user.own(partial)
    await runInitdb(partial, options)
    await rename(partial, cluster)
  }
  return await readFile(passwordFile, 'utf8').catch((error) => {
    throw new StartError(`the data in ${dirname(cluster)} cannot be used: delete that folder (${error.message})`)
  })
}

async function runInitdb(folder: string, { passwordFile, initdb, user, signal }: ClusterOptions): Promise<void> {
  const account = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile]
  const size = ['--wal-segsize', '1', '-c', 'shared_buffers=32MB', '-c', 'io_method=sync']
  const flags = ['--no-locale', '-E', 'UTF8', '--no-sync', '--no-instructions', ...account, ...size]
  signal?.throwIfAborted()
  const running = keep({
    ...user.run(initdb, ['-D', folder, ...flags]),
    env: ENVIRONMENT,
    cwd: '/',
    signals: ['SIGINT', 'SIGKILL'],
    grace: 2000,
    output: 'pipe',
  })
  signal?.addEventListener('abort', running.stop, { once: true })
  const [code, ...outputs] = await Promise.all([running.exited, ...running.outputs.map((output) => text(output))])
  signal?.removeEventListener('abort', running.stop)
  signal?.throwIfAborted()
  if (code !== 0)
    throw new StartError(`PostgreSQL's initdb failed: ${reasonIn(outputs.join('')) || `exit code ${code}`}`)
}

/** The error that a program of PostgreSQL's printed, with its details and hints, on one line; else its last line. */
function reasonIn(output: string): string {
  const lines = output.trim().split('\n')
  const reasons = lines.filter((line) => /\b(error|detail|hint|FATAL|PANIC|DETAIL|HINT):/.test(line))
  // The server's lines begin with its time and process id.
  return (reasons.length > 0 ? reasons : lines.slice(-1)).map((line) => line.replace(/^\d.*?\] /, '')).join(' ')
}

/** What a start that was killed left behind. Its initdb may still be about to end, hence the retries. */
async function removePartial(cluster: string): Promise<void> {
  const folder = dirname(cluster)
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${basename(cluster)}.partial`))
  for (const name of names) await rm(join(folder, name), { recursive: true, maxRetries: 10, retryDelay: 50 })
}
