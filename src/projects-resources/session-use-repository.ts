import type { BaseLogger } from 'pino'
import type { Database } from '../database/database.js'

/** How long uses are collected before they are written together, in milliseconds. */
const DELAY = 1000

/** Maximum number of sessions per statement. */
const BATCH_SIZE = 256

/**
 * Records when sessions were last used: fire-and-forget, with one statement for all sessions of a second. A statement per
 * session would cost more than the requests themselves when many users return at the same time.
 */
export function createSessionUseRepository({ prisma }: Pick<Database, 'prisma'>, log: Pick<BaseLogger, 'warn'>) {
  const pending = new Map<number, Date>()
  let timer: NodeJS.Timeout | undefined

  /** Writes what is pending. Never rejects: a failure is logged, and the next request of the session records it again. */
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
    /** @param usedAt the database's time */
    record(sessionId: number, usedAt: Date): void {
      pending.set(sessionId, usedAt)
      timer ??= setTimeout(flush, DELAY).unref()
    },
    flush,
  }
}

/** Repeats the last id up to the next power of two, so that few different statements have to be prepared. */
function padIds(ids: number[]): number[] {
  const size = 2 ** Math.ceil(Math.log2(ids.length))
  return [...ids, ...Array<number>(size - ids.length).fill(ids.at(-1) ?? 0)]
}
