import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.js'
import { createSampler } from '../logging/log-sampler.js'

/** File descriptors for the log, GitHub, Redis, metrics and files. */
const RESERVE = 128

/**
 * Caps client connections below the process's limit of file descriptors, so that connections to PostgreSQL and GitHub can
 * still be opened. A connection above the cap is closed at once; existing ones are served.
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
    if (sample) app.log.warn({ maximum, ...sample }, 'refused a connection: too many are open')
  })
}

export default fp(connections, { name: 'connection-limit', dependencies: ['refusals'] })

/** Node.js raises its limit to the maximum that it is allowed (`ulimit -Hn`) when it starts. */
function readDescriptorLimit(): number | undefined {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | 'unlimited' } } }
  const limit = report.userLimits?.open_files?.soft
  return typeof limit === 'number' ? limit : undefined
}
