import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './database.js'

/** How long ended sessions and webhook deliveries are kept, in milliseconds. GitHub can redeliver for three days. */
const RETENTION = 30 * 24 * 60 * 60 * 1000

/** How long idempotency keys are kept, in milliseconds: an hour longer than they are valid, because clocks differ. */
const KEY_RETENTION = 25 * 60 * 60 * 1000

/** Rows per statement, and the pause between statements in milliseconds, so that no other statement waits for long. */
const BATCH_SIZE = 500
const PAUSE = 100

/**
 * Deletes sessions that ended, and webhook deliveries that were received, 30 days ago or earlier, and expired idempotency keys.
 * @returns how many rows of each
 */
export async function deleteExpired({ prisma }: Pick<Database, 'prisma'>, isStopped: () => boolean = () => false) {
  const lt = new Date(Date.now() - RETENTION)
  const inBatches = async (deleteBatch: () => Promise<{ count: number }>) => {
    for (let total = 0; ; await sleep(PAUSE)) {
      const { count } = await deleteBatch()
      total += count
      if (count < BATCH_SIZE || isStopped()) return total
    }
  }
  const sessions = await inBatches(() =>
    prisma.session.deleteMany({ where: { OR: [{ expires_at: { lt } }, { revoked_at: { lt } }] }, limit: BATCH_SIZE }),
  )
  const deliveries = await inBatches(() =>
    prisma.githubDelivery.deleteMany({ where: { received_at: { lt } }, limit: BATCH_SIZE }),
  )
  const expired = { lt: new Date(Date.now() - KEY_RETENTION) }
  const keys = await inBatches(() =>
    prisma.idempotencyKey.deleteMany({ where: { created_at: expired }, limit: BATCH_SIZE }),
  )
  return { sessions, deliveries, keys }
}
