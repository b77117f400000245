import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { ApiError } from '../errors.js'
import { securityEventOf } from './security-events.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The error that the request was answered with, for the log. */
    refusal: ApiError | null
    isLogged: boolean
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

/**
 * Logs one line per request, with the route's template rather than the URL: never a header, a cookie or a body. The line of
 * a security event is a warning with `event`, `reason` and the client's `address` (docs/security.md).
 */
async function requestLog(app: FastifyInstance) {
  app.decorateRequest('refusal', null)
  app.decorateRequest('isLogged', false)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    logResponse(request, reply)
    done()
  })
}

/** Logs the line of a request, once. A hook that delays the end of the response calls this before it is sent. */
export function logResponse(request: FastifyRequest, reply: FastifyReply): void {
  if (request.isLogged) return
  request.isLogged = true
  const line = {
    method: request.method,
    route: routeOf(request),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    user_id: request.userId,
  }
  const event = securityEventOf(reply.statusCode, request.refusal)
  if (event) request.log.warn({ ...line, ...event, address: request.ip }, 'request')
  else request.log.info(line, 'request')
}

/** The template of a route, for logs and metrics: of them there are few, and none is secret. */
export const routeOf = (request: FastifyRequest): string => request.routeOptions.url?.replace(PATTERN, '') ?? 'unknown'

export default fp(requestLog, { name: 'request-log' })
