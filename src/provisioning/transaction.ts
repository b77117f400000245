import type { Database } from '../database/database.js'
import { isLockTimeout } from '../database/errors.js'
import type { Prisma } from '../database/generated/client.js'

/** A transaction that writes for one user, whose row is locked in it: the writes of other services for a user take turns. */
export interface UserTransaction {
  transaction: Prisma.TransactionClient
  userId: number
  /** The database's time at the start of the transaction. */
  now: Date
  /** Whether there is such a user, after the writes so far. */
  isUser: boolean
}

/** How long a transaction that does not get a lock is repeated, in milliseconds: others may write for the same user. */
const PATIENCE = 10_000

/**
 * Runs a transaction, again and again while it does not get a lock: another instance may be performing a long sync for the
 * user, and a lock is waited for only as long as DATABASE_LOCK_TIMEOUT. What `perform` throws rolls it back.
 */
export async function inTransaction<T>(
  database: Pick<Database, 'prisma'>,
  userId: number,
  perform: (work: UserTransaction) => Promise<T>,
): Promise<T> {
  const end = performance.now() + PATIENCE
  for (;;) {
    try {
      return await runTransaction(database, userId, perform)
    } catch (error) {
      if (!isLockTimeout(error) || performance.now() > end) throw error
    }
  }
}

async function runTransaction<T>(
  { prisma }: Pick<Database, 'prisma'>,
  userId: number,
  perform: (work: UserTransaction) => Promise<T>,
): Promise<T> {
  return await prisma.$transaction(async (transaction) => {
    // NO KEY: the user's own requests can go on creating rows that refer to it.
    const users = await transaction.$queryRaw<object[]>`
      SELECT FROM users WHERE id = ${userId}::integer FOR NO KEY UPDATE`
    const [time] = await transaction.$queryRaw<{ now: Date }[]>`
      SELECT date_trunc('milliseconds', transaction_timestamp()) AS now`
    return await perform({ transaction, userId, now: time?.now ?? new Date(), isUser: users.length > 0 })
  })
}

/** The next version of a row: every change moves `updated_at`, even if the clock stands still or steps back. */
export const nextVersion = ({ now }: UserTransaction, { updated_at }: { updated_at: Date }): Date =>
  new Date(Math.max(now.getTime(), updated_at.getTime() + 1))
