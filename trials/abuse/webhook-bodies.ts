import { createHmac, randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { withEnvironment } from '../support/environment.js'
import { check, type Finding, figure, quantile, type Trial, within } from '../support/findings.js'
import { openRaw } from '../support/raw.js'
import type { Service } from '../support/service.js'

const MiB = 1024 * 1024
const SECRET = 'the secret of the trial'

const CONNECTIONS = 60
const BODY = 25 * MiB

/** Duration of an attack, in milliseconds. */
const DURATION = 15_000

/**
 * Maximum growth of resident memory, in MiB. The bodies of one address may take 32 MiB. While the buffer of a chunked
 * body is enlarged, the old buffer is in memory, too.
 */
const GROWTH = 128

/** Maximum p99 of concurrent deliveries from GitHub, in milliseconds. */
const LIMIT = 1000

/**
 * One address sends bodies of 25 MiB without a valid signature and without their last bytes, while GitHub delivers
 * webhooks.
 */
export const webhookBodies: Trial = () =>
  withEnvironment(async (environment) => {
    const service = await environment.startService({ GITHUB_WEBHOOK_SECRET: SECRET, TRUST_PROXY: '127.0.0.1' })
    await deliver(service.port)
    const before = service.memory()
    return [
      figure('resident memory before', mib(before)),
      ...(await attack(service, before, 'with Content-Length', `content-length: ${BODY}`)),
      ...(await attack(service, before, 'chunked', 'transfer-encoding: chunked')),
    ]
  })

async function attack(service: Service, before: number, label: string, length: string): Promise<Finding[]> {
  const senders = Array.from({ length: CONNECTIONS }, () => send(service.port, length))
  const end = performance.now() + DURATION
  const times: number[] = []
  const statuses = new Map<number, number>()
  let highest = 0
  while (performance.now() < end) {
    highest = Math.max(highest, service.memory())
    const startedAt = performance.now()
    const status = await deliver(service.port)
    times.push(performance.now() - startedAt)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    await sleep(20)
  }
  const rejected = senders.filter(({ text }) => text().startsWith('HTTP/1.1 429'))
  const sent = rejected.map(({ sentAtResponse }) => sentAtResponse() / MiB)
  for (const { socket } of senders) socket.destroy()
  await sleep(1000)
  const growth = highest - before
  const lost = [...statuses].filter(([status]) => status !== 202).map(([status, count]) => `${count} x ${status}`)
  return [
    check(`${label}: maximum growth of resident memory (limit ${GROWTH} MiB)`, mib(growth), growth < GROWTH),
    figure(`${label}: senders that received a 429`, `${rejected.length} of ${CONNECTIONS}`),
    figure(`${label}: maximum sent before the 429`, rejected.length > 0 ? `${Math.max(...sent).toFixed(1)} MiB` : '-'),
    check(`${label}: refused deliveries from GitHub, of ${times.length}`, lost.join(', ') || 'none', lost.length === 0),
    within(`${label}: p99 of the deliveries`, quantile(times, 0.99), LIMIT),
  ]
}

interface Sender {
  socket: Socket
  text: () => string
  /** Number of bytes of the body that had been sent when the response arrived. */
  sentAtResponse: () => number
}

const CHUNK = Buffer.alloc(64 * 1024, 'x')

function send(port: number, length: string): Sender {
  const { socket } = openRaw(port)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const isChunked = length.includes('chunked')
  let received = ''
  let sent = 0
  let sentAtResponse = 0
  socket.on('data', (data) => {
    if (received === '') sentAtResponse = sent
    received += data
  })
  const write = async () => {
    socket.write(headOf(length, '203.0.113.66', `sha256=${'0'.repeat(64)}`))
    for (; sent + CHUNK.length < BODY && received === '' && !socket.destroyed; sent += CHUNK.length) {
      if (isChunked) socket.write(`${CHUNK.length.toString(16)}\r\n`)
      const isDrained = socket.write(CHUNK)
      if (isChunked) socket.write('\r\n')
      if (!isDrained) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
    }
  }
  void write()
  return { socket, text: () => received, sentAtResponse: () => sentAtResponse }
}

/** Sends a small delivery from GitHub. @returns the status of the response */
async function deliver(port: number): Promise<number> {
  const body = JSON.stringify({ zen: randomUUID() })
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`
  const { socket, firstResponse } = openRaw(port)
  socket.write(headOf(`content-length: ${body.length}`, '192.0.2.1', signature) + body)
  const { text } = await firstResponse
  socket.destroy()
  return Number(text.slice(0, 3))
}

const headOf = (length: string, address: string, signature: string) =>
  [
    'POST /webhooks/github HTTP/1.1',
    'host: localhost',
    'content-type: application/json',
    `x-forwarded-for: ${address}`,
    'x-github-event: ping',
    `x-github-delivery: ${randomUUID()}`,
    `x-hub-signature-256: ${signature}`,
    length,
    '\r\n',
  ].join('\r\n')

const mib = (value: number) => `${Math.round(value)} MiB`
