import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type pg from 'pg'
import type { Connections } from '../database/connections.js'
import type { Reads } from '../database/reads.js'

declare module 'fastify' {
  interface FastifyInstance {
    pool: pg.Pool
    reads: Reads
  }
}

/** The connections, and their end with the app's. */
async function database(app: FastifyInstance, { pool, reads }: Connections) {
  app.decorate('pool', pool)
  app.decorate('reads', reads)
  app.addHook('onClose', async () => {
    await Promise.all([pool.end(), reads.end()])
  })
}

export default fp(database, { name: 'database' })
