import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../errors.js'

interface StartingOptions {
  isMigrating: () => boolean
}

/** Rejects all requests except `/health/live` while the database is being migrated. */
async function starting(app: FastifyInstance, { isMigrating }: StartingOptions) {
  app.addHook('onRequest', (request, _reply, done) => {
    if (!isMigrating() || request.routeOptions.url === '/health/live') return done()
    done(new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, message: 'The database is being migrated' }))
  })
}

export default fp(starting, { name: 'starting' })
