import type { FastifyInstance, RouteOptions } from 'fastify'
import type { Database } from '../database/database.js'
import { ApiError } from '../errors.js'
import authentication from './authentication.js'
import { createPerform } from './perform.js'
import { routes } from './routes.js'

/** URL prefix of the internal API. */
export const INTERNAL = '/internal'

export interface ProvisioningOptions {
  database: Database
  /** Accepted service tokens. */
  tokens: string[]
  /** Maximum number of database connections. */
  poolSize: number
}

/**
 * Registers the internal API for the service that owns users and projects. Every route that is registered here or in a
 * nested plugin requires a token, and so does every unknown path below the prefix.
 */
export async function provisioning(app: FastifyInstance, { database, tokens, poolSize }: ProvisioningOptions) {
  await app.register(authentication, { tokens })
  const documented: RouteOptions[] = []
  app.addHook('onRoute', (route) => {
    documented.push(route)
  })
  await app.register(routes, { prefix: '/v1', database, perform: createPerform(database, poolSize) })

  let document: Promise<string> | undefined
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    document ??= import('./openapi.js').then(({ createServiceDocument }) => createServiceDocument(documented))
    return reply.type('application/json; charset=utf-8').send(await document)
  })
  for (const url of ['/', '/*']) {
    app.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url,
      schema: { hide: true },
      onRequest: async () => {
        throw new ApiError('ROUTE_NOT_FOUND')
      },
      handler: async () => {},
    })
  }
}
