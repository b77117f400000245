import { createHmac, randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { check, type Finding, figure, quantile, type Trial, within } from '../support/findings.js'
import { openRaw } from '../support/raw.js'
import type { Service } from '../support/service.js'
import { withStage } from '../support/stage.js'

const MiB = 1024 * 1024
const SECRET = 'the secret of the trial'

const CONNECTIONS = 60
const BODY = 25 * MiB

/** How long the senders go on, in milliseconds. */
const DURATION = 15_000

/** In MiB: the memory that is reserved for one address is 32 MiB, and a body is copied once. */
const GROWTH = 128

/** For the slowest hundredth of the deliveries of GitHub meanwhile, in milliseconds. */
const LIMIT = 1000

/** Of one address: bodies of 25 MiB without a valid signature, whole but for the last byte. GitHub delivers meanwhile. */
export const webhookBodies: Trial = () =>
  withStage(async (stage) => {
    const service = await stage.startService({ GITHUB_WEBHOOK_SECRET: SECRET, TRUST_PROXY: '127.0.0.1' })
    await deliver(service.port)
    const before = service.memory()
    return [
      figure('resident before', mib(before)),
      ...(await attack(service, before, 'of a declared length', `content-length: ${BODY}`)),
      ...(await attack(service, before, 'in chunks', 'transfer-encoding: chunked')),
    ]
  })

async function attack(service: Service, before: number, what: string, length: string): Promise<Finding[]> {
  const senders = Array.from({ length: CONNECTIONS }, () => send(service.port, length))
  const end = performance.now() + DURATION
  const times: number[] = []
  const statuses = new Map<number, number>()
  let highest = 0
  while (performance.now() < end) {
    highest = Math.max(highest, service.memory())
    const begun = performance.now()
    const status = await deliver(service.port)
    times.push(performance.now() - begun)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    await sleep(20)
  }
  const refused = senders.filter(({ text }) => text().startsWith('HTTP/1.1 429'))
  const sent = refused.map(({ sentAtResponse }) => sentAtResponse() / MiB)
  for (const { socket } of senders) socket.destroy()
  await sleep(1000)
  const growth = highest - before
  const lost = [...statuses].filter(([status]) => status !== 202)
  return [
    check(`${what}: growth at most (limit ${GROWTH} MiB)`, mib(growth), growth < GROWTH),
    figure(`${what}: senders that got a 429`, `${refused.length} of ${CONNECTIONS}`),
    figure(`${what}: sent until the 429, at most`, refused.length > 0 ? `${Math.max(...sent).toFixed(1)} MiB` : '-'),
    check(`${what}: deliveries of GitHub, ${times.length}, refused`, lost.join(', ') || 'none', lost.length === 0),
    within(`${what}: their p99`, quantile(times, 0.99), LIMIT),
  ]
}

interface Sender {
  socket: Socket
  text: () => string
  /** How many bytes of the body had been sent when the response came. */
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

/** A small delivery of GitHub. @returns the status of its response */
async function deliver(port: number): Promise<number> {
  const body = JSON.stringify({ zen: randomUUID() })
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`
  const { socket, answered } = openRaw(port)
  socket.write(headOf(`content-length: ${body.length}`, '192.0.2.1', signature) + body)
  const { text } = await answered
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
