import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readProcess } from './processes.js'
import { StartError } from './start-error.js'

/** How long a holder may go on before it counts as here to stay: it may be about to notice that its npm was killed. */
const PATIENCE = 900
/** How long a holder that has begun to stop is waited for. */
const STOP_PATIENCE = 10_000

interface Holder {
  pid: number
  started: string
  stopping: boolean
}

/** A folder that is this process's own for as long as it runs. */
export interface FolderLock {
  /** Tells whoever wants the folder next that it is worth waiting. */
  announceStop(): Promise<void>
  release(): Promise<void>
}

/**
 * Takes a folder for this process. The lock of a process that has ended, however it ended, is void: it names the
 * process by id and start time, so that an id in use again is not mistaken for it.
 *
 * @param path the file that says who holds the folder
 * @param signal gives up waiting
 * @throws StartError if another live process holds it and does not let go
 */
export async function lockFolder(path: string, signal?: AbortSignal): Promise<FolderLock> {
  const own: Holder = { pid: process.pid, started: readProcess(process.pid)?.started ?? '', stopping: false }
  const draft = `${path}.${process.pid}`
  const began = Date.now()
  try {
    await writeFile(draft, JSON.stringify(own), { mode: 0o600 })
    while (!(await tryLink(draft, path))) {
      signal?.throwIfAborted()
      const holder = await readHolder(path)
      if (!isAlive(holder)) await breakLock(path, draft)
      else if (Date.now() - began > (holder.stopping ? STOP_PATIENCE : PATIENCE)) throw inUse(path, holder)
      else await sleep(25)
    }
  } finally {
    await rm(draft, { force: true })
  }
  return {
    announceStop: () => replace(path, draft, { ...own, stopping: true }),
    release: () => rm(path, { force: true }),
  }
}

function inUse(path: string, { pid }: Holder): StartError {
  return new StartError(
    `${dirname(path)} is in use by process ${pid}: stop that one, or set DATA_DIR to another folder`,
  )
}

/** A link, unlike a written file, is complete from the first moment and fails if there is one. */
async function tryLink(draft: string, path: string): Promise<boolean> {
  return await link(draft, path).then(
    () => true,
    (error) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}

function isAlive(holder: Holder | undefined): holder is Holder {
  return holder !== undefined && readProcess(holder.pid)?.started === holder.started
}

/** Removes a void lock, but not the valid one that another process may have put in its place a moment ago. */
async function breakLock(path: string, draft: string): Promise<void> {
  const removed = `${draft}.void`
  await rename(path, removed).catch(() => {})
  if (isAlive(await readHolder(removed))) await tryLink(removed, path)
  await rm(removed, { force: true })
}

async function replace(path: string, draft: string, holder: Holder): Promise<void> {
  await writeFile(draft, JSON.stringify(holder), { mode: 0o600 })
  await rename(draft, path)
}
