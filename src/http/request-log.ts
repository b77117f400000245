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
  interface FastifyContextConfig {
    /** Set for routes that only other services call: they are logged and counted under this name. */
    api?: 'internal'
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

/** `traceparent` of W3C Trace Context, of this and of later versions. All zeros are not valid. */
const TRACE_PARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:$|-)/

/** Reads the id of the trace that a request belongs to; undefined if there is none, or it is not valid. */
export function readTraceId({ headers: { traceparent } }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const text = typeof traceparent === 'string' ? traceparent : ''
  // Version 00 ends after the flags.
  if (text.startsWith('00') && text.length !== 55) return undefined
  return TRACE_PARENT.exec(text)?.[1]
}

/** Maximum number of characters of an unknown path that are logged. */
const MAX_PATH = 200

/**
 * Logs one line per request, with the route's template rather than the URL: never a header, a cookie, a query or a body. The
 * line of a security event is a warning with `event` and `reason` (docs/security.md). Health checks that succeed are logged
 * at level debug.
 */
async function requestLog(app: FastifyInstance) {
  app.decorateRequest('refusal', null)
  app.decorateRequest('isLogged', false)
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
    api: request.routeOptions.config?.api,
    method: request.method,
    route: routeOf(request),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    user_id: request.userId,
    address: request.ip,
    code: request.refusal?.code,
    path: request.is404 ? request.url.split('?', 1)[0]?.slice(0, MAX_PATH) : undefined,
  }
  const event = securityEventOf(reply.statusCode, request.refusal)
  if (event) request.log.warn({ ...line, ...event }, 'request')
  else if (reply.statusCode < 400 && line.route.startsWith('/health/')) request.log.debug(line, 'request')
  else request.log.info(line, 'request')
}

/** The template of a route, for logs and metrics: of them there are few, and none is secret. */
export const routeOf = (request: FastifyRequest): string => request.routeOptions.url?.replace(PATTERN, '') ?? 'unknown'

export default fp(requestLog, { name: 'request-log' })
