import { Server as NetServer, type Socket } from 'node:net'
import { setTimeout as sleep, setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether shutdown has started: the service is no longer ready, but still serves requests. */
    isShuttingDown: () => boolean
    /**
     * Drains connections before `close`, to lose as few requests as possible. For `delay` milliseconds, the service is
     * not ready but serves requests normally, so that load balancers can stop sending requests. Then it stops accepting
     * connections, and closes each open one after its next response. The promise resolves when all connections have
     * closed, or after another `delay` milliseconds. Until then, idle connections stay open, so that clients can still
     * send a request on them.
     */
    drain: (delay: number) => Promise<void>
    /** Other servers of this process, which are drained and closed together with this one. */
    companions: FastifyInstance[]
  }
}

/** Grace period for new connections at shutdown, in milliseconds: their first request may be on its way. */
const SILENT_GRACE_PERIOD = 500

/** Maximum time for accepting queued connections before the port is closed, in milliseconds. */
const ACCEPT_TIMEOUT = 500

/**
 * Graceful shutdown that cannot be blocked by idle connections. It loses as few requests as HTTP/1.1 allows
 * (docs/decisions/012).
 */
async function shutdown(app: FastifyInstance) {
  const sockets = new Set<Socket>()
  let accepted = 0
  let isShuttingDown = false
  let isPortClosed = false
  let closing: Promise<unknown> | undefined
  const companions: FastifyInstance[] = []

  app.server.on('connection', (socket: Socket) => {
    accepted += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  // Without `Connection: close`, clients would notice the shutdown only when their next request fails.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isPortClosed) reply.header('connection', 'close')
    done(null, payload)
  })

  app.decorate('isShuttingDown', () => isShuttingDown)
  app.decorate('companions', companions)
  app.decorate('drain', async (delay: number) => {
    isShuttingDown = true
    const drained = companions.map((other) => other.drain(delay))
    await sleep(delay)
    await Promise.all([Promise.race([closePort(), sleep(delay)]), ...drained])
  })
  app.addHook('preClose', async () => {
    isShuttingDown = true
    const closed = Promise.all([closePort(), ...companions.map((other) => other.close())])
    // Read the data that has already arrived: a connection with a pending request must not be closed as idle.
    await yieldToEventLoop()
    app.server.closeIdleConnections()
    // For Node, connections that never sent anything are not idle.
    setTimeout(() => closeSilent(sockets), SILENT_GRACE_PERIOD).unref()
    await closed
  })

  /** Stops accepting connections. Resolves when the last connection has closed. */
  function closePort(): Promise<unknown> {
    closing ??= acceptQueued().then(() => {
      isPortClosed = true
      // The HTTP server's own `close` would also close idle connections, on which a request may be on its way.
      return new Promise((resolve) => NetServer.prototype.close.call(app.server, resolve))
    })
    return closing
  }

  /**
   * Accepts the connections in the kernel's queue, which would be reset when the port is closed. Node accepts one
   * connection per iteration of the event loop, so this waits until an iteration has accepted none.
   */
  async function acceptQueued() {
    const deadline = Date.now() + ACCEPT_TIMEOUT
    let before: number
    do {
      before = accepted
      await yieldToEventLoop()
    } while (accepted > before && Date.now() < deadline)
  }
}

function closeSilent(sockets: Set<Socket>) {
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
}

export default fp(shutdown, { name: 'shutdown' })
