import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ApiError, type ErrorCode, invalidRequest } from '../errors.js'

/** What Node's HTTP parser reports of a connection that never became a request. */
const clientErrors: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
}

/** Answers a request with an `Expect` header other than 100-continue, which Node would refuse in another shape. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const error = new ApiError('EXPECTATION_FAILED')
  const body = JSON.stringify(error.toBody())
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) }
  response.writeHead(error.statusCode, { ...headers, connection: 'close' }).end(body)
}

/** Answers, in the one shape of every error, what is not even HTTP, and closes the connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const known = clientErrors[error.code ?? '']
  const seen = known ? new ApiError(known) : invalidRequest({ path: 'request', message: 'is not valid HTTP' })
  const body = JSON.stringify(seen.toBody())
  socket.end(
    `HTTP/1.1 ${seen.statusCode} ${seen.message}\r\n` +
      'content-type: application/json; charset=utf-8\r\n' +
      `content-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  )
}
