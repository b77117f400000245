import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../database/database.js'
import { ApiError } from '../errors.js'
import { response } from '../schemas.js'
import { openErrors } from './openapi/error-responses.js'

const Health = Type.Object({ status: Type.Literal('ok') }, { title: 'Health' })

const healthy = (description: string) => response(description, Health, { example: { status: 'ok' } })

const live = {
  operationId: 'getLiveness',
  tags: ['Health'],
  security: [],
  summary: 'Check liveness',
  description:
    'Reports whether the process is running. Does not query the database, so that a database outage causes no restart.',
  response: { 200: healthy('The process is running.'), ...openErrors() },
}

const ready = {
  operationId: 'getReadiness',
  tags: ['Health'],
  security: [],
  summary: 'Check readiness',
  description:
    'Reports whether the service can handle requests. Also returns 503 if the database is read-only or has no schema.',
  response: {
    200: healthy('The service is ready.'),
    ...openErrors('DATABASE_UNAVAILABLE', 'OVERLOADED', 'SHUTTING_DOWN'),
  },
}

/** Liveness and readiness probes. */
async function health(app: FastifyInstance, { database }: { database: Database }) {
  const config = { isUnlimited: true }

  app.get('/health/live', { config, schema: live }, async () => ({ status: 'ok' as const }))

  app.get('/health/ready', { config, schema: ready }, async () => {
    if (app.isShuttingDown()) throw new ApiError('SHUTTING_DOWN', { retryAfter: 1 })
    await database.readiness.check().catch((cause) => {
      throw cause instanceof ApiError ? cause : new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause })
    })
    return { status: 'ok' as const }
  })
}

export default fp(health, { name: 'health', dependencies: ['error-handler', 'shutdown'] })
