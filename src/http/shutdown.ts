import { Server as NetServer, type Socket } from 'node:net'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the service is about to end: it is not ready any more, and serves as long as it can. */
    isEnding: () => boolean
    /**
     * Prepares the end, so that `close` loses no request. For `delay` milliseconds it serves as ever, but is not ready:
     * load balancers go elsewhere. Then it lets nobody in, and closes each connection with its next answer; those that
     * are idle have `delay` milliseconds for that.
     */
    drain: (delay: number) => Promise<void>
    /** Other servers of this process, which start, drain and close together with this one. */
    companions: FastifyInstance[]
  }
}

/** How long a new connection may be silent once the service closes, in milliseconds: its request may be on the way. */
const SILENCE = 500

/** How long new connections may hold that back, in milliseconds. */
const PATIENCE = 500

/** The end of the service without a lost request, and without one that holds it up. */
async function shutdown(app: FastifyInstance) {
  const sockets = new Set<Socket>()
  let accepted = 0
  let ending = false
  let refusing = false
  let ended: Promise<unknown> | undefined
  const companions: FastifyInstance[] = []

  app.server.on('connection', (socket: Socket) => {
    accepted += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  // A client must not find out by the failure of its next request.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (refusing) reply.header('connection', 'close')
    done(null, payload)
  })

  app.decorate('isEnding', () => ending)
  app.decorate('companions', companions)
  app.decorate('drain', async (delay: number) => {
    ending = true
    const drained = companions.map((other) => other.drain(delay))
    await sleep(delay)
    await Promise.all([Promise.race([refuse(), sleep(delay)]), ...drained])
  })
  app.addHook('preClose', async () => {
    ending = true
    const end = Promise.all([refuse(), ...companions.map((other) => other.close())])
    // What has arrived by now is read first: a connection with a request on it is not idle.
    await turn()
    app.server.closeIdleConnections()
    // Node does not count those as idle that never sent anything.
    setTimeout(() => closeSilent(sockets), SILENCE).unref()
    await end
  })

  /** Lets nobody in any more. Resolves when the last connection has ended. */
  function refuse(): Promise<unknown> {
    ended ??= acceptWaiting().then(() => {
      refusing = true
      // Not the HTTP server's own `close`, which also ends idle connections: a request may be on its way on one.
      return new Promise((resolve) => NetServer.prototype.close.call(app.server, resolve))
    })
    return ended
  }

  /**
   * Connections that still wait to be accepted would be reset, with the requests that they bring. Node accepts one in a
   * turn of its loop: so until a turn has brought none.
   */
  async function acceptWaiting() {
    const deadline = Date.now() + PATIENCE
    let before: number
    do {
      before = accepted
      await turn()
    } while (accepted > before && Date.now() < deadline)
  }
}

function closeSilent(sockets: Set<Socket>) {
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
}

export default fp(shutdown, { name: 'shutdown' })
