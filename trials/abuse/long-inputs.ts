import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { demo } from '../../src/demo-data.js'
import { openConnection } from '../support/connection.js'
import { withEnvironment } from '../support/environment.js'
import { check, figure, ms, type Trial } from '../support/findings.js'
import { type Input, inputs } from './inputs.js'

/** Maximum time for which a request may block the event loop, in milliseconds. */
const LIMIT = 100

/**
 * The fastest of several tries counts: other processes on the machine delay some tries, but an expensive input delays
 * all.
 */
const TRIES = 3

/** Number of slowest inputs in the table. */
const SHOWN = 5

/** Measures for how long requests of up to 2 MiB block the event loop: the delay of another client's requests. */
export const longInputs: Trial = () =>
  withEnvironment(async (environment) => {
    const { port } = await environment.startService()
    const polling = await startPolling(port)
    const blocks: { name: string; block: number }[] = []
    for (const input of inputs()) {
      const bytes = toBytes(input, port)
      const tries: number[] = []
      for (let count = 0; count < TRIES; count += 1) tries.push(await polling.slowestDuring(() => send(port, bytes)))
      blocks.push({ name: input.name, block: Math.min(...tries) })
    }
    await polling.stop()
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

/** Polls /health/live, whose latency is the delay of the event loop. */
async function startPolling(port: number) {
  const connection = await openConnection(port)
  let slowest = 0
  let isStopped = false
  let polled = poll()
  const finished = repeat()

  async function poll() {
    const startedAt = performance.now()
    await connection.send({ method: 'GET', path: '/health/live' })
    slowest = Math.max(slowest, performance.now() - startedAt)
  }

  async function repeat() {
    while (!isStopped) {
      polled = poll()
      await polled
      await sleep(1)
    }
    connection.destroy()
  }

  return {
    /** Returns the highest latency during an action, in milliseconds. */
    async slowestDuring(action: () => Promise<unknown>): Promise<number> {
      slowest = 0
      await action()
      // The poll that the action has delayed may still be pending.
      await polled
      return slowest
    },
    stop: () => {
      isStopped = true
      return finished
    },
  }
}

function toBytes({ method, path, headers = {}, body = '' }: Input, port: number): string {
  const isSized = body !== '' && !('Transfer-Encoding' in headers)
  const content = !isSized ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
  const session = { Cookie: `neptun-session=${demo.user.token}` }
  const all = { Host: `127.0.0.1:${port}`, Connection: 'close', ...session, ...content, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

/** Sends a request on a new connection, and waits until the service closes it. */
async function send(port: number, bytes: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  socket.resume()
  socket.write(bytes)
  await once(socket, 'close')
}
