import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type pg from 'pg'

declare module 'fastify' {
  interface FastifyInstance {
    pool: pg.Pool
  }
}

/** The pool, and its end with the app's. */
async function database(app: FastifyInstance, { pool }: { pool: pg.Pool }) {
  app.decorate('pool', pool)
  app.addHook('onClose', async () => {
    await pool.end()
  })
}

export default fp(database, { name: 'database' })
