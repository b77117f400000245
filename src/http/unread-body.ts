import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { readWithYields } from './body-stream.js'
import { hasBody } from './json-body.js'
import { logResponse } from './request-log.js'

/** Maximum number of bytes to read and discard. */
const DISCARD_LIMIT = 64 * 1024 * 1024

/** Timeout for more of a body to arrive, in milliseconds. */
const IDLE_TIMEOUT = 5000

/**
 * Ensures that clients can read a response that is sent before their request has been received completely, such as a
 * 413 or 401.
 *
 * Closing the connection immediately would reset it: a client that is still sending would get a broken pipe instead of
 * the response, and nginx would respond with 502. Therefore, the response is sent with `Connection: close`, our side of
 * the connection is closed, and the rest of the body is read and discarded, up to a limit (RFC 9112, section 9.6).
 */
async function unreadBody(app: FastifyInstance) {
  app.addHook<unknown>('onSend', (request, reply, payload, done) => {
    const { raw, method } = request
    const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload)
    if (raw.complete || !isWhole || method === 'HEAD' || !hasBody(raw.headers)) return done(null, payload)
    // A body in the same packet as the headers is complete only after this iteration of the event loop.
    setImmediate(() => {
      if (raw.complete) return done(null, payload)
      reply.header('connection', 'close').header('content-length', Buffer.byteLength(payload))
      logResponse(request, reply)
      done(null, Readable.from(sendAndDiscard(payload, raw, reply.raw), { objectMode: false }))
    })
  })
}

export default fp(unreadBody, { name: 'unread-body' })

/** Sends a payload. The response ends only after the request: ending the response makes Node close the connection. */
async function* sendAndDiscard(payload: string | Buffer, request: IncomingMessage, response: ServerResponse) {
  yield payload
  // The payload is written in this iteration of the event loop.
  await yieldToEventLoop()
  // The socket is null while the response to an earlier pipelined request is pending.
  response.socket?.end()
  await discard(request)
}

async function discard(request: IncomingMessage): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await new Promise<unknown>((resolve) => {
    timer = setTimeout(resolve, IDLE_TIMEOUT, undefined)
    let remaining = DISCARD_LIMIT
    request.on('data', ({ length }: Buffer) => {
      timer?.refresh()
      remaining -= length
      if (remaining < 0) resolve(undefined)
    })
    for (const event of ['end', 'close', 'error']) request.once(event, resolve)
    // The client has closed its side of the connection.
    request.socket.once('end', resolve)
    readWithYields(request)
    request.resume()
  })
  clearTimeout(timer)
}
