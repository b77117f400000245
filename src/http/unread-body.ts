import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { readInTurns } from './body-stream.js'
import { hasBody } from './json-body.js'
import { logResponse } from './request-log.js'

/** Maximum number of bytes that are read and discarded. */
const DISCARD_LIMIT = 64 * 1024 * 1024

/** How long to wait for more of a body, in milliseconds. */
const IDLE = 5000

/**
 * Lets clients read a response that is sent before their request has arrived completely, such as a 413 or a 401.
 *
 * Closing the connection at once would reset it. A client that is still sending would then see a broken pipe instead of
 * the response, and nginx would respond with 502. So the response is sent with `Connection: close`, our side of the
 * connection is closed, and the rest of the body is read and discarded up to a bound. (RFC 9112, section 9.6)
 */
async function unreadBody(app: FastifyInstance) {
  app.addHook<unknown>('onSend', (request, reply, payload, done) => {
    const { raw, method } = request
    const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload)
    if (raw.complete || !isWhole || method === 'HEAD' || !hasBody(raw.headers)) return done(null, payload)
    // A body in the same packet as the headers is complete only after this turn of the event loop.
    setImmediate(() => {
      if (raw.complete) return done(null, payload)
      reply.header('connection', 'close').header('content-length', Buffer.byteLength(payload))
      logResponse(request, reply)
      done(null, Readable.from(sendAndDiscard(payload, raw, reply.raw), { objectMode: false }))
    })
  })
}

export default fp(unreadBody, { name: 'unread-body' })

/** Sends a payload. The response ends when the request does, since Node then closes the connection. */
async function* sendAndDiscard(payload: string | Buffer, request: IncomingMessage, response: ServerResponse) {
  yield payload
  // By then it has been written.
  await turn()
  // Null while a pipelined request before this one has no response yet.
  response.socket?.end()
  await discard(request)
}

async function discard(request: IncomingMessage): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await new Promise<unknown>((resolve) => {
    timer = setTimeout(resolve, IDLE, undefined)
    let left = DISCARD_LIMIT
    request.on('data', ({ length }: Buffer) => {
      timer?.refresh()
      left -= length
      if (left < 0) resolve(undefined)
    })
    for (const event of ['end', 'close', 'error']) request.once(event, resolve)
    // The client has closed its side.
    request.socket.once('end', resolve)
    readInTurns(request)
    request.resume()
  })
  clearTimeout(timer)
}
