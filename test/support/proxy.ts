import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'

/**
 * - `pass`: forwards all data.
 * - `refuse`: closes all connections and refuses new ones.
 * - `hang`: keeps connections and accepts new ones, but forwards nothing.
 */
type Mode = 'pass' | 'refuse' | 'hang'

/** A TCP proxy for PostgreSQL that simulates outages and counts round trips. */
export interface DatabaseProxy {
  /** URL of the database through the proxy. */
  url: string
  /** Number of round trips of queries so far, over all connections. The messages of the handshake are not counted. */
  roundTrips: () => number
  /** Number of open connections, including those that are still being established. */
  connections: () => number
  /** Changes the mode. Changing from `hang` to another mode closes the connections that hung. */
  become: (mode: Mode) => Promise<void>
}

/** Starts a proxy for a PostgreSQL without TLS. Stops it after the test, once the service has stopped. */
export async function startProxy(t: Test, databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let mode: Mode = 'pass'
  let roundTrips = 0
  let connections = 0

  const server = createServer((client) => {
    connections += 1
    client.on('close', () => {
      connections -= 1
    })
    const postgres = connect(Number(target.port || 5432), target.hostname)
    const count = countRoundTrips(() => {
      roundTrips += 1
    })
    client.on('data', count)
    join(client, postgres)
    join(postgres, client)
  })

  function join(from: Socket, to: Socket) {
    sockets.add(from)
    from.on('data', (chunk) => {
      if (mode !== 'hang') to.write(chunk)
    })
    from.on('error', () => {})
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }

  async function become(next: Mode) {
    if (next !== 'hang') for (const socket of sockets) socket.destroy()
    if (next === 'refuse' && server.listening) await close(server)
    if (next !== 'refuse' && !server.listening) await listen(server, port)
    mode = next
  }

  const port = await listen(server, 0)
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await close(server)
  })
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  return { url: url.href, roundTrips: () => roundTrips, connections: () => connections, become }
}

async function listen(server: Server, port: number): Promise<number> {
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return (server.address() as { port: number }).port
}

async function close(server: Server) {
  await once(server.close(), 'close')
}

/**
 * Parses the messages that a client sends: a type byte and a length that includes itself. Only the first message, which
 * starts the session, has no type. Counts Sync, which ends an extended query, and simple Query: the client waits for a
 * response after these.
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
function countRoundTrips(onRoundTrip: () => void): (chunk: Buffer) => void {
  let unread = Buffer.alloc(0)
  let typeBytes = 0
  return (chunk) => {
    unread = Buffer.concat([unread, chunk])
    while (unread.length >= typeBytes + 4) {
      const length = typeBytes + unread.readInt32BE(typeBytes)
      if (unread.length < length) return
      const type = String.fromCharCode(unread[0] ?? 0)
      if (typeBytes === 1 && (type === 'S' || type === 'Q')) onRoundTrip()
      unread = unread.subarray(length)
      typeBytes = 1
    }
  }
}
