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
    /** Parts of the document that no schema validates or serializes. */
    documented?: { headers?: object; body?: object; response?: object }
  }
}

/** The page needs its own scripts and styles, the pictures within those, and this API. */
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

/** The headers of the page's responses that are passed on. */
const PASSED_ON = ['accept-ranges', 'cache-control', 'content-range', 'content-type', 'etag', 'last-modified']

/** The errors of the page's static files, by status. All others are 500. */
const PAGE_ERRORS: Record<number, ErrorCode> = {
  403: 'FORBIDDEN',
  404: 'ROUTE_NOT_FOUND',
  412: 'PRECONDITION_FAILED',
  416: 'RANGE_NOT_SATISFIABLE',
}

interface OpenapiOptions {
  /** Whether whoever opens the page becomes the demonstration user, where there is one. For development alone. */
  signsIn: boolean
  database: Database
}

/**
 * The document of all routes that are registered after this, at `/openapi.json`, and a page to try them on, at `/docs`.
 *
 * Whatever makes them is loaded by the first who asks, and lives in an app of its own: the start, the memory and the
 * requests of a service that nobody asks cost nothing. (docs/decisions/009)
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
    const answer = await page(path, request.headers)
    if (answer.statusCode >= 400) throw pageError(answer.statusCode)
    // Of /docs/static/index.html. The library's is not valid behind a path prefix.
    if (answer.statusCode === 302) return reply.redirect('../')
    if (signsIn) await signIn(database, request, reply)
    for (const name of PASSED_ON) if (answer.headers[name]) reply.header(name, answer.headers[name])
    reply.header('content-security-policy', PAGE_POLICY)
    return reply.code(answer.statusCode).send(answer.rawPayload)
  }

  const schema = { hide: true }
  app.get('/openapi.json', { schema }, async (_request, reply) => sendDocument((await load()).document, reply))
  // Where the page looks for it.
  app.get('/docs/json', { schema }, async (_request, reply) => sendDocument((await load()).pageDocument, reply))
  app.get('/docs', { schema }, sendPage)
  app.get('/docs/*', { schema }, sendPage)
}

function pageError(status: number): ApiError {
  if (status === 400) return invalidRequest({ path: 'path', message: 'is not the path of a file' })
  return new ApiError(PAGE_ERRORS[status] ?? 'INTERNAL')
}

export default fp(openapi, { name: 'openapi', dependencies: ['error-handler', 'session-cookie'] })

/** Not `HttpOnly`, so that the page's own *Authorize* can become somebody else: everyone knows this token. */
async function signIn(database: Database, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (hasSessionCookie(request)) return
  if (!(await hasDemoSession(database))) return
  const cookie = request.server.serializeCookie(SESSION_COOKIE, demo.user.token, { path: '/', sameSite: 'strict' })
  reply.header('set-cookie', cookie)
}
