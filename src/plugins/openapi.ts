import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../database/database.js'
import { demo, hasDemoSession } from '../demo-data.js'
import { ApiError } from '../errors.js'
import { SESSION_COOKIE } from '../session-token.js'
import type { Documentation } from './openapi/documentation.js'

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
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** What of an answer of the page is passed on. */
const PASSED_ON = ['content-type', 'cache-control', 'etag', 'last-modified']

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
    loading ??= import('./openapi/documentation.js').then(({ createDocumentation }) => createDocumentation(routes))
    return await loading
  }

  async function sendDocument(_request: FastifyRequest, reply: FastifyReply) {
    const { text, etag } = await load()
    reply.header('etag', etag).header('cache-control', 'no-cache')
    return reply.type('application/json; charset=utf-8').send(text)
  }

  async function sendPage(request: FastifyRequest, reply: FastifyReply) {
    const { page } = await load()
    const answer = await page(request.url, request.headers)
    if (answer.statusCode === 404) throw new ApiError('ROUTE_NOT_FOUND')
    if (signsIn) await signIn(database, request, reply)
    for (const name of PASSED_ON) if (answer.headers[name]) reply.header(name, answer.headers[name])
    reply.header('content-security-policy', PAGE_POLICY)
    return reply.code(answer.statusCode).send(answer.rawPayload)
  }

  const schema = { hide: true }
  app.get('/openapi.json', { schema }, sendDocument)
  // Where the page looks for it.
  app.get('/docs/json', { schema }, sendDocument)
  app.get('/docs', { schema }, sendPage)
  app.get('/docs/*', { schema }, sendPage)
}

export default fp(openapi, { name: 'openapi', dependencies: ['errors', 'session'] })

/** Not `HttpOnly`, so that the page's own *Authorize* can become somebody else: everyone knows this token. */
async function signIn(database: Database, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (request.cookies[SESSION_COOKIE] !== undefined) return
  if (!(await hasDemoSession(database))) return
  reply.setCookie(SESSION_COOKIE, demo.user.token, { path: '/', sameSite: 'strict' })
}
