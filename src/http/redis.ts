import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { createCircuitBreaker } from './circuit-breaker.js'

/** How long a response may take, in milliseconds: no request waits longer for a count. */
const COMMAND_TIMEOUT = 250

/** How long a connection may take, in milliseconds. The start waits for the first one, and goes on without. */
const CONNECT_TIMEOUT = 2000

/** Redis, which the service can do without. */
export interface SharedRedis {
  /** Runs commands; undefined if they fail, or recent ones did. */
  run<T>(commands: (redis: Redis) => Promise<T>): Promise<T | undefined>
  isAvailable(): boolean
  /** Commands that failed so far. */
  failures(): number
}

/**
 * Connects to Redis until the app closes. While Redis is down, frozen or read-only, a circuit breaker is open. The log says
 * when it opens and closes.
 *
 * @param url `redis://user:password@host:6379/0`
 */
export async function connectRedis(app: FastifyInstance, url: string): Promise<SharedRedis> {
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
    connectTimeout: CONNECT_TIMEOUT,
    lazyConnect: true,
    commandTimeout: COMMAND_TIMEOUT,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    connectionName: 'neptun-projects-resources',
    retryStrategy: (attempts) => Math.min(attempts * 100, 2000),
  })
  let lastError: NodeJS.ErrnoException | undefined
  let failures = 0
  redis.on('error', (error: NodeJS.ErrnoException) => {
    lastError = error
  })
  redis.on('ready', () => {
    lastError = undefined
  })
  const breaker = createCircuitBreaker((failure) => {
    if (!failure) return app.log.info('Redis is available again: instances count requests together')
    const { code, message } = lastError ?? causeOf(failure)
    app.log.warn({ reason: code ?? message }, 'Redis is unavailable: each instance counts its own requests')
    // The responses to what was sent may never come, or come too late.
    redis.disconnect(true)
  })
  app.addHook('onClose', async () => redis.disconnect())
  // Without it, the first requests would find no connection.
  await Promise.race([redis.connect().catch(() => {}), sleep(CONNECT_TIMEOUT)])
  const runCounted = async <T>(commands: Promise<T>): Promise<T> => {
    try {
      const replies = await commands
      // A transaction reports the failure of a command in its reply.
      const failed = Array.isArray(replies) ? replies.map((reply) => reply?.[0]).find(Boolean) : undefined
      if (failed) throw failed
      return replies
    } catch (error) {
      failures += 1
      throw error
    }
  }
  return {
    run: (commands) => breaker.run(() => runCounted(commands(redis))),
    isAvailable: () => !breaker.isOpen(),
    failures: () => failures,
  }
}

/** A transaction fails because of one of its commands, such as a write to a replica. */
function causeOf(failure: unknown): NodeJS.ErrnoException {
  const { previousErrors } = failure as { previousErrors?: NodeJS.ErrnoException[] }
  return previousErrors?.[0] ?? (failure as NodeJS.ErrnoException)
}
