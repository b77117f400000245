import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './database.js'
import type { SessionLimits } from './session-limits.js'

/**
 * Retention of ended sessions and webhook deliveries, in milliseconds. The row of a delivery detects redeliveries,
 * which the owner of the GitHub App can request for three days.
 */
const RETENTION = 30 * 24 * 60 * 60 * 1000

/** Retention of idempotency keys, in milliseconds. One hour longer than they are valid, to allow for clock skew. */
const KEY_RETENTION = 25 * 60 * 60 * 1000

/** Maximum number of rows per statement. Small, so that other statements do not wait long for locks. */
const BATCH_SIZE = 500
/** Pause between statements, in milliseconds. */
const PAUSE = 100

/**
 * Deletes sessions that ended more than 30 days ago, webhook deliveries of that age, and expired idempotency keys, in
 * batches.
 * @param isStopped polled after each batch, to stop early at shutdown
 * @returns the numbers of deleted sessions, deliveries and keys
 */
export async function deleteExpired(
  { prisma }: Pick<Database, 'prisma'>,
  { SESSION_IDLE_TIMEOUT: idle, SESSION_MAX_AGE: age }: SessionLimits = {},
  isStopped: () => boolean = () => false,
) {
  const lt = new Date(Date.now() - RETENTION)
  const endedAfter = (milliseconds: number) => ({ lt: new Date(lt.getTime() - milliseconds) })
  const hasEnded = [
    { expires_at: { lt } },
    { revoked_at: { lt } },
    ...(idle ? [{ last_used_at: endedAfter(idle) }] : []),
    ...(age ? [{ created_at: endedAfter(age) }] : []),
  ]
  const inBatches = async (deleteBatch: () => Promise<{ count: number }>) => {
    for (let total = 0; ; await sleep(PAUSE)) {
      const { count } = await deleteBatch()
      total += count
      if (count < BATCH_SIZE || isStopped()) return total
    }
  }
  const sessions = await inBatches(() => prisma.session.deleteMany({ where: { OR: hasEnded }, limit: BATCH_SIZE }))
  const deliveries = await inBatches(() =>
    prisma.githubDelivery.deleteMany({ where: { received_at: { lt } }, limit: BATCH_SIZE }),
  )
  const expired = { lt: new Date(Date.now() - KEY_RETENTION) }
  const keys = await inBatches(() =>
    prisma.idempotencyKey.deleteMany({ where: { created_at: expired }, limit: BATCH_SIZE }),
  )
  return { sessions, deliveries, keys }
}
