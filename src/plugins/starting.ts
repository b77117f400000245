import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** @param message why requests are refused with 503 at the moment; undefined: they are served */
    setStarting: (message: string | undefined) => void
  }
}

/** Refuses all requests but `/health/live` while the service cannot serve yet. */
async function starting(app: FastifyInstance) {
  let reason: string | undefined
  app.decorate('setStarting', (message: string | undefined) => {
    reason = message
  })
  app.addHook('onRequest', (request, _reply, done) => {
    if (reason === undefined || request.routeOptions.url === '/health/live') return done()
    const message = request.method === 'GET' || request.method === 'HEAD' ? reason : `${reason}: nothing was stored`
    done(new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, message }))
  })
}

export default fp(starting, { name: 'starting' })
