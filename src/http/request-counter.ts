import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import { LRUCache } from 'lru-cache'
import type { SharedRedis } from './redis.js'

/** Number of events of a key in the current window, and milliseconds until the window ends. */
interface Count {
  count: number
  endsIn: number
}

/** Counts events per key in fixed windows. */
export interface RequestCounter {
  /** Counts an event and returns the new count. */
  add(key: string): Count | Promise<Count>
  /** Returns the current count without counting an event. */
  read(key: string): Count | Promise<Count>
}

/** Maximum number of keys in memory. The least recently used keys are evicted. */
const MAX_KEYS = 20_000

/**
 * Creates a counter.
 *
 * @param window length of a window, in milliseconds
 * @param redis shares the counts with other instances; while it is unavailable, this instance counts its own events
 */
export function createRequestCounter(window: number, redis?: SharedRedis): RequestCounter {
  const local = createLocalCounter(window)
  if (!redis) return local
  const toCount = (count: unknown, endsIn: unknown): Count => ({
    count: Number(count ?? 0),
    endsIn: Math.max(0, Number(endsIn)),
  })
  return {
    async add(key) {
      const name = NAMESPACE + key
      const replies = await redis.run((client) =>
        client.multi().set(name, 0, 'PX', window, 'NX').incr(name).pttl(name).exec(),
      )
      return replies ? toCount(replies[1]?.[1], replies[2]?.[1]) : await local.add(key)
    },
    async read(key) {
      const name = NAMESPACE + key
      const replies = await redis.run((client) => client.multi().get(name).pttl(name).exec())
      return replies ? toCount(replies[0]?.[1], replies[1]?.[1]) : await local.read(key)
    },
  }
}

const NAMESPACE = 'neptun-projects-resources:limit:'

/** Creates a counter in memory. Uses the monotonic clock, because the system clock may be set back. */
function createLocalCounter(window: number): RequestCounter {
  const windows = new LRUCache<string, { count: number; endsAt: number }>({ max: MAX_KEYS })
  const find = (key: string, now: number) => {
    const known = windows.get(key)
    return known && known.endsAt > now ? known : undefined
  }
  // Rounding errors can make the difference slightly longer than the window. Converting that to whole seconds would
  // add a second.
  const timeLeft = (endsAt: number, now: number) => Math.min(window, endsAt - now)
  return {
    add(key) {
      const now = performance.now()
      const known = find(key, now)
      const current = known ?? { count: 0, endsAt: now + window }
      if (!known) windows.set(key, current)
      current.count += 1
      return { count: current.count, endsIn: timeLeft(current.endsAt, now) }
    },
    read(key) {
      const now = performance.now()
      const { count, endsAt } = find(key, now) ?? { count: 0, endsAt: now + window }
      return { count, endsIn: timeLeft(endsAt, now) }
    },
  }
}

type Callback = Parameters<FastifyRateLimitStore['incr']>[1]

/**
 * Adapts a counter to @fastify/rate-limit. The library's own stores use the system clock, and its Redis store does not
 * count while Redis is unavailable.
 */
export function createStore({ add, read }: RequestCounter): FastifyRateLimitStoreCtor {
  const report = (counted: Count | Promise<Count>, callback: Callback) => {
    const succeed = ({ count, endsIn }: Count) => callback(null, { current: count, ttl: endsIn })
    if (counted instanceof Promise) counted.then(succeed, (error) => callback(error))
    else succeed(counted)
  }
  return class Store implements FastifyRateLimitStore {
    incr = (key: string, callback: Callback) => report(add(key), callback)
    read = (key: string, callback: Callback) => report(read(key), callback)
    child = () => this
  }
}

/** Rounds up to whole seconds, at least 1. */
export const toSeconds = (milliseconds: number): number => Math.max(1, Math.ceil(milliseconds / 1000))
