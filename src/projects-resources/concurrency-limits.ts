import { isDatabaseUnavailable, isLockTimeout } from '../database/errors.js'
import { ApiError, tooManyRequests } from '../errors.js'
import type { Owner } from './owner.js'
import { createKeyedPlaces, type Leave, Places } from './semaphore.js'

/**
 * How many calls to the database can be in progress; others wait. A lock makes calls wait in the database, each with a
 * connection: on the row of a project for its writes (which wait for each other, too), on a table for all calls of a repository.
 * Each limit is less than the next, so that other projects, other repositories and other users can go on.
 */
const WRITES_OF_PROJECT = 2
const OF_USER_IN_REPOSITORY = 3
const OF_USER = 4

/** The share of the connections that the calls of one repository can take. Of three or fewer, all. */
const SHARE = 0.7

/** How many calls may wait for a place of their user or project, and how long, in milliseconds. */
const WAITING = { maxWaiting: 64, patience: 15_000 }

/** The names of methods that only read, which never wait for a lock on a row. */
const READS = /^(find|list|read)/

type Method = (owner: Owner, ...args: never[]) => Promise<unknown>
type Take = (owner: Owner) => ReturnType<Places['take']>

export interface TurnsOptions {
  /** The size of the pool. */
  max: number
  /** How long a call waits for a connection, in milliseconds. */
  connectionTimeoutMillis?: number | undefined
}

/** Lets the calls of projects, users and repositories take turns. */
export function createTurns({ max, connectionTimeoutMillis: patience = WAITING.patience }: TurnsOptions) {
  const writes = createKeyedPlaces({ places: WRITES_OF_PROJECT, ...WAITING })
  const calls = createKeyedPlaces({ places: OF_USER, ...WAITING })
  /** When a call last found the database unavailable, by the clock of performance.now(), and why, for the log. */
  let unavailableAt = Number.NEGATIVE_INFINITY
  let reason: unknown

  /** Returns a repository whose methods take turns. */
  function guard<T extends object>(repository: T): T {
    const callsHere = createKeyedPlaces({ places: OF_USER_IN_REPOSITORY, ...WAITING })
    const inTotal = new Places({ places: Math.ceil(SHARE * max), maxWaiting: Number.POSITIVE_INFINITY, patience })
    const takeConnection: Take = () => inTotal.take()
    const forReads: Take[] = [
      ({ userId }) => callsHere.take(userId),
      ({ userId }) => calls.take(userId),
      takeConnection,
    ]
    const forWrites: Take[] = [({ projectId }) => writes.take(projectId), ...forReads]

    /** Ends the waiting of calls whose turns would end like this one, later. */
    function dismiss({ userId, projectId }: Owner, isRead: boolean, error: unknown): void {
      unavailableAt = performance.now()
      reason = error instanceof ApiError ? error.cause : error
      writes.dismiss(projectId)
      const isRowLocked = isLockTimeout(error) && !isRead
      if (!isRowLocked) callsHere.dismiss(userId)
      if (!isLockTimeout(error)) calls.dismiss(userId)
    }

    function refuse({ userId }: Owner, take: Take, begun: number): ApiError {
      if (take === takeConnection) {
        unavailableAt = performance.now()
        reason = new Error('All connections that one repository may take are in use')
        callsHere.dismiss(userId)
      }
      if (unavailableAt >= begun) return new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause: reason })
      return tooManyRequests('Too many requests of this user are waiting', 1)
    }

    async function run<R>(owner: Owner, isRead: boolean, call: () => Promise<R>): Promise<R> {
      const begun = performance.now()
      const taken: Leave[] = []
      try {
        for (const take of isRead ? forReads : forWrites) {
          const place = take(owner)
          const leave = place instanceof Promise ? await place : place
          if (!leave) throw refuse(owner, take, begun)
          taken.push(leave)
        }
        return await call().catch((error) => {
          if (isUnavailable(error)) dismiss(owner, isRead, error)
          throw error
        })
      } finally {
        for (const leave of taken.reverse()) leave()
      }
    }

    const methods = Object.entries(repository) as [string, Method][]
    const guarded = methods.map(([name, method]): [string, Method] => [
      name,
      (owner, ...args) => run(owner, READS.test(name), () => method(owner, ...args)),
    ])
    return Object.fromEntries(guarded) as T
  }

  return { guard }
}

const isUnavailable = (error: unknown) =>
  error instanceof ApiError ? error.code === 'DATABASE_UNAVAILABLE' : isDatabaseUnavailable(error)
