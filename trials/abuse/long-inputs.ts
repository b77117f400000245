import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { demo } from '../../src/demo-data.js'
import { openConnection } from '../support/connection.js'
import { check, figure, ms, type Trial } from '../support/findings.js'
import { withStage } from '../support/stage.js'
import { type Input, inputs } from './inputs.js'

/** No request may block the event loop for longer, in milliseconds. */
const LIMIT = 100

/** What another process on the machine does delays some tries, and an input every try. */
const TRIES = 3

/** How many of the slowest inputs the table shows. */
const SHOWN = 5

/** The longest time for which the worst requests of up to 2 MiB block the event loop, as another client notices it. */
export const longInputs: Trial = () =>
  withStage(async (stage) => {
    const { port } = await stage.startService()
    const watch = await watchService(port)
    const blocks: { name: string; block: number }[] = []
    for (const input of inputs()) {
      const bytes = toBytes(input, port)
      const tries: number[] = []
      for (let count = 0; count < TRIES; count += 1) tries.push(await watch.during(() => send(port, bytes)))
      blocks.push({ name: input.name, block: Math.min(...tries) })
    }
    await watch.stop()
    blocks.sort((a, b) => b.block - a.block)
    const [worst] = blocks
    return [
      check(
        `longest block of the event loop by one of ${blocks.length} inputs (limit ${LIMIT} ms)`,
        ms(worst?.block ?? Number.NaN),
        (worst?.block ?? Number.NaN) < LIMIT,
      ),
      ...blocks.slice(0, SHOWN).map(({ name, block }) => figure(name, ms(block))),
    ]
  })

/** Polls /health/live, which does nothing but wait for the event loop. */
async function watchService(port: number) {
  const connection = await openConnection(port)
  let slowest = 0
  let stopped = false
  let polled = poll()
  const ended = repeat()

  async function poll() {
    const begun = performance.now()
    await connection.send({ method: 'GET', path: '/health/live' })
    slowest = Math.max(slowest, performance.now() - begun)
  }

  async function repeat() {
    while (!stopped) {
      polled = poll()
      await polled
      await sleep(1)
    }
    connection.destroy()
  }

  return {
    /** Returns the slowest response while something happens, in milliseconds. */
    async during(action: () => Promise<unknown>): Promise<number> {
      slowest = 0
      await action()
      // The one that has waited for the event loop may be still on its way.
      await polled
      return slowest
    },
    stop: () => {
      stopped = true
      return ended
    },
  }
}

function toBytes({ method, path, headers = {}, body = '' }: Input, port: number): string {
  const isSized = body !== '' && !('Transfer-Encoding' in headers)
  const own = !isSized ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
  const session = { Cookie: `neptun-session=${demo.user.token}` }
  const all = { Host: `127.0.0.1:${port}`, Connection: 'close', ...session, ...own, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

/** Sends a request, and waits until the service has closed the connection. */
async function send(port: number, bytes: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  socket.resume()
  socket.write(bytes)
  await once(socket, 'close')
}
