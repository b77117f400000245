import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readProcess } from './processes.js'
import { StartError } from './start-error.js'

/** A fast shutdown, then an immediate one, and how long each may take. */
const SIGNALS = [
  ['SIGINT', 10_000],
  ['SIGQUIT', 5000],
] as const

/**
 * Ends the PostgreSQL that still runs in a data folder although nobody holds the folder any more, and sees to it that
 * a leftover `postmaster.pid` does not keep the next one from starting.
 *
 * @throws StartError if it does not end
 */
export async function stopOrphan(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid')
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10)
  const found = pid > 0 ? readProcess(pid) : undefined
  // If that process is gone, PostgreSQL deals with the file itself: by the shared memory that the file names, it makes
  // sure that no child of the dead one is left. But it takes any process that has got the id since for another
  // PostgreSQL.
  if (!found) return
  if (!found.command.includes(` -D ${cluster} `)) return await rm(pidFile)
  const gone = () => readProcess(pid)?.started !== found.started
  for (const [signal, patience] of SIGNALS) {
    if (!gone()) process.kill(pid, signal)
    const deadline = Date.now() + patience
    while (!gone() && Date.now() < deadline) await sleep(20)
    if (gone()) return
  }
  throw new StartError(`PostgreSQL (process ${pid}) still runs in ${cluster} and does not end`)
}
