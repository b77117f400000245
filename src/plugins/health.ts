import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../errors.js'
import { ErrorBody } from '../schemas.js'

const Health = Type.Object({ status: Type.Literal('ok') })

/** For whoever runs the service: is the process up, and can it serve? */
async function health(app: FastifyInstance) {
  app.get('/health/live', { config: { isUnlimited: true }, schema: { response: { 200: Health } } }, async () => ({
    status: 'ok' as const,
  }))

  app.get(
    '/health/ready',
    { config: { isUnlimited: true }, schema: { response: { 200: Health, 503: ErrorBody } } },
    async () => {
      if (app.isEnding()) throw new ApiError('SHUTTING_DOWN', { retryAfter: 1 })
      await app.pool.query('SELECT 1').catch((cause) => {
        throw new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause })
      })
      return { status: 'ok' as const }
    },
  )
}

export default fp(health, { name: 'health', dependencies: ['database', 'errors', 'shutdown'] })
