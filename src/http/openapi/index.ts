import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../../database/database.js'
import { demo, hasDemoSession } from '../../demo-data.js'
import { ApiError, type ErrorCode, invalidRequest } from '../../errors.js'
import { SESSION_COOKIE } from '../../session-token.js'
import { hasSessionCookie } from '../session-cookie.js'
import type { Documentation, Representation } from './documentation.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Parts of the OpenAPI document that are used neither for validation nor for serialization. */
    documented?: { headers?: object; body?: object; response?: object }
  }
}

/** The page loads its own scripts and styles and the images that they contain, and calls this API. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Headers that are copied from the responses of the page. */
const COPIED_HEADERS = ['accept-ranges', 'cache-control', 'content-range', 'content-type', 'etag', 'last-modified']

/** Errors of the page's static files, by status. pageError() handles 400. All others are 500. */
const PAGE_ERRORS: Record<number, ErrorCode> = {
  403: 'FORBIDDEN',
  404: 'ROUTE_NOT_FOUND',
  412: 'PRECONDITION_FAILED',
  416: 'RANGE_NOT_SATISFIABLE',
}

interface OpenapiOptions {
  /** Whether opening the page signs the browser in as the demonstration user, if there is one. For development only. */
  signsIn: boolean
  database: Database
}

/**
 * Serves, at `/openapi.json`, the OpenAPI document of the public routes that are registered after this plugin, and an
 * interactive page at `/docs`.
 *
 * Both are created in a separate app on the first request, so that they cost no startup time or memory until they are
 * used (docs/decisions/009).
 */
async function openapi(app: FastifyInstance, { signsIn, database }: OpenapiOptions) {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => {
    routes.push(route)
  })

  let loading: Promise<Documentation> | undefined
  app.addHook('onClose', async () => {
    await (await loading)?.close()
  })

  async function load(): Promise<Documentation> {
    loading ??= import('./documentation.js').then(({ createDocumentation }) => createDocumentation(routes))
    return await loading
  }

  function sendDocument({ text, etag }: Representation, reply: FastifyReply) {
    reply.header('etag', etag).header('cache-control', 'no-cache')
    return reply.type('application/json; charset=utf-8').send(text)
  }

  async function sendPage(request: FastifyRequest, reply: FastifyReply) {
    const { page } = await load()
    const [path = ''] = request.url.split('?')
    const response = await page(path, request.headers)
    if (response.statusCode >= 400) throw pageError(response.statusCode)
    // The library redirects /docs/static/index.html to an absolute path, which is not valid behind a path prefix.
    if (response.statusCode === 302) return reply.redirect('../')
    if (signsIn) await signIn(database, request, reply)
    for (const name of COPIED_HEADERS) if (response.headers[name]) reply.header(name, response.headers[name])
    reply.header('content-security-policy', PAGE_POLICY)
    return reply.code(response.statusCode).send(response.rawPayload)
  }

  const schema = { hide: true }
  app.get('/openapi.json', { schema }, async (_request, reply) => sendDocument((await load()).document, reply))
  // The page requests the document here.
  app.get('/docs/json', { schema }, async (_request, reply) => sendDocument((await load()).pageDocument, reply))
  app.get('/docs', { schema }, sendPage)
  app.get('/docs/*', { schema }, sendPage)
}

function pageError(status: number): ApiError {
  if (status === 400) return invalidRequest({ path: 'path', message: 'is not a valid file path' })
  return new ApiError(PAGE_ERRORS[status] ?? 'INTERNAL')
}

export default fp(openapi, { name: 'openapi', dependencies: ['error-handler', 'session-cookie'] })

/**
 * Signs the browser in as the demonstration user, unless it has a session cookie. The cookie is not `HttpOnly`, so that
 * *Authorize* can replace it. Its token is public anyway.
 */
async function signIn(database: Database, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (hasSessionCookie(request)) return
  if (!(await hasDemoSession(database))) return
  const cookie = request.server.serializeCookie(SESSION_COOKIE, demo.user.token, { path: '/', sameSite: 'strict' })
  reply.header('set-cookie', cookie)
}
