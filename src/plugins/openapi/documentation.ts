import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type LightMyRequestResponse, type RouteOptions } from 'fastify'
import { bySessionCookie } from './browser.js'
import { describeRoute } from './describe-route.js'
import { document } from './document.js'
import { shareParts } from './share-parts.js'

export interface Documentation {
  /** The OpenAPI document, in JSON. */
  text: string
  etag: string
  /** What the page has at a path that begins with `/docs`. */
  page: (url: string, headers: IncomingHttpHeaders) => Promise<LightMyRequestResponse>
  close: () => Promise<void>
}

/**
 * An app that nobody can reach from outside, with the same routes, of which @fastify/swagger makes the document and
 * @fastify/swagger-ui the page.
 */
export async function createDocumentation(routes: RouteOptions[]): Promise<Documentation> {
  const app = Fastify()
  // Nothing is ever sent to these routes.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  await app.register(swagger, {
    openapi: document,
    transformObject: (made) => ('openapiObject' in made ? shareParts(made.openapiObject) : made.swaggerObject),
  })
  for (const route of routes.map(describeRoute)) if (route) app.route(route)
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: document.info.title },
    uiConfig: {
      layout: 'BaseLayout',
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      tryItOutEnabled: true,
      showMutatedRequest: false,
      // Its declared type is that of another Request.
      requestInterceptor: bySessionCookie as never,
    },
  })
  await app.ready()
  const text = JSON.stringify(app.swagger())
  return {
    text,
    etag: `"${hash('sha256', text, 'base64url')}"`,
    page: async (url, headers) => await app.inject({ url, headers }),
    close: async () => await app.close(),
  }
}
