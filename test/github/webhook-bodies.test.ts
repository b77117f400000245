import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import pg from 'pg'
import t from 'tap'
import { errorBody, startApp, type TestApp, until } from '../support/app.js'
import { deliver, deliveryHeaders, SECRET, sign } from '../support/webhook.js'

const MiB = 1024 * 1024

const TOO_LARGE = [413, errorBody(413, 'PAYLOAD_TOO_LARGE', 'Request body is too large')]
const LIMITED = [
  429,
  errorBody(429, 'RATE_LIMITED', 'Too many deliveries from this address in progress: at most 64, of 32 MiB'),
]
const LIMITED_IN_TOTAL = [
  429,
  errorBody(429, 'RATE_LIMITED', 'Too many deliveries from all addresses in progress: at most 256, of 96 MiB'),
]

const settings = { GITHUB_WEBHOOK_SECRET: SECRET, TRUST_PROXY: '127.0.0.1', DATABASE_ANSWER_TIMEOUT: '60000' }

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

/** A delivery of which the head has been sent. */
interface Pending {
  socket: Socket
  /** What has been received so far. */
  text: () => string
}

/** Sends the head of a delivery, and then what `body` has. */
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
async function begin(service: TestApp, length: number, from?: string): Promise<Pending> {
  const head = { 'content-length': length, expect: '100-continue' }
  const pending = await open(service, head, from === undefined ? {} : { from })
  await until(() => pending.text() === CONTINUE, 'the service has accepted the head', 30_000)
  return pending
}

/** Waits for the response. @returns its status and body */
async function answer({ text, socket }: Pending) {
  const response = () => text().replace(CONTINUE, '')
  const end = () => response().indexOf('\r\n\r\n')
  const length = () => Number(/^content-length: (\d+)/im.exec(response())?.[1])
  await until(() => end() > 0 && response().length >= end() + 4 + length(), 'a response', 30_000)
  socket.destroy()
  return [Number(response().slice(9, 12)), JSON.parse(response().slice(end() + 4))]
}

const close = ({ socket }: Pending) => socket.destroy()

/** Whether a signed delivery of a client is processed. */
const isTaken = async (service: TestApp, from: string) =>
  (await deliver(service, 'ping', {}, { headers: { 'x-forwarded-for': from } })).status === 202

t.test('a body that is declared too large is refused before it is sent', async (t) => {
  const service = await startApp(t, settings)
  for (const length of [25 * MiB + 1, 10 ** 12, Number.MAX_SAFE_INTEGER]) {
    t.same(await answer(await open(service, { 'content-length': length })), TOO_LARGE, `${length}`)
  }
})

t.test('one address has bodies of 32 MiB in progress, and another address its own', async (t) => {
  const service = await startApp(t, settings)
  const large = { 'content-length': 25 * MiB }
  const pending = [await begin(service, 25 * MiB)]
  t.same(await answer(await open(service, large)), LIMITED, 'before any of it is sent')
  t.same(await answer(await open(service, { 'transfer-encoding': 'chunked' })), LIMITED, 'one of unknown length')
  t.ok(await isTaken(service, '203.0.113.1'), 'a small one has room')
  t.ok(await isTaken(service, '203.0.113.2'), 'another address')
  for (const from of ['203.0.113.2', '203.0.113.3']) pending.push(await begin(service, 25 * MiB, from))
  t.same(await answer(await open(service, large, { from: '203.0.113.4' })), LIMITED_IN_TOTAL)
  t.ok(await isTaken(service, '203.0.113.4'), 'a small one has room')
  for (const one of pending) close(one)
  const isFree = async () => {
    const again = await open(service, { ...large, expect: '100-continue' })
    await until(() => again.text().length > CONTINUE.length || again.text() === CONTINUE, 'a response')
    close(again)
    return again.text() === CONTINUE
  }
  await until(isFree, 'when they have gone, others have room')
})

t.test('one address has 64 bodies in progress, however small', async (t) => {
  const service = await startApp(t, settings)
  const pending = await Promise.all(Array.from({ length: 64 }, () => begin(service, 10)))
  t.same(await answer(await open(service, { 'content-length': 10 })), LIMITED)
  t.ok(await isTaken(service, '203.0.113.2'), 'another address')
  for (const { socket } of pending) socket.write('0123456789')
  const statuses = await Promise.all(pending.map(answer))
  t.same(new Set(statuses.map(([status]) => status)), new Set([401]), 'each is answered when it has arrived')
  t.ok(await isTaken(service, '203.0.113.1'))
})

t.test('a delivery that waits for the database does not count', async (t) => {
  const service = await startApp(t, { ...settings, DATABASE_CONNECT_TIMEOUT: '60000', DATABASE_LOCK_TIMEOUT: '60000' })
  const client = new pg.Client({ connectionString: service.databaseUrl })
  await client.connect()
  await client.query('BEGIN; LOCK TABLE github_deliveries IN ACCESS EXCLUSIVE MODE')
  const suspended = { action: 'suspend', installation: { id: 456789 } }
  const burst = Array.from({ length: 100 }, () => deliver(service, 'installation', suspended))
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  await until(async () => (await service.sql(waiting)).length > 0, 'the first ones wait')
  t.ok(await isTaken(service, '127.0.0.1'), 'another one of the same address')
  await client.end()
  const answers = await Promise.all(burst)
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
})

t.test('a chunked body ends at 25 MiB', async (t) => {
  const service = await startApp(t, settings)
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MiB, 'x'), Buffer.from('\r\n')])
  const body = Buffer.concat(Array.from({ length: 26 }, () => chunk))
  t.same(await answer(await open(service, { 'transfer-encoding': 'chunked' }, { body })), TOO_LARGE)
  const small = JSON.stringify({ zen: randomUUID() })
  const head = { 'transfer-encoding': 'chunked', 'x-hub-signature-256': sign(small) }
  const chunked = `${small.length.toString(16)}\r\n${small}\r\n0\r\n\r\n`
  const deliverSmall = async () => await answer(await open(service, head, { body: chunked }))
  // The rest of the large body is still being discarded, and a second chunked body of the address has to wait for that.
  let answered = await deliverSmall()
  const isServed = async () => {
    if (answered[0] === 429) answered = await deliverSmall()
    return answered[0] !== 429
  }
  await until(isServed, 'the first one is over')
  t.same(answered, [202, { outcome: 'ignored' }], 'a small one is read')
})

t.test('the rate limit applies before the body is sent', async (t) => {
  const service = await startApp(t, { ...settings, RATE_LIMIT_ADDRESS: '4' })
  const message = 'Too many requests from this address: at most 4 in 60 s'
  const refusals: [head: Record<string, string | number>, body: string, status: number][] = [
    [{ 'content-length': 2 }, '{}', 401],
    [{ 'content-length': 2, 'x-hub-signature-256': 'none' }, '', 401],
    [{ 'content-length': 25 * MiB + 1 }, '', 413],
    [{ 'content-length': 2, 'content-type': 'text/plain' }, '{}', 415],
  ]
  for (const [head, body, status] of refusals) t.equal((await answer(await open(service, head, { body })))[0], status)
  const limited = [429, errorBody(429, 'RATE_LIMITED', message)]
  for (const head of [{ 'content-length': 25 * MiB }, { 'transfer-encoding': 'chunked' }, { 'content-length': 2 }]) {
    t.same(await answer(await open(service, head)), limited, JSON.stringify(head))
  }
  t.ok(await isTaken(service, '203.0.113.2'), 'another address')
})

t.test('deliveries with a valid signature do not count', async (t) => {
  const service = await startApp(t, { ...settings, RATE_LIMIT_ADDRESS: '2' })
  for (let count = 0; count < 5; count += 1) t.ok(await isTaken(service, '203.0.113.1'))
  t.equal((await deliver(service, 'installation', {})).status, 400, 'nor those that are not understood')
  t.equal((await deliver(service, 'installation', {})).status, 400)
  t.equal((await deliver(service, 'installation', {})).status, 400)
})
