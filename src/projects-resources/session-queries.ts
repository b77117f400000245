import { LRUCache } from 'lru-cache'
import { ApiError } from '../errors.js'
import { createKeyedSemaphore } from './semaphore.js'

/**
 * Each user has one session query at a time: their other requests wait, so that the queries of other users find a free
 * connection. While requests wait, each query is followed by a pause that is twice as long, but at most 100 ms. The
 * limits per session in http/in-flight-limit.ts bound the queue. `timeout`, in milliseconds, is shorter than the default
 * of SHUTDOWN_TIMEOUT.
 */
const QUEUE = {
  permits: 1,
  maxWaiting: Number.POSITIVE_INFINITY,
  timeout: 7000,
  cooldown: { factor: 2, maximum: 100 },
}
const EARLIER_FAILED = 'An earlier session query of the same user failed or took too long'

/**
 * Cache of the users of recently valid sessions: maximum size, and time to live in milliseconds. It is shorter than the
 * time for which rate-limits.ts remembers a valid session: the first requests of other sessions occupy a lookup of their
 * address, and must not do so while they wait in the queue of a busy user.
 */
const USERS = { max: 50_000, ttl: 25_000, ttlResolution: 1000 }

/** Creates the queues of session queries. */
export function createSessionQueries() {
  const queues = createKeyedSemaphore<string | number>(QUEUE)
  const users = new LRUCache<string, number>(USERS)
  return {
    /**
     * Runs a session query after the earlier ones of the same user, or of the same session if its user is not known.
     * @throws ApiError 503 if an earlier one found the database unavailable, or took too long
     */
    async run<T>(session: string, query: () => Promise<T>): Promise<T> {
      const queue = users.get(session) ?? session
      const release = await queues.acquire(queue)
      if (!release) throw new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause: new Error(EARLIER_FAILED) })
      try {
        return await query()
      } catch (error) {
        if (error instanceof ApiError && error.code === 'DATABASE_UNAVAILABLE') queues.rejectWaiters(queue)
        throw error
      } finally {
        release()
      }
    },

    /** Remembers the user of a valid session. Only selects the queue: the session query finds the user of each request. */
    remember: (session: string, userId: number): void => void users.set(session, userId),

    /** Call this for a session that is not valid, so that it cannot delay the requests of its user. */
    forget: (session: string): void => void users.delete(session),
  }
}
