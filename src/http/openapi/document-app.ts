import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import { describeRoute } from './describe-route.js'
import { shareParts } from './share-parts.js'

type OpenapiDocument = NonNullable<Extract<Parameters<typeof swagger>[1], { openapi?: unknown }>['openapi']>

/** Creates an app that nobody can reach from outside, with the same routes, of which @fastify/swagger makes the document. */
export async function createDocumentApp(routes: RouteOptions[], document: OpenapiDocument): Promise<FastifyInstance> {
  const app = Fastify()
  // Nothing is ever sent to these routes.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  await app.register(swagger, {
    openapi: document,
    transformObject: (made) => ('openapiObject' in made ? shareParts(made.openapiObject) : made.swaggerObject),
  })
  for (const route of routes.map(describeRoute)) if (route) app.route(route)
  return app
}

/** Makes a document. */
export async function createDocument(routes: RouteOptions[], document: OpenapiDocument): Promise<object> {
  const app = await createDocumentApp(routes, document)
  await app.ready()
  const made = app.swagger()
  await app.close()
  return made
}
