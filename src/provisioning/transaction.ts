import type { Database } from '../database/database.js'
import { isLockTimeout } from '../database/errors.js'
import type { Prisma } from '../database/generated/client.js'

/** A transaction that writes for one user. A lock on the user's row serializes these transactions across instances. */
export interface UserTransaction {
  transaction: Prisma.TransactionClient
  userId: number
  /** Time of the database at the start of the transaction, truncated to milliseconds. */
  now: Date
  /** Whether the user exists, after the writes so far. */
  isUser: boolean
}

/** Maximum time for which a transaction is retried after lock timeouts, in milliseconds. */
const RETRY_TIMEOUT = 10_000

/**
 * Runs a transaction, which is rolled back if `perform` throws. Retries after a lock timeout: another instance may be
 * performing a sync for the user that takes longer than DATABASE_LOCK_TIMEOUT.
 */
export async function inTransaction<T>(
  database: Pick<Database, 'prisma'>,
  userId: number,
  perform: (work: UserTransaction) => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + RETRY_TIMEOUT
  for (;;) {
    try {
      return await runTransaction(database, userId, perform)
    } catch (error) {
      if (!isLockTimeout(error) || performance.now() > deadline) throw error
    }
  }
}

async function runTransaction<T>(
  { prisma }: Pick<Database, 'prisma'>,
  userId: number,
  perform: (work: UserTransaction) => Promise<T>,
): Promise<T> {
  return await prisma.$transaction(async (transaction) => {
    // NO KEY UPDATE does not block inserts of rows that refer to the user.
    const users = await transaction.$queryRaw<object[]>`
      SELECT FROM users WHERE id = ${userId}::integer FOR NO KEY UPDATE`
    const [time] = await transaction.$queryRaw<{ now: Date }[]>`
      SELECT date_trunc('milliseconds', transaction_timestamp()) AS now`
    return await perform({ transaction, userId, now: time?.now ?? new Date(), isUser: users.length > 0 })
  })
}

/** Returns the next `updated_at` of a row. It increases even if the clock does not advance or is set back. */
export const nextVersion = ({ now }: UserTransaction, { updated_at }: { updated_at: Date }): Date =>
  new Date(Math.max(now.getTime(), updated_at.getTime() + 1))
