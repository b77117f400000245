import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { errorBody, startApp, type TestApp, until } from '../support/app.js'
import { holdTransaction } from '../support/database.js'
import { toChunkedBody } from '../support/raw.js'
import { deliver, deliveryHeaders, SECRET, sign } from '../support/webhook.js'

const MiB = 1024 * 1024

const TOO_LARGE = [413, errorBody(413, 'PAYLOAD_TOO_LARGE', 'Request body is too large')]
const LIMITED = [
  429,
  errorBody(
    429,
    'RATE_LIMITED',
    'Too many deliveries in progress from this address: at most 64, with a total of 32 MiB',
  ),
]
const LIMITED_IN_TOTAL = [
  429,
  errorBody(
    429,
    'RATE_LIMITED',
    'Too many deliveries in progress from all addresses: at most 256, with a total of 96 MiB',
  ),
]

const settings = { GITHUB_WEBHOOK_SECRET: SECRET, TRUST_PROXY: '127.0.0.1', DATABASE_ANSWER_TIMEOUT: '60000' }

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

/** A delivery in progress. */
interface Pending {
  socket: Socket
  /** Returns the data received so far. */
  text: () => string
}

/** Sends the head of a delivery, and then `body`, which may be incomplete. */
async function open(
  { url }: TestApp,
  head: Record<string, string | number>,
  { body = '' as string | Buffer, from = '203.0.113.1' } = {},
): Promise<Pending> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  const headers = { ...deliveryHeaders('ping', 'something else'), host: 'localhost', 'x-forwarded-for': from, ...head }
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.on('error', () => {})
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.write(`POST /webhooks/github HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  if (body.length > 0) socket.write(body)
  return { socket, text: () => received }
}

/** Sends the head of a delivery, and waits until the service is ready to read its body. */
async function sendHead(service: TestApp, length: number, from?: string): Promise<Pending> {
  const head = { 'content-length': length, expect: '100-continue' }
  const pending = await open(service, head, from === undefined ? {} : { from })
  await until(() => pending.text() === CONTINUE, 'the service has accepted the head', 30_000)
  return pending
}

/** Waits for the response. @returns its status and body */
async function readResponse({ text, socket }: Pending) {
  const response = () => text().replace(CONTINUE, '')
  const end = () => response().indexOf('\r\n\r\n')
  const length = () => Number(/^content-length: (\d+)/im.exec(response())?.[1])
  await until(() => end() > 0 && response().length >= end() + 4 + length(), 'a response has arrived', 30_000)
  socket.destroy()
  return [Number(response().slice(9, 12)), JSON.parse(response().slice(end() + 4))]
}

const close = ({ socket }: Pending) => socket.destroy()

/** Whether a signed delivery from a client address is accepted. */
const isAccepted = async (service: TestApp, from: string) =>
  (await deliver(service, 'ping', {}, { headers: { 'x-forwarded-for': from } })).status === 202

t.test('a webhook delivery with a Content-Length over the limit is rejected before its body is sent', async (t) => {
  const service = await startApp(t, settings)
  for (const length of [25 * MiB + 1, 10 ** 12, Number.MAX_SAFE_INTEGER]) {
    t.same(
      await readResponse(await open(service, { 'content-length': length })),
      TOO_LARGE,
      `Content-Length: ${length}`,
    )
  }
})

t.test('webhook bodies in progress are limited to 32 MiB for each address, and to 96 MiB in total', async (t) => {
  const service = await startApp(t, settings)
  const large = { 'content-length': 25 * MiB }
  const pending = [await sendHead(service, 25 * MiB)]
  t.same(
    await readResponse(await open(service, large)),
    LIMITED,
    'a second large body is rejected before any of it is sent',
  )
  t.same(
    await readResponse(await open(service, { 'transfer-encoding': 'chunked' })),
    LIMITED,
    'a body of unknown length',
  )
  t.ok(await isAccepted(service, '203.0.113.1'), 'a small body is accepted')
  t.ok(await isAccepted(service, '203.0.113.2'), 'another address')
  for (const from of ['203.0.113.2', '203.0.113.3']) pending.push(await sendHead(service, 25 * MiB, from))
  t.same(await readResponse(await open(service, large, { from: '203.0.113.4' })), LIMITED_IN_TOTAL)
  t.ok(await isAccepted(service, '203.0.113.4'), 'a small body is accepted')
  for (const one of pending) close(one)
  const isFree = async () => {
    const again = await open(service, { ...large, expect: '100-continue' })
    await until(() => again.text() !== '', 'a response has arrived', 30_000)
    close(again)
    return again.text() === CONTINUE
  }
  await until(isFree, 'memory is released when clients disconnect')
})

t.test('each address can have at most 64 webhook bodies in progress, however small they are', async (t) => {
  const service = await startApp(t, settings)
  const pending = await Promise.all(Array.from({ length: 64 }, () => sendHead(service, 10)))
  t.same(await readResponse(await open(service, { 'content-length': 10 })), LIMITED)
  t.ok(await isAccepted(service, '203.0.113.2'), 'another address')
  for (const { socket } of pending) socket.write('0123456789')
  const statuses = await Promise.all(pending.map(readResponse))
  t.same(
    new Set(statuses.map(([status]) => status)),
    new Set([401]),
    'each delivery gets a response after its body has arrived',
  )
  t.ok(await isAccepted(service, '203.0.113.1'))
})

t.test('deliveries that wait for the database do not count as bodies in progress', async (t) => {
  const service = await startApp(t, { ...settings, DATABASE_CONNECT_TIMEOUT: '60000', DATABASE_LOCK_TIMEOUT: '60000' })
  const lock = 'LOCK TABLE github_deliveries IN ACCESS EXCLUSIVE MODE'
  const release = await holdTransaction(t, service.databaseUrl, lock)
  const suspended = { action: 'suspend', installation: { id: 456789 } }
  const burst = Array.from({ length: 100 }, () => deliver(service, 'installation', suspended))
  const { pool } = service.database
  await until(() => pool.totalCount + pool.waitingCount >= 100, 'all deliveries wait for the database')
  t.ok(await isAccepted(service, '127.0.0.1'), 'another delivery from the same address')
  await release()
  const responses = await Promise.all(burst)
  t.same(new Set(responses.map(({ status }) => status)), new Set([200]))
})

t.test('a chunked webhook body is limited to 25 MiB', async (t) => {
  const service = await startApp(t, settings)
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MiB, 'x'), Buffer.from('\r\n')])
  const body = Buffer.concat(Array.from({ length: 26 }, () => chunk))
  t.same(await readResponse(await open(service, { 'transfer-encoding': 'chunked' }, { body })), TOO_LARGE)
  const small = JSON.stringify({ zen: randomUUID() })
  const head = { 'transfer-encoding': 'chunked', 'x-hub-signature-256': sign(small) }
  const chunked = toChunkedBody(small)
  // The memory of the large body has been released before its 413 was sent.
  const response = await readResponse(await open(service, head, { body: chunked }))
  t.same(response, [202, { outcome: 'ignored' }], 'a small chunked body is accepted')
})

t.test('the rate limit of webhook deliveries applies before the body is sent', async (t) => {
  const service = await startApp(t, { ...settings, RATE_LIMIT_ADDRESS: '4' })
  const message = 'Too many requests from this address: at most 4 in 60 s'
  const refusals: [head: Record<string, string | number>, body: string, status: number][] = [
    [{ 'content-length': 2 }, '{}', 401],
    [{ 'content-length': 2, 'x-hub-signature-256': 'none' }, '', 401],
    [{ 'content-length': 25 * MiB + 1 }, '', 413],
    [{ 'content-length': 2, 'content-type': 'text/plain' }, '{}', 415],
  ]
  for (const [head, body, status] of refusals)
    t.equal((await readResponse(await open(service, head, { body })))[0], status)
  const limited = [429, errorBody(429, 'RATE_LIMITED', message)]
  for (const head of [{ 'content-length': 25 * MiB }, { 'transfer-encoding': 'chunked' }, { 'content-length': 2 }]) {
    t.same(await readResponse(await open(service, head)), limited, JSON.stringify(head))
  }
  t.ok(await isAccepted(service, '203.0.113.2'), 'another address')
})

t.test('deliveries with a valid signature do not count towards the rate limit', async (t) => {
  const service = await startApp(t, { ...settings, RATE_LIMIT_ADDRESS: '2' })
  for (let count = 0; count < 5; count += 1) t.ok(await isAccepted(service, '203.0.113.1'))
  t.equal((await deliver(service, 'installation', {})).status, 400, 'invalid payloads do not count either')
  t.equal((await deliver(service, 'installation', {})).status, 400)
  t.equal((await deliver(service, 'installation', {})).status, 400)
})
