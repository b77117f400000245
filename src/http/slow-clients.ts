import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

interface SlowClientsOptions {
  /** Timeout for a client that does not read its responses, in milliseconds. */
  readTimeout: number
  /** Maximum total size of buffered responses, in bytes. */
  maxBufferedBytes: number
}

/** Size of the slices of a response, in bytes. Each waits until the client has read enough (backpressure). */
const SLICE = 64 * 1024

/**
 * If more than this number of bytes of a response have been written, there is a pause before each further slice, so that
 * a client that reads very fast cannot monopolize the event loop.
 */
const UNPACED_BYTES = 256 * 1024

/** Maximum pause before a slice, in milliseconds. */
const MAX_PAUSE = 16

/**
 * Returns the pause before a slice, in milliseconds. The more responses pause at the same time, the longer: together,
 * they leave most of the time of the event loop to other requests.
 */
const pauseFor = (responses: number) => (responses === 1 ? 1 : Math.min(2 * responses, MAX_PAUSE))

/** A connection on which responses have been sent. */
interface Connection {
  socket: Socket
  requests: Set<FastifyRequest>
  /** Time of the last progress: when the client last read something, or when the first pending response started. */
  readAt: number
  /** Size of the buffered responses, in bytes. */
  bytes: number
}

/**
 * Limits the memory for clients that read their responses slowly. A client that reads nothing for `readTimeout` is
 * disconnected. If the buffered responses exceed `maxBufferedBytes`, the clients that have read nothing for the longest
 * time are disconnected first.
 */
async function slowClients(app: FastifyInstance, { readTimeout, maxBufferedBytes }: SlowClientsOptions) {
  const connections = new Map<Socket, Connection>()
  let bufferedBytes = 0
  /** Number of responses that pause at the moment. Those of clients that do not read are not among them. */
  let pausing = 0

  function connectionOf(request: FastifyRequest): Connection {
    const { socket } = request.raw
    const known = connections.get(socket)
    if (known) return known
    const connection = { socket, requests: new Set<FastifyRequest>(), readAt: performance.now(), bytes: 0 }
    connections.set(socket, connection)
    socket.once('close', () => forget(connection))
    return connection
  }

  function forget(connection: Connection) {
    release(connection, connection.bytes)
    connections.delete(connection.socket)
  }

  function release(connection: Connection, bytes: number) {
    const released = Math.min(bytes, connection.bytes)
    connection.bytes -= released
    bufferedBytes -= released
  }

  function disconnect(connection: Connection, reason: string) {
    const [request] = connection.requests
    request?.log.warn({ reason, bytes: connection.bytes }, 'disconnected a client that does not read its response')
    forget(connection)
    connection.socket.destroy()
  }

  function reserve(connection: Connection, bytes: number) {
    connection.bytes += bytes
    bufferedBytes += bytes
    while (bufferedBytes > maxBufferedBytes) {
      const others = [...connections.values()].filter((other) => other.bytes > 0 && other !== connection)
      if (others.length === 0) return
      disconnect(
        others.reduce((slowest, other) => (other.readAt < slowest.readAt ? other : slowest)),
        'too many buffered bytes',
      )
    }
  }

  async function pause() {
    pausing += 1
    await sleep(pauseFor(pausing))
    pausing -= 1
  }

  async function* send(connection: Connection, chunks: AsyncIterable<unknown> | Buffer[]) {
    let reserved = 0
    let sent = 0
    try {
      for await (const chunk of chunks) {
        const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
        reserved = buffer.length
        reserve(connection, reserved)
        for (let start = 0; start < buffer.length; start += SLICE) {
          const slice = buffer.subarray(start, start + SLICE)
          if (sent > UNPACED_BYTES) await pause()
          yield slice
          sent += slice.length
          connection.readAt = performance.now()
          reserved -= slice.length
          release(connection, slice.length)
        }
      }
    } finally {
      release(connection, reserved)
    }
  }

  app.addHook('onSend', (request, reply, payload, done) => {
    // Nothing can be sent on a destroyed socket. Do not track it: its `close` event may already have been emitted, and
    // then the connection would never be removed from the map.
    if (request.raw.socket.destroyed) return done(null, payload)
    const connection = connectionOf(request)
    if (connection.requests.size === 0) connection.readAt = performance.now()
    connection.requests.add(request)
    if (request.method === 'HEAD') return done(null, payload)
    if (payload instanceof Readable) return done(null, toStream(send(connection, payload)))
    const isLarge = (typeof payload === 'string' || Buffer.isBuffer(payload)) && payload.length > SLICE
    if (!isLarge) return done(null, payload)
    const buffer = Buffer.from(payload)
    reply.header('content-length', buffer.length)
    done(null, toStream(send(connection, [buffer])))
  })

  app.addHook('onResponse', (request, _reply, done) => {
    const connection = connections.get(request.raw.socket)
    if (connection) {
      connection.readAt = performance.now()
      connection.requests.delete(request)
    }
    done()
  })

  const timer = setInterval(
    () => {
      const deadline = performance.now() - readTimeout
      for (const connection of connections.values()) {
        if (connection.requests.size > 0 && connection.readAt < deadline) disconnect(connection, 'timeout')
      }
    },
    Math.min(readTimeout / 4, 1000),
  ).unref()
  app.addHook('onClose', async () => clearInterval(timer))
}

const toStream = (chunks: AsyncIterable<Buffer>) => Readable.from(chunks, { objectMode: false, highWaterMark: SLICE })

export default fp(slowClients, { name: 'slow-clients' })
