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
  /** The OpenAPI document, in JSON, for `/openapi.json`. */
  document: Representation
  /** The same document for `/docs/json`, one folder deeper. */
  pageDocument: Representation
  /** Returns a file of the page, at a path that begins with `/docs`. */
  page: (url: string, headers: IncomingHttpHeaders) => Promise<LightMyRequestResponse>
  close: () => Promise<void>
}

/** Makes the document of the public routes, and the page of @fastify/swagger-ui. */
export async function createDocumentation(routes: RouteOptions[]): Promise<Documentation> {
  const isPublic = ({ config }: RouteOptions) => config?.api === undefined
  const app = await createDocumentApp(routes.filter(isPublic), document)
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // Makes the references of the page at /docs relative, so that they are valid behind a path prefix.
    indexPrefix: '.',
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
  const made = withServer(app.swagger(), '..')
  return {
    document: represent(withServer(made, '.')),
    pageDocument: represent(made),
    page: async (url, headers) => await app.inject({ url, headers }),
    close: async () => await app.close(),
  }
}

/**
 * The server, relative to the address of the document, so that it is valid behind a path prefix (OpenAPI 3.1, section
 * 4.8.5). @fastify/swagger itself does not accept relative ones.
 */
const withServer = <Document extends object>(made: Document, url: string) => ({ ...made, servers: [{ url }] })

function represent(document: object): Representation {
  const text = JSON.stringify(document)
  return { text, etag: `"${hash('sha256', text, 'base64url')}"` }
}
