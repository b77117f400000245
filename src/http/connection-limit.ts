import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.js'
import { createSampler } from '../logging/log-sampler.js'

/** File descriptors that are reserved for the log, GitHub, Redis, metrics and files. */
const RESERVE = 128

/**
 * Limits client connections to fewer than the process has file descriptors, so that connections to PostgreSQL and
 * GitHub can still be opened. A connection over the limit is closed immediately. Existing connections are not affected.
 */
async function connections(app: FastifyInstance, { DATABASE_POOL_SIZE }: Pick<Config, 'DATABASE_POOL_SIZE'>) {
  const limit = readDescriptorLimit()
  if (limit === undefined) return
  const maximum = Math.max(1, limit - DATABASE_POOL_SIZE - RESERVE)
  const sampler = createSampler()
  app.server.maxConnections = maximum
  app.server.on('drop', () => {
    app.countRefusal('too_many_connections')
    const sample = sampler()
    if (sample) app.log.warn({ maximum, ...sample }, 'rejected a connection: too many open connections')
  })
}

export default fp(connections, { name: 'connection-limit', dependencies: ['refusals'] })

/** Returns the limit of file descriptors. Node.js raises it to the hard limit (`ulimit -Hn`) at startup. */
function readDescriptorLimit(): number | undefined {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | 'unlimited' } } }
  const limit = report.userLimits?.open_files?.soft
  return typeof limit === 'number' ? limit : undefined
}
