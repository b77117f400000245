import { isDatabaseUnavailable, isLockTimeout } from '../database/errors.js'
import { ApiError, tooManyRequests } from '../errors.js'
import type { Owner } from './owner.js'
import { createKeyedSemaphore, type Release, Semaphore } from './semaphore.js'

/**
 * Maximum numbers of concurrent database calls: writes to one project, calls of a user to one repository, and all
 * calls of a user. (A repository is a data access object here, such as that of imports.) A call that waits for a lock
 * occupies a connection: a lock on a project's row can block all writes to this project, and a lock on a table can
 * block all calls of the repository that uses the table. Each limit is smaller than the next, and the last is smaller
 * than the default pool, so that a lock does not block other projects, other repositories or other users.
 */
const WRITES_PER_PROJECT = 2
const CALLS_PER_USER_AND_REPOSITORY = 3
const CALLS_PER_USER = 4

/**
 * Maximum share of the pool for the calls of one repository. A pool of three or fewer connections has no such limit.
 */
const POOL_SHARE = 0.7

/** The queue of each user and each project; `timeout` is in milliseconds. */
const QUEUE = { maxWaiting: 128, timeout: 15_000 }

/** Names of repository methods that only read. Reads never wait for row locks. */
const READS = /^(count|find|list|read)/

type Method = (owner: Owner, ...args: never[]) => Promise<unknown>
type Acquire = (owner: Owner) => ReturnType<Semaphore['acquire']>

export interface ConcurrencyOptions {
  /** Size of the pool. */
  max: number
  /** How long a call may wait for a connection, in milliseconds. */
  connectionTimeoutMillis?: number | undefined
}

/** Creates the limits on concurrent database calls per project, user and repository. */
export function createConcurrencyLimits({ max, connectionTimeoutMillis: timeout = QUEUE.timeout }: ConcurrencyOptions) {
  const writesOfProjects = createKeyedSemaphore({ permits: WRITES_PER_PROJECT, ...QUEUE })
  const callsOfUsers = createKeyedSemaphore({ permits: CALLS_PER_USER, ...QUEUE })
  /** When and why a call last found the database unavailable. The time is that of performance.now(). */
  let unavailableAt = Number.NEGATIVE_INFINITY
  let reason: unknown

  /** Returns a repository whose methods respect the limits. */
  function limit<T extends object>(repository: T): T {
    const callsHere = createKeyedSemaphore({ permits: CALLS_PER_USER_AND_REPOSITORY, ...QUEUE })
    const connections = new Semaphore({
      permits: Math.ceil(POOL_SHARE * max),
      maxWaiting: Number.POSITIVE_INFINITY,
      timeout,
    })
    const acquireConnection: Acquire = () => connections.acquire()
    const forReads: Acquire[] = [
      ({ userId }) => callsHere.acquire(userId),
      ({ userId }) => callsOfUsers.acquire(userId),
      acquireConnection,
    ]
    const forWrites: Acquire[] = [({ projectId }) => writesOfProjects.acquire(projectId), ...forReads]

    /** After an outage or a lock timeout: immediately rejects the waiters that would fail later for the same reason. */
    function rejectWaiters({ userId, projectId }: Owner, isRead: boolean, error: unknown): void {
      unavailableAt = performance.now()
      reason = error instanceof ApiError ? error.cause : error
      writesOfProjects.rejectWaiters(projectId)
      const isRowLocked = isLockTimeout(error) && !isRead
      if (!isRowLocked) callsHere.rejectWaiters(userId)
      if (!isLockTimeout(error)) callsOfUsers.rejectWaiters(userId)
    }

    /** Returns the error of a call that did not get a permit. */
    function refuse({ userId }: Owner, acquire: Acquire, startedAt: number): ApiError {
      if (acquire === acquireConnection) {
        unavailableAt = performance.now()
        reason = new Error('All connections available to one repository are busy')
        callsHere.rejectWaiters(userId)
      }
      if (unavailableAt >= startedAt) return new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause: reason })
      return tooManyRequests('Too many requests of this user are waiting', 1)
    }

    async function run<R>(owner: Owner, isRead: boolean, call: () => Promise<R>): Promise<R> {
      const startedAt = performance.now()
      const held: Release[] = []
      try {
        for (const acquire of isRead ? forReads : forWrites) {
          const permit = acquire(owner)
          const release = permit instanceof Promise ? await permit : permit
          if (!release) throw refuse(owner, acquire, startedAt)
          held.push(release)
        }
        return await call().catch((error) => {
          if (isUnavailable(error)) rejectWaiters(owner, isRead, error)
          throw error
        })
      } finally {
        for (const release of held.reverse()) release()
      }
    }

    const methods = Object.entries(repository) as [string, Method][]
    const limited = methods.map(([name, method]): [string, Method] => [
      name,
      (owner, ...args) => run(owner, READS.test(name), () => method(owner, ...args)),
    ])
    return Object.fromEntries(limited) as T
  }

  return { limit }
}

const isUnavailable = (error: unknown) =>
  error instanceof ApiError ? error.code === 'DATABASE_UNAVAILABLE' : isDatabaseUnavailable(error)
