import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { ApiError } from '../errors.js'
import { securityEventOf } from './security-events.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The error that was sent in response to the request, for the log. */
    refusal: ApiError | null
    /** Whether the line of the request has been logged. */
    isLogged: boolean
  }
  interface FastifyContextConfig {
    /** Set for routes that only other services call. It is added to log lines and metrics. */
    api?: 'internal'
  }
}

/** The regular expression of a path parameter in a route template, as in `:type(^...$)`. Logged routes omit it. */
const PATTERN = /\(\^.*\$\)/

/** Format of a client's request id. Prevents forged and oversized log lines. */
const REQUEST_ID = /^[\w.:+/=@-]{1,128}$/

/**
 * Returns the id of a request: the client's `X-Request-Id`, if it is well-formed, so that a request can be correlated
 * across services; otherwise a new UUID.
 */
export function readRequestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const id = headers['x-request-id']
  return typeof id === 'string' && REQUEST_ID.test(id) ? id : randomUUID()
}

/** A `traceparent` (W3C Trace Context) of version 00 or later. Ids of only zeros are invalid. */
const TRACE_PARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:$|-)/

/** Reads the trace id of a request. Returns undefined if `traceparent` is missing or invalid. */
export function readTraceId({ headers: { traceparent } }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const text = typeof traceparent === 'string' ? traceparent : ''
  // Only later versions may have further fields after the flags.
  if (text.startsWith('00') && text.length !== 55) return undefined
  return TRACE_PARENT.exec(text)?.[1]
}

/** Maximum length of the logged path of a request without a route. */
const MAX_PATH = 200

/**
 * Logs one line per request, with the route template instead of the URL. The only values from headers are the request
 * id, the trace id and, behind a trusted proxy, the client address. Cookies, query strings and bodies are never logged.
 * Only a request without a route is logged with its path. A security event is logged as a warning with `event` and
 * `reason` (docs/security.md). Successful health checks are logged at level debug.
 */
async function requestLog(app: FastifyInstance) {
  app.decorateRequest('refusal', null)
  app.decorateRequest('isLogged', false)
  app.addHook('onResponse', (request, reply, done) => {
    logResponse(request, reply)
    done()
  })
}

/** Logs the line of a request once. A hook that delays the end of a response calls this before sending it. */
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

/** Returns the route template for logs and metrics. It has low cardinality and contains no user data. */
export const routeOf = (request: FastifyRequest): string => request.routeOptions.url?.replace(PATTERN, '') ?? 'unknown'

export default fp(requestLog, { name: 'request-log' })
