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

/** An operation that failed with a client error. */
export interface Failure {
  /** Index of the operation in the request. */
  index: number
  error: ApiError
}

/** Serializes the transactions of a user within this process. `timeout` is in milliseconds. */
const PER_USER = { permits: 1, maxWaiting: 64, timeout: 10_000 }
/** Bounds the queue of all transactions. `timeout` is in milliseconds. */
const QUEUE = { maxWaiting: 64, timeout: 10_000 }

/**
 * Performs operations for a user atomically, in one transaction.
 * @param toError combines the failures into the error that is thrown
 */
export type Perform = (userId: number, calls: Call[], toError: (failures: Failure[]) => ApiError) => Promise<Result[]>

/**
 * Creates a function that performs operations with bounded concurrency.
 * @param poolSize the number of database connections. The maximum number of concurrent transactions is half of it,
 *   rounded down and limited to the range from 1 to 4
 * @returns a function that throws ApiError 503 if a queue is full or the wait times out
 */
export function createPerform(database: Pick<Database, 'prisma'>, poolSize: number): Perform {
  const userSemaphores = createKeyedSemaphore(PER_USER)
  const semaphore = new Semaphore({ ...QUEUE, permits: Math.max(1, Math.min(4, Math.floor(poolSize / 2))) })

  return async (userId, calls, toError) => {
    const releaseUser = await userSemaphores.acquire(userId)
    const release = releaseUser && (await semaphore.acquire())
    try {
      if (!release) throw new ApiError('OVERLOADED', { retryAfter: 1 })
      return await inTransaction(database, userId, async (work) => {
        const results: Result[] = []
        const failures: Failure[] = []
        for (const [index, { operation, params, body }] of calls.entries()) {
          try {
            results.push(await operation.run(work, params, body))
          } catch (error) {
            // After any other error, such as one of the database, the transaction cannot continue.
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
