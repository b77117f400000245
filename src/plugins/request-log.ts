import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** Which limit the request exceeded, for the log. */
    refusal: string | undefined
  }
}

/** The pattern that a parameter must match is no news. */
const PATTERN = /\(\^.*\$\)/

/** What a caller may give as the id of a request: nothing that could forge a line of a log, or fill it. */
const REQUEST_ID = /^[\w.:+/=@-]{1,128}$/

/**
 * The id of a request: the caller's own (`X-Request-Id`), so that a trace goes through several services, if it is
 * harmless; else a new UUID.
 */
export function readRequestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
}

/** One line a request, with the route's template rather than the URL: never a header, a cookie or a body. */
async function requestLog(app: FastifyInstance) {
  app.decorateRequest('refusal', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    request.log.info(
      {
        method: request.method,
        route: routeOf(request),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        user_id: request.userId,
        reason: request.refusal,
      },
      'request',
    )
    done()
  })
}

/** The template of a route, for logs and metrics: of them there are few, and none is secret. */
export const routeOf = (request: FastifyRequest): string => request.routeOptions.url?.replace(PATTERN, '') ?? 'unknown'

export default fp(requestLog, { name: 'request-log' })
