import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type pg from 'pg'
import type { Connections } from '../database/connections.js'
import type { SharedConnections } from '../database/shared-connections.js'

declare module 'fastify' {
  interface FastifyInstance {
    pool: pg.Pool
    reads: SharedConnections
    writes: SharedConnections
  }
}

/** The connections, and their end with the app's. */
async function database(app: FastifyInstance, { pool, reads, writes }: Connections) {
  app.decorate('pool', pool)
  app.decorate('reads', reads)
  app.decorate('writes', writes)
  app.addHook('onClose', async () => {
    await Promise.all([pool.end(), reads.end(), writes.end()])
  })
}

export default fp(database, { name: 'database' })
