import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import t from 'tap'
import { until } from '../support/app.js'
import { compiled } from '../support/compiled.js'
import { createDatabase } from '../support/database.js'
import { freePort, SERVICE_TOKEN } from '../support/service.js'

/** The limit on open file descriptors of the service's process. */
const DESCRIPTORS = 300

/**
 * Maximum number of client connections of all ports together. The service reserves 10 descriptors for PostgreSQL, and 128
 * for other uses.
 */
const CONNECTIONS = DESCRIPTORS - 10 - 128

const READY = 'GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n'
const skip = process.platform === 'win32' && 'Windows has no limit of file descriptors'

for (const servers of [1, 2]) {
  const maximum = Math.floor(CONNECTIONS / servers)
  const title = `new connections are rejected before file descriptors run out, and existing ones are served (ports: ${servers})`
  t.test(title, { skip }, async (t) => {
    const internal = { INTERNAL_PORT: await freePort(), SERVICE_TOKENS: SERVICE_TOKEN }
    const command = `ulimit -n ${DESCRIPTORS} && exec "$0" "$1"`
    const child = spawn('sh', ['-c', command, process.execPath, compiled('src/server.ts')], {
      cwd: t.testdir(),
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: await createDatabase(t),
        PORT: '0',
        RATE_LIMIT_ADDRESS: '1000000',
        NODE_ENV: 'development',
        DATABASE_CONNECT_TIMEOUT: '15000',
        DATABASE_ANSWER_TIMEOUT: '15000',
        ...(servers === 2 && internal),
      },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    const warned = new Promise<string>((resolve) => {
      createInterface({ input: child.stdout as Readable }).on('line', (line) => {
        if (line.includes('too many')) resolve(line)
      })
    })
    const [{ address }] = await once(child, 'message')
    const open = async (): Promise<Socket> => {
      const socket = connect(Number(new URL(address).port), '127.0.0.1')
      t.teardown(() => socket.destroy())
      socket.on('error', () => {})
      await once(socket, 'connect')
      return socket
    }
    const isServed = async (socket: Socket) => {
      socket.write(READY)
      const [data] = await once(socket, 'data')
      return String(data).startsWith('HTTP/1.1 200')
    }

    const first = await open()
    t.ok(await isServed(first), 'the first connection is served')
    const sockets: Socket[] = []
    let rejected = 0
    for (let number = 0; number < 2 * DESCRIPTORS; number += 1) {
      const socket = await open()
      socket.once('close', () => {
        rejected += 1
      })
      socket.resume()
      sockets.push(socket)
    }
    const message = 'rejected a connection: too many open connections'
    t.match(JSON.parse(await warned), { level: 40, msg: message, maximum })
    t.ok(await isServed(first), 'an existing connection is served')
    const expected = 1 + 2 * DESCRIPTORS - maximum
    await until(() => rejected >= expected, `${expected} connections are rejected`)
    t.equal(rejected, expected)
    for (const socket of sockets) socket.destroy()
    t.ok(await isServed(first))
    await until(async () => {
      const next = await open()
      return await Promise.race([isServed(next), once(next, 'close').then(() => false)])
    }, 'new connections are served again')
  })
}
