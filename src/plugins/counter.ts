import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'

/**
 * Counts an event.
 * @returns how many events of this key there were in the current window, and in how many seconds it ends
 */
export type Counter = (key: string) => Promise<{ count: number; endsIn: number }>

/** Maximum number of keys in memory. */
const MAX_KEYS = 20_000

/**
 * Creates a counter over fixed windows. `@fastify/rate-limit` counts requests only, and needs one to do it.
 *
 * @param window in milliseconds
 * @param shared counts together with other instances; while Redis does not respond, nothing is counted
 */
export function createCounter(window: number, shared?: { redis: Redis; nameSpace: string }): Counter {
  if (!shared) return createLocalCounter(window)
  const { redis, nameSpace } = shared
  return async (name) => {
    const key = nameSpace + name
    const replies = await redis
      .multi()
      .set(key, 0, 'PX', window, 'NX')
      .incr(key)
      .pttl(key)
      .exec()
      .catch(() => null)
    const [count, milliseconds] = (replies ?? []).slice(1).map(([, value]) => Number(value))
    return { count: count ?? 0, endsIn: toSeconds(milliseconds ?? window) }
  }
}

function createLocalCounter(window: number): Counter {
  const windows = new LRUCache<string, { count: number; endsAt: number }>({ max: MAX_KEYS })
  return async (key) => {
    const now = performance.now()
    const known = windows.get(key)
    const current = known && known.endsAt > now ? known : { count: 0, endsAt: now + window }
    current.count += 1
    windows.set(key, current)
    return { count: current.count, endsIn: toSeconds(current.endsAt - now) }
  }
}

const toSeconds = (milliseconds: number) => Math.max(1, Math.ceil(milliseconds / 1000))
