import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import t from 'tap'
import { compiled } from '../support/compiled.js'
import { createDatabase } from '../support/database.js'

const DESCRIPTORS = 300
const READY = 'GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n'
const skip = process.platform === 'win32' && 'there is no limit of file descriptors'

t.test(
  'connections above the limit of file descriptors are refused, and existing ones are served',
  { skip },
  async (t) => {
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
    t.ok(await isServed(first))
    const sockets: Socket[] = []
    let refused = 0
    for (let number = 0; number < 2 * DESCRIPTORS; number += 1) {
      const socket = await open()
      socket.once('close', () => {
        refused += 1
      })
      socket.resume()
      sockets.push(socket)
    }
    t.match(JSON.parse(await warned), { level: 40, msg: 'rejected a connection: too many open connections' })
    t.ok(await isServed(first), 'an existing connection is served')
    t.ok(refused > 2 * DESCRIPTORS - 200, `${refused} were refused`)
    for (const socket of sockets) socket.destroy()
    t.ok(await isServed(first))
    let next = await open()
    while (!(await Promise.race([isServed(next), once(next, 'close').then(() => false)]))) next = await open()
    t.pass('new connections are served again')
  },
)
