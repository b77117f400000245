import type { Database } from '../database/database.js'
import { ApiError } from '../errors.js'
import { createKeyedSemaphore, Semaphore } from '../projects-resources/semaphore.js'
import type { Operation, Result } from './operation.js'
import { inTransaction } from './transaction.js'

/** An operation with valid arguments. */
export interface Call {
  operation: Operation
  params: Record<string, number>
  body: Record<string, unknown>
}

/** An operation that was refused. */
export interface Failure {
  /** Its index among the operations. */
  index: number
  error: ApiError
}

/** Transactions of one user run one at a time. */
const PER_USER = { permits: 1, maxWaiting: 64, timeout: 10_000 }
/** The queue of all transactions; `timeout` is in milliseconds. */
const QUEUE = { maxWaiting: 64, timeout: 10_000 }

/** Performs operations for a user in one transaction: all of them, or none. */
export type Perform = (userId: number, calls: Call[], toError: (failures: Failure[]) => ApiError) => Promise<Result[]>

/**
 * @param poolSize the number of connections to the database, of which these transactions take at most half
 */
export function createPerform(database: Pick<Database, 'prisma'>, poolSize: number): Perform {
  const ofUsers = createKeyedSemaphore(PER_USER)
  const ofAll = new Semaphore({ ...QUEUE, permits: Math.max(1, Math.min(4, Math.floor(poolSize / 2))) })

  return async (userId, calls, toError) => {
    const releaseUser = await ofUsers.acquire(userId)
    const release = releaseUser && (await ofAll.acquire())
    try {
      if (!release) throw new ApiError('OVERLOADED', { retryAfter: 1 })
      return await inTransaction(database, userId, async (work) => {
        const results: Result[] = []
        const failures: Failure[] = []
        for (const [index, { operation, params, body }] of calls.entries()) {
          try {
            results.push(await operation.run(work, params, body))
          } catch (error) {
            // All others have failed in the database, which ends the transaction.
            if (!(error instanceof ApiError)) throw error
            failures.push({ index, error })
          }
        }
        if (failures.length > 0) throw toError(failures)
        return results
      })
    } finally {
      release?.()
      releaseUser?.()
    }
  }
}
