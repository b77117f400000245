import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'

/**
 * What the way to PostgreSQL is like: open; closed, with every connection cut; or silent, where connections stay and are
 * accepted, and nothing comes through.
 */
type Mode = 'pass' | 'refuse' | 'hang'

/** A way to PostgreSQL that can fail, and that counts what goes over it. */
export interface DatabaseProxy {
  /** The database's URL, by this way. */
  url: string
  /** Round trips asked for so far, of all connections: what the client waits for an answer to. */
  roundTrips: () => number
  /** Connections at present, those that are only being made among them. */
  connections: () => number
  /** Resolves once it is so. To leave `hang` cuts the connections that hung. */
  become: (mode: Mode) => Promise<void>
}

/** Starts a proxy in front of a PostgreSQL that speaks without TLS. It ends with the test, after whatever uses it. */
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
 * Reads the messages of a client's side of the protocol: a type byte, and a length that counts itself. Only the first
 * message, which starts the session, has no type.
 *
 * A client waits after Sync, which ends an extended query, and after a simple Query.
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
