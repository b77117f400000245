import { isDatabaseUnavailable } from '../database/errors.js'
import { ApiError, tooManyRequests } from '../errors.js'
import type { Owner } from './owner.js'
import { createUserPlaces } from './places.js'

/**
 * How many calls to the database one user can have in progress; others wait. Concurrent writes to one project wait for each
 * other in the database, each with a connection: without turns, one user could hold the whole pool.
 */
const PER_USER = { places: 3, maxWaiting: 64, patience: 15_000 }

type Method = (owner: Owner, ...args: never[]) => Promise<unknown>

/** Lets the calls of each user take turns. */
export function createTurns() {
  const places = createUserPlaces(PER_USER)
  /** When a call last found the database unavailable, by the clock of performance.now(). */
  let unavailableAt = Number.NEGATIVE_INFINITY

  async function run<T>(userId: number, call: () => Promise<T>): Promise<T> {
    const taken = places.take(userId)
    const begun = performance.now()
    const leave = taken instanceof Promise ? await taken : taken
    if (!leave && unavailableAt > begun) throw new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1 })
    if (!leave) throw tooManyRequests('Too many requests of this user are waiting', 1)
    try {
      return await call()
    } catch (error) {
      if (isUnavailable(error)) {
        unavailableAt = performance.now()
        // Their own turns would end like this one, later.
        places.dismiss(userId)
      }
      throw error
    } finally {
      leave()
    }
  }

  return {
    /** Returns a repository whose methods take turns. */
    guard<T extends object>(repository: T): T {
      const methods = Object.entries(repository) as [string, Method][]
      const guarded = methods.map(([name, method]): [string, Method] => [
        name,
        (owner, ...args) => run(owner.userId, () => method(owner, ...args)),
      ])
      return Object.fromEntries(guarded) as T
    },
  }
}

const isUnavailable = (error: unknown) =>
  error instanceof ApiError ? error.code === 'DATABASE_UNAVAILABLE' : isDatabaseUnavailable(error)
