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
  summary: 'Is the process up?',
  description: 'Does not query the database, so that a database outage does not restart the process.',
  response: { 200: healthy('It is.'), ...openErrors() },
}

const ready = {
  operationId: 'getReadiness',
  tags: ['Health'],
  security: [],
  summary: 'Can it serve?',
  description: 'Queries the database: 503 also if it is read-only, or does not have the schema.',
  response: { 200: healthy('It can.'), ...openErrors('DATABASE_UNAVAILABLE', 'OVERLOADED', 'SHUTTING_DOWN') },
}

/** For whoever runs the service: is the process up, and can it serve? */
async function health(app: FastifyInstance, { database }: { database: Database }) {
  const config = { isUnlimited: true }

  app.get('/health/live', { config, schema: live }, async () => ({ status: 'ok' as const }))

  app.get('/health/ready', { config, schema: ready }, async () => {
    if (app.isEnding()) throw new ApiError('SHUTTING_DOWN', { retryAfter: 1 })
    await database.readiness.check().catch((cause) => {
      throw cause instanceof ApiError ? cause : new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause })
    })
    return { status: 'ok' as const }
  })
}

export default fp(health, { name: 'health', dependencies: ['error-handler', 'shutdown'] })
