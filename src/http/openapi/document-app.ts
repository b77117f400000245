import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import { describeRoute } from './describe-route.js'
import { shareParts } from './share-parts.js'

type OpenapiDocument = NonNullable<Extract<Parameters<typeof swagger>[1], { openapi?: unknown }>['openapi']>

/** Creates an app with the given routes, from which @fastify/swagger generates the document. It does not listen. */
export async function createDocumentApp(routes: RouteOptions[], document: OpenapiDocument): Promise<FastifyInstance> {
  const app = Fastify()
  // These routes are never called, so nothing needs to be compiled.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  await app.register(swagger, {
    openapi: document,
    transformObject: (result) => ('openapiObject' in result ? shareParts(result.openapiObject) : result.swaggerObject),
  })
  for (const route of routes.map(describeRoute)) if (route) app.route(route)
  return app
}

/** Generates an OpenAPI document. */
export async function createDocument(routes: RouteOptions[], document: OpenapiDocument): Promise<object> {
  const app = await createDocumentApp(routes, document)
  await app.ready()
  const generated = app.swagger()
  await app.close()
  return generated
}
