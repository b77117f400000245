import type { IncomingMessage } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { toApiError } from '../database/errors.js'
import { ApiError, type ErrorCode, invalidRequest } from '../errors.js'
import { createSampler } from '../logging/log-sampler.js'
import { serializeError } from '../logging/serialize-error.js'
import { SESSION_COOKIE } from '../session-token.js'
import { BODY_LIMIT, unsupportedMediaType } from './json-body.js'
import { findValidationErrors } from './validation.js'

/** Error codes of this service by Fastify's error codes. */
const fastifyErrors: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
}

/** Sends every error as a JSON object. Errors of the HTTP parser are handled by the plugin `client-errors`. */
async function errorHandler(app: FastifyInstance) {
  // Error schemas are only documentation: sendError() serializes errors without them, and compiling them is slow.
  app.addHook('onRoute', (route) => {
    const response = (route.schema?.response ?? {}) as object
    const successes = Object.entries(response).filter(([status]) => Number(status) < 400)
    route.config = { ...route.config, documented: { response, ...route.config?.documented } }
    route.schema = { ...route.schema, response: Object.fromEntries(successes) }
  })
  // Fastify adds its results (`validation`) to this empty error. findValidationErrors() converts them.
  app.setSchemaErrorFormatter(() => invalidRequest())
  app.setErrorHandler((error: FastifyError, request, reply) => sendError(error, request, reply))
  app.setNotFoundHandler((request, reply) => sendError(new ApiError('ROUTE_NOT_FOUND'), request, reply))
  // Reject requests for unknown routes before their bodies are parsed.
  app.addHook('onRequest', (request, _reply, done) => {
    if (!isValidHttp(request.raw)) return done(invalidRequest({ path: 'request', message: 'is not valid HTTP' }))
    done(request.is404 ? new ApiError('ROUTE_NOT_FOUND') : undefined)
  })
}

/** A value of `Host` (RFC 9112, section 3.2): a name or an address, optionally with a port. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-f:.]+\])(?::\d*)?$/i

/**
 * Checks what Node's parser does not: that the version is 1.0 or 1.1 and that there is exactly one valid `Host`, which
 * may be missing in 1.0.
 */
function isValidHttp({ httpVersion, headers, rawHeaders }: IncomingMessage): boolean {
  if (headers.host === undefined) return httpVersion === '1.0'
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return false
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length === 4 && rawHeaders[index]?.toLowerCase() === 'host') count += 1
  }
  return count === 1 && HOST.test(headers.host)
}

export default fp(errorHandler, { name: 'error-handler' })

/**
 * The challenge of a 401, which RFC 9110 requires. Browsers show no login dialog for unknown schemes.
 * @see https://datatracker.ietf.org/doc/html/draft-broyer-http-cookie-auth
 */
const CHALLENGE = `Cookie cookie-name="${SESSION_COOKIE}"`

/** Sends an error response. Also used for errors that occur before routing (`frameworkErrors`). */
export function sendError(error: FastifyError | ApiError, request: FastifyRequest, reply: FastifyReply): void {
  const visible = toVisibleError(error, request)
  logServerError(error, visible, request)
  request.refusal = visible
  if (visible.statusCode === 401) {
    reply.header('www-authenticate', request.routeOptions.config?.api === 'internal' ? 'Bearer' : CHALLENGE)
  }
  if (visible.retryAfter !== undefined) reply.header('retry-after', visible.retryAfter)
  reply.code(visible.statusCode).type('application/json; charset=utf-8')
  const send = () => reply.send(JSON.stringify(visible.toBody()))
  if (visible.statusCode === 429) setTimeout(send, rateLimitDelay(request))
  else send()
}

/** Minimum delay of a 429 response, in milliseconds. */
const BASE_DELAY = 250

/**
 * Returns the delay of a 429 response, in milliseconds. Without it, a client that retries immediately would use as much
 * CPU as one whose requests are accepted. Adds 1 ms per KiB of the body, for at most BODY_LIMIT: the body must be read
 * even if it is discarded. A chunked body, whose length is unknown, counts as BODY_LIMIT. Also adds a random time, at
 * most as long as this delay, to spread requests that were rejected at the same time.
 */
function rateLimitDelay({ headers }: FastifyRequest): number {
  const bytes = headers['transfer-encoding'] ? BODY_LIMIT : Number(headers['content-length'] ?? 0)
  return (1 + Math.random()) * (BASE_DELAY + Math.min(bytes, BODY_LIMIT) / 1024)
}

const sampler = createSampler()

/** Logs a 5xx. Outages (503) affect many requests, so they are sampled and logged without stack traces. */
function logServerError(error: FastifyError | ApiError, visible: ApiError, { log }: FastifyRequest) {
  if (visible.statusCode < 500) return
  if (visible.statusCode !== 503) return log.error({ err: error }, visible.message)
  const sample = sampler()
  if (!sample) return
  const cause = serializeError(visible.cause ?? error, { hasStack: false })
  log.error({ code: visible.code, ...sample, cause }, visible.message)
}

function toVisibleError(thrown: FastifyError | ApiError, request: FastifyRequest): ApiError {
  // The client has disconnected, so this is only for the log.
  if (request.raw.readableAborted) return invalidRequest({ path: 'body', message: 'is incomplete' })
  if ('validation' in thrown) return invalidRequest(...findValidationErrors(request))
  const error = toApiError(thrown, request.method !== 'GET' && request.method !== 'HEAD')
  if (error instanceof ApiError) return error
  const { code, statusCode = 500 } = thrown as FastifyError
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return unsupportedMediaType(request.headers)
  const known = fastifyErrors[code]
  if (known) return new ApiError(known)
  if (code === 'FST_ERR_BAD_URL') return invalidRequest({ path: 'path', message: 'has invalid percent-encoding' })
  if (statusCode >= 400 && statusCode < 500) {
    return invalidRequest({ path: 'body', message: 'could not be read' })
  }
  return new ApiError('INTERNAL', { cause: thrown })
}
