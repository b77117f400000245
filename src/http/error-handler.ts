import type { IncomingMessage } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { toApiError } from '../database/errors.js'
import { ApiError, type ErrorCode, invalidRequest } from '../errors.js'
import { createSampler } from '../logging/log-sampler.js'
import { serializeError } from '../logging/serialize-error.js'
import { SESSION_COOKIE } from '../session-token.js'
import { unsupportedMediaType } from './json-body.js'
import { findValidationErrors } from './validation.js'

/** Codes of this service by those of Fastify's own errors. */
const fastifyErrors: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
}

/** Sends every error above the HTTP parser as the same JSON object. */
async function errorHandler(app: FastifyInstance) {
  // Error schemas are only for the OpenAPI document: sendError() serializes errors, and compiling these schemas is slow.
  app.addHook('onRoute', (route) => {
    const response = (route.schema?.response ?? {}) as object
    const successes = Object.entries(response).filter(([status]) => Number(status) < 400)
    route.config = { ...route.config, documented: { response, ...route.config?.documented } }
    route.schema = { ...route.schema, response: Object.fromEntries(successes) }
  })
  // findValidationErrors() describes the errors; this one only marks that there are some.
  app.setSchemaErrorFormatter(() => invalidRequest())
  app.setErrorHandler((error: FastifyError, request, reply) => sendError(error, request, reply))
  app.setNotFoundHandler((request, reply) => sendError(new ApiError('ROUTE_NOT_FOUND'), request, reply))
  // Refuse requests for unknown routes before their bodies are parsed.
  app.addHook('onRequest', (request, _reply, done) => {
    if (!isValidHttp(request.raw)) return done(invalidRequest({ path: 'request', message: 'is not valid HTTP' }))
    done(request.is404 ? new ApiError('ROUTE_NOT_FOUND') : undefined)
  })
}

/** The value of `Host` (RFC 9112, section 3.2): a name or an address, and a port. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-f:.]+\])(?::\d*)?$/i

/** Checks what Node's parser lets pass: versions other than 1.0 and 1.1, and anything but one valid `Host`. */
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
 * The challenge of a 401, which RFC 9110 requires. Browsers show no login dialog for a scheme that they do not know.
 * @see https://datatracker.ietf.org/doc/html/draft-broyer-http-cookie-auth
 */
const CHALLENGE = `Cookie cookie-name="${SESSION_COOKIE}"`

/** Answers with an error; also for those that Fastify meets before there is a route (`frameworkErrors`). */
export function sendError(error: FastifyError | ApiError, request: FastifyRequest, reply: FastifyReply): void {
  const seen = toVisibleError(error, request)
  logServerError(error, seen, request)
  request.refusal = seen
  if (seen.statusCode === 401) {
    reply.header('www-authenticate', request.routeOptions.config?.api === 'internal' ? 'Bearer' : CHALLENGE)
  }
  if (seen.retryAfter !== undefined) reply.header('retry-after', seen.retryAfter)
  reply.code(seen.statusCode).type('application/json; charset=utf-8')
  const send = () => reply.send(JSON.stringify(seen.toBody()))
  if (seen.statusCode === 429) setTimeout(send, refusalDelay(request))
  else send()
}

/** In milliseconds; one more for each KiB of the body, since it must be read even if it is discarded. */
const REFUSAL_DELAY = 250

/** The size of a body whose length is not declared, in bytes: the largest. */
const UNDECLARED = 2 * 1024 * 1024

/**
 * Returns the delay of a 429 response, in milliseconds. A client that repeats refused requests at once would otherwise take
 * as much of the process as one whose requests are served.
 */
function refusalDelay({ headers }: FastifyRequest): number {
  const bytes = headers['transfer-encoding'] ? UNDECLARED : Number(headers['content-length'] ?? 0)
  return REFUSAL_DELAY + Math.min(bytes, UNDECLARED) / 1024
}

const sampler = createSampler()

/** Logs what nobody foresaw with its stack, and an outage, which fails many requests at once, in short and not each time. */
function logServerError(error: FastifyError | ApiError, seen: ApiError, { log }: FastifyRequest) {
  if (seen.statusCode < 500) return
  if (seen.statusCode !== 503) return log.error({ err: error }, seen.message)
  const sample = sampler()
  if (!sample) return
  const { stack: _, ...cause } = serializeError(seen.cause ?? error)
  log.error({ code: seen.code, ...sample, cause }, seen.message)
}

function toVisibleError(thrown: FastifyError | ApiError, request: FastifyRequest): ApiError {
  // Nobody is there any more to read this.
  if (request.raw.readableAborted) return invalidRequest({ path: 'body', message: 'did not arrive whole' })
  if ('validation' in thrown) return invalidRequest(...findValidationErrors(request))
  const error = toApiError(thrown, request.method !== 'GET' && request.method !== 'HEAD')
  if (error instanceof ApiError) return error
  const { code, statusCode = 500 } = thrown as FastifyError
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return unsupportedMediaType(request.headers)
  const known = fastifyErrors[code]
  if (known) return new ApiError(known)
  if (code === 'FST_ERR_BAD_URL') return invalidRequest({ path: 'path', message: 'is not properly percent-encoded' })
  if (statusCode >= 400 && statusCode < 500) {
    return invalidRequest({ path: 'body', message: 'could not be read' })
  }
  return new ApiError('INTERNAL', { cause: thrown })
}
