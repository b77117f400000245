import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { createCircuitBreaker } from './circuit-breaker.js'

/** Timeout of a command, in milliseconds. A request waits at most this long each time that it is counted or checked. */
const COMMAND_TIMEOUT = 250

/** Connection timeout, in milliseconds. Startup waits at most this long, then continues even without Redis. */
const CONNECT_TIMEOUT = 2000

/** A connection to Redis. The service also works while Redis is unavailable. */
export interface SharedRedis {
  /** Runs commands. Returns undefined if they fail or if the circuit breaker is open. */
  run<T>(commands: (redis: Redis) => Promise<T>): Promise<T | undefined>
  isAvailable(): boolean
  /** Returns the number of failures since startup. */
  failures(): number
}

/**
 * Connects to Redis, and disconnects when the app closes. While Redis is down, unresponsive or read-only, a circuit
 * breaker is open. Its changes are logged.
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
    if (!failure) return app.log.info('Redis is available again: instances share their request counts')
    const { code, message } = lastError ?? causeOf(failure)
    app.log.warn({ reason: code ?? message }, 'Redis is unavailable: each instance counts its own requests')
    // Reconnects: on the old connection, responses to earlier commands may still be outstanding, and Redis responds in
    // order, so later commands would have to wait for them.
    redis.disconnect(true)
  })
  app.addHook('onClose', async () => redis.disconnect())
  // Without this wait, the first commands after startup would fail for lack of a connection.
  await Promise.race([redis.connect().catch(() => {}), sleep(CONNECT_TIMEOUT)])
  const runCounted = async <T>(commands: Promise<T>): Promise<T> => {
    try {
      const replies = await commands
      // A transaction reports a failed command in its replies instead of rejecting.
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

/** Returns the cause of a failure: for a transaction, the error of its first command that failed. */
function causeOf(failure: unknown): NodeJS.ErrnoException {
  const { previousErrors } = failure as { previousErrors?: NodeJS.ErrnoException[] }
  return previousErrors?.[0] ?? (failure as NodeJS.ErrnoException)
}
