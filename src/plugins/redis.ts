import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'

/** How long an answer may take, in milliseconds: nobody's request waits longer for a count. */
const PATIENCE = 250

/**
 * A connection to Redis that ends with the app. The service does without while there is none; the log says when it goes
 * and when it comes back.
 *
 * @param url `redis://user:password@host:6379/0`
 */
export async function connectRedis(app: FastifyInstance, url: string): Promise<Redis> {
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
    connectTimeout: 2000,
    commandTimeout: PATIENCE,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    connectionName: 'neptun-projects-resources',
    retryStrategy: (attempts) => Math.min(attempts * 100, 2000),
  })
  let isLost = false
  redis.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (!isLost) app.log.warn({ reason: code ?? message }, 'Redis is unavailable: requests are not counted')
    isLost = true
  })
  redis.on('ready', () => {
    if (isLost) app.log.info('Redis is back')
    isLost = false
  })
  app.addHook('onClose', async () => redis.disconnect())
  return redis
}
