import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.js'
import { createSampler } from '../logging/log-sampler.js'

/** File descriptors that are reserved for the log, GitHub, Redis, metrics and files. */
const RESERVE = 128

type ConnectionSettings = Pick<Config, 'DATABASE_POOL_SIZE' | 'INTERNAL_PORT'>

/**
 * Limits client connections to fewer than the process has file descriptors, so that connections to PostgreSQL and
 * GitHub can still be opened. A connection over the limit is closed immediately. Existing connections are not affected.
 * With INTERNAL_PORT, each of the two servers gets half of the connections.
 */
async function connections(app: FastifyInstance, { DATABASE_POOL_SIZE, INTERNAL_PORT }: ConnectionSettings) {
  const limit = readDescriptorLimit()
  if (limit === undefined) return
  const servers = INTERNAL_PORT === undefined ? 1 : 2
  const maximum = Math.max(1, Math.floor((limit - DATABASE_POOL_SIZE - RESERVE) / servers))
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
