import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../database/database.js'
import { deleteExpired } from '../database/retention.js'
import type { SessionLimits } from '../database/session-limits.js'

interface RetentionOptions {
  database: Database
  /** Interval between deletions, in milliseconds. */
  interval: number
  sessionLimits: SessionLimits
}

/** Periodically deletes expired rows. Several instances can do this concurrently. */
async function retention(app: FastifyInstance, { database, interval, sessionLimits }: RetentionOptions) {
  let isStopped = false
  let running: Promise<void> | undefined
  const run = async () => {
    try {
      const deleted = await deleteExpired(database, sessionLimits, () => isStopped)
      if (deleted.sessions + deleted.deliveries + deleted.keys > 0) app.log.info(deleted, 'deleted expired rows')
    } catch (err) {
      app.log.warn({ err }, 'failed to delete expired rows')
    }
    running = undefined
  }
  const timer = setInterval(() => {
    running ??= run()
  }, interval).unref()
  app.addHook('onClose', async () => {
    isStopped = true
    clearInterval(timer)
    await running
  })
}

export default fp(retention, { name: 'retention' })
