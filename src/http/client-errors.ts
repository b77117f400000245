import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError, type ErrorCode, invalidRequest } from '../errors.js'
import { NO_STORE } from './caching.js'
import { readRequestId } from './request-log.js'
import { securityEventOf } from './security-events.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Handles `clientError` events of the HTTP server. */
    handleClientError: (error: Error, socket: Socket) => void
  }
}

/** @see https://nodejs.org/api/http.html#event-clienterror */
interface ParserError extends NodeJS.ErrnoException {
  rawPacket?: Buffer
  bytesParsed?: number
}

/** Errors by the error code of Node's HTTP parser. Other parser errors are 400, or 404 for an unsupported method. */
const CODES: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
}

/** How long to keep reading from a connection after its last response, in milliseconds. */
const LINGER = 5000

/**
 * A valid request line (RFC 9112, section 3). If the parser reports an invalid method for a line that matches, then the
 * method is well-formed but not supported by Node.
 */
const REQUEST_LINE = /^[\w!#$%&'*+.^`|~-]+ \S+ HTTP\/1\.[01]\r?\n/

/**
 * Handles errors of the HTTP parser, which occur outside of Fastify.
 *
 * An error in the body of a request becomes the response to that request. An error after a complete request does not
 * affect that request: the connection is closed after its response. If no request is in progress on the connection, the
 * response is written directly to the socket.
 */
async function clientErrors(app: FastifyInstance) {
  const exchanges = new WeakMap<Duplex, { request: IncomingMessage; response: ServerResponse }>()
  const failures = new WeakMap<IncomingMessage, ApiError>()
  const closing = new WeakSet<Duplex>()

  app.server.on('request', (request, response) => exchanges.set(request.socket, { request, response }))
  app.server.on('connect', (request, socket) => {
    socket.on('error', () => socket.destroy())
    close(socket, new ApiError('ROUTE_NOT_FOUND'), request.headers)
  })
  app.addHook('preParsing', (request, _reply, payload, done) => done(failures.get(request.raw), payload))

  app.decorate('handleClientError', (error: ParserError, socket) => {
    if (error.code === 'ECONNRESET') socket.destroy()
    // After an error, the parser reports an error for each further chunk of data.
    if (socket.destroyed || closing.has(socket)) return
    close(socket, toApiError(error), findHeaders(error.rawPacket), error.code)
  })

  function close(socket: Duplex, error: ApiError, headers: IncomingMessage['headers'], reason?: string) {
    closing.add(socket)
    const last = exchanges.get(socket)
    if (last && !last.request.complete) {
      failures.set(last.request, error)
      // Notify the content type parser, if it is already reading the body.
      if (last.request.listenerCount('error') > 0) last.request.emit('error', error)
      closeAfter(last.response, socket)
    } else if (last && !last.response.writableFinished) {
      closeAfter(last.response, socket)
    } else {
      respond(socket, error, headers, reason)
    }
  }

  function respond(socket: Duplex, error: ApiError, headers: IncomingMessage['headers'], reason?: string) {
    if (!socket.writable) return void socket.destroy()
    const id = readRequestId({ headers })
    const body = JSON.stringify(error.toBody())
    const head = {
      ...app.commonHeaders,
      'cache-control': NO_STORE,
      ...app.corsHeaders(headers.origin),
      'x-request-id': id,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    }
    const fields = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${error.statusCode} ${STATUS_CODES[error.statusCode]}\r\n${fields.join('')}\r\n${body}`)
    linger(socket)
    app.countRefusal(reason ?? error.code)
    const line = {
      request_id: id,
      route: 'unknown',
      status: error.statusCode,
      code: error.code,
      event: 'request_refused',
    }
    // Logs the address of the connection, because only Fastify evaluates `X-Forwarded-For`.
    const address = socket instanceof Socket ? socket.remoteAddress : undefined
    app.log.warn(
      { ...line, ...securityEventOf(error.statusCode, error), ...(reason && { reason }), address },
      'request',
    )
  }
}

export default fp(clientErrors, {
  name: 'client-errors',
  dependencies: ['response-headers', 'cross-origin', 'refusals'],
})

function closeAfter(response: ServerResponse, socket: Duplex) {
  if (!response.headersSent) response.setHeader('connection', 'close')
  const end = () => {
    socket.end()
    linger(socket)
  }
  if (response.writableFinished) end()
  else response.once('finish', end)
}

/** Keeps reading for a while: an immediate close would reset the connection, and the response could be lost. */
function linger(socket: Duplex) {
  const timer = setTimeout(() => socket.destroy(), LINGER).unref()
  socket.once('close', () => clearTimeout(timer))
}

function toApiError({ code = '', rawPacket, bytesParsed = 0 }: ParserError): ApiError {
  const known = CODES[code]
  if (known) return new ApiError(known)
  if (code === 'HPE_INVALID_METHOD' && rawPacket) {
    const start = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf('\n', bytesParsed - 1) + 1
    if (REQUEST_LINE.test(rawPacket.toString('latin1', start))) return new ApiError('ROUTE_NOT_FOUND')
  }
  return invalidRequest({ path: 'request', message: 'is not valid HTTP' })
}

/** Extracts, from a packet that could not be parsed, the headers on which the response depends. */
function findHeaders(packet: Buffer | undefined): IncomingMessage['headers'] {
  const text = packet?.toString('latin1') ?? ''
  const [, origin] = /\norigin:[\t ]*([^\r\n]*)/i.exec(text) ?? []
  const [, id] = /\nx-request-id:[\t ]*([^\r\n]*)/i.exec(text) ?? []
  return { ...(origin === undefined ? {} : { origin }), ...(id === undefined ? {} : { 'x-request-id': id }) }
}
