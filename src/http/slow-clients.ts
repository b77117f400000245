import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

interface SlowClientsOptions {
  /** How long a client may read nothing of its responses, in milliseconds. */
  readTimeout: number
  /** The maximum size of the responses of all clients that are waiting in the process, in bytes. */
  maxWaitingBytes: number
}

/** Responses are written in slices of this size, in bytes, each when the client has read those before (backpressure). */
const SLICE = 64 * 1024

/**
 * Beyond so many bytes of one response, there is a pause of so many milliseconds before each slice: a client that reads as fast
 * as it can must not keep the event loop from others.
 */
const FAST = 256 * 1024
const PAUSE = 1

/** A connection with responses that have not been sent completely. */
interface Connection {
  socket: Socket
  requests: Set<FastifyRequest>
  /** When the client last read something, or the first of the responses began. */
  readAt: number
  /** What is held in memory for it. */
  bytes: number
}

/**
 * Protects the memory of the process from clients that do not read their responses: after `readTimeout` they are
 * disconnected; where the responses exceed `maxWaitingBytes`, those first that have read nothing for the longest time.
 */
async function slowClients(app: FastifyInstance, { readTimeout, maxWaitingBytes }: SlowClientsOptions) {
  const connections = new Map<Socket, Connection>()
  let waitingBytes = 0

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
    waitingBytes -= released
  }

  function disconnect(connection: Connection, reason: string) {
    const [request] = connection.requests
    request?.log.warn({ reason, bytes: connection.bytes }, 'disconnected a client that does not read its response')
    forget(connection)
    connection.socket.destroy()
  }

  function hold(connection: Connection, bytes: number) {
    connection.bytes += bytes
    waitingBytes += bytes
    while (waitingBytes > maxWaitingBytes) {
      const others = [...connections.values()].filter((other) => other.bytes > 0 && other !== connection)
      if (others.length === 0) return
      disconnect(
        others.reduce((slowest, other) => (other.readAt < slowest.readAt ? other : slowest)),
        'too many bytes are waiting',
      )
    }
  }

  async function* send(connection: Connection, chunks: AsyncIterable<unknown> | Buffer[]) {
    let held = 0
    let sent = 0
    try {
      for await (const chunk of chunks) {
        const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
        held = buffer.length
        hold(connection, held)
        for (let start = 0; start < buffer.length; start += SLICE) {
          const slice = buffer.subarray(start, start + SLICE)
          if (sent > FAST) await sleep(PAUSE)
          yield slice
          sent += slice.length
          connection.readAt = performance.now()
          held -= slice.length
          release(connection, slice.length)
        }
      }
    } finally {
      release(connection, held)
    }
  }

  app.addHook('onSend', (request, reply, payload, done) => {
    // Nothing is sent any more, and the connection would never be forgotten.
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
      const latest = performance.now() - readTimeout
      for (const connection of connections.values()) {
        if (connection.requests.size > 0 && connection.readAt < latest) disconnect(connection, 'timeout')
      }
    },
    Math.min(readTimeout / 4, 1000),
  ).unref()
  app.addHook('onClose', async () => clearInterval(timer))
}

const toStream = (chunks: AsyncIterable<Buffer>) => Readable.from(chunks, { objectMode: false, highWaterMark: SLICE })

export default fp(slowClients, { name: 'slow-clients' })
