import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import swaggerUi from '@fastify/swagger-ui'
import type { LightMyRequestResponse, RouteOptions } from 'fastify'
import { bySessionCookie } from './browser.js'
import { document } from './document.js'
import { createDocumentApp } from './document-app.js'

export interface Representation {
  text: string
  etag: string
}

export interface Documentation {
  /** The OpenAPI document for `/openapi.json`, as JSON. */
  document: Representation
  /** The OpenAPI document for `/docs/json`, whose server URL is relative to that path. */
  pageDocument: Representation
  /** Returns a file of the documentation page. `url` starts with `/docs`. */
  page: (url: string, headers: IncomingHttpHeaders) => Promise<LightMyRequestResponse>
  close: () => Promise<void>
}

/** Generates the OpenAPI document of the public routes and the documentation page of @fastify/swagger-ui. */
export async function createDocumentation(routes: RouteOptions[]): Promise<Documentation> {
  const isPublic = ({ config }: RouteOptions) => config?.api === undefined
  const app = await createDocumentApp(routes.filter(isPublic), document)
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // Makes the URLs in the page at /docs relative, so that they are valid behind a proxy that adds a path prefix.
    indexPrefix: '.',
    theme: { title: document.info.title },
    uiConfig: {
      layout: 'BaseLayout',
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      tryItOutEnabled: true,
      showMutatedRequest: false,
      // The option is declared with a different `Request` type.
      requestInterceptor: bySessionCookie as never,
    },
  })
  await app.ready()
  const pageDocument = withServer(app.swagger(), '..')
  return {
    document: represent(withServer(pageDocument, '.')),
    pageDocument: represent(pageDocument),
    page: async (url, headers) => await app.inject({ url, headers }),
    close: async () => await app.close(),
  }
}

/**
 * Sets the server URL, relative to the URL of the document, so that it is valid behind a proxy that adds a path prefix
 * (OpenAPI 3.1, section 4.8.5). @fastify/swagger does not accept relative URLs.
 */
const withServer = <Document extends object>(openapi: Document, url: string) => ({ ...openapi, servers: [{ url }] })

function represent(document: object): Representation {
  const text = JSON.stringify(document)
  return { text, etag: `"${hash('sha256', text, 'base64url')}"` }
}
