import { type FSWatcher, watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'

export interface WatchOptions {
  folder: string
  /** Folders and files in it, by their path from there, that do not matter. */
  ignore: string[]
  /** Told of one of the files that changed, once for all that change together. */
  onChange: (file: string) => void
}

/** How long it must be quiet before a change is told: an editor or `git checkout` writes in several steps. */
const QUIET = 100

const SOURCE = /\.(ts|js|mjs|json)$/

/**
 * Watches the source files in a folder and in the folders below it.
 *
 * Each folder is watched by itself: the recursive mode of Node 20 on Linux misses files that are replaced by a rename,
 * which is how many editors save.
 *
 * @returns ends the watch
 */
export async function watchFolder({ folder, ignore, onChange }: WatchOptions): Promise<() => void> {
  const watchers = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  async function watchTree(path: string): Promise<void> {
    if (closed || ignore.includes(path)) return
    if (!watchers.has(path)) {
      const watcher = watch(join(folder, path), (event, name) => noticed(path, event, name))
      watchers.set(
        path,
        watcher.on('error', () => forget(path)),
      )
    }
    const entries = await readdir(join(folder, path), { withFileTypes: true })
    await Promise.all(entries.filter((entry) => entry.isDirectory()).map((entry) => watchTree(join(path, entry.name))))
  }

  function noticed(path: string, event: string, name: string | null): void {
    // Something came or went, perhaps a folder, perhaps this one: watch what there is now.
    if (event === 'rename' && name === basename(path)) forget(path)
    if (event === 'rename') watchTree(path).catch(() => forget(path))
    if (!name || !SOURCE.test(name)) return
    const file = join(path, name)
    if (ignore.includes(file)) return
    clearTimeout(timer)
    timer = setTimeout(onChange, QUIET, file)
  }

  function forget(path: string): void {
    watchers.get(path)?.close()
    watchers.delete(path)
  }

  await watchTree('')
  return () => {
    closed = true
    clearTimeout(timer)
    for (const watcher of watchers.values()) watcher.close()
  }
}
