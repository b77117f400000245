import type { BaseLogger } from 'pino'
import type { Database } from '../database/database.js'

/** How long uses are collected before they are written as a batch, in milliseconds. */
const DELAY = 1000

/** Maximum number of sessions per UPDATE. */
const BATCH_SIZE = 256

/**
 * Records when sessions were last used, fire-and-forget. Uses are batched: one UPDATE per session would cost more than
 * the requests themselves when many users return at the same time.
 */
export function createSessionUseRepository({ prisma }: Pick<Database, 'prisma'>, log: Pick<BaseLogger, 'warn'>) {
  const pending = new Map<number, Date>()
  let timer: NodeJS.Timeout | undefined

  /**
   * Writes the pending uses. Never rejects: it logs failures, and the next request of a session records a use again.
   */
  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const uses = [...pending]
    pending.clear()
    for (let start = 0; start < uses.length; start += BATCH_SIZE) {
      const batch = uses.slice(start, start + BATCH_SIZE)
      const last_used_at = new Date(Math.max(...batch.map(([, usedAt]) => usedAt.getTime())))
      await prisma.session
        .updateMany({ where: { id: { in: padIds(batch.map(([id]) => id)) } }, data: { last_used_at } })
        .catch((err) => log.warn({ err, sessions: batch.length }, 'could not record the last use of sessions'))
    }
  }

  return {
    /** @param usedAt in the database's time */
    record(sessionId: number, usedAt: Date): void {
      pending.set(sessionId, usedAt)
      timer ??= setTimeout(flush, DELAY).unref()
    },
    flush,
  }
}

/** Pads the ids to the next power of two by repeating the last one, to limit the number of prepared statements. */
function padIds(ids: number[]): number[] {
  const size = 2 ** Math.ceil(Math.log2(ids.length))
  return [...ids, ...Array<number>(size - ids.length).fill(ids.at(-1) ?? 0)]
}
