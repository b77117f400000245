import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import {
  countConnections,
  createSession,
  errorBody,
  OWNER,
  resources,
  STRANGER,
  startApp,
  type TestApp,
  until,
} from '../support/app.js'
import { exchangeAll, head, JSON_TYPE, keepAlive, SESSION, toChunk, toChunkedBody } from '../support/raw.js'

const IMPORTS = resources('/imports')
const SMALL = JSON.stringify({ source_type: 'local', source_path: '/x' })
const LARGE = SMALL.padEnd(20_000)
const MESSAGE = 'Too many concurrent large requests or responses of this user: at most 4'

const CHUNKED = 'Transfer-Encoding: chunked'

/** Creates an import in another session of the owner. */
async function create({ url }: TestApp, token: string, body: string) {
  const headers = { cookie: `neptun-session=${token}`, 'content-type': 'application/json' }
  const response = await fetch(url + IMPORTS, { method: 'POST', headers, body })
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: await response.json() }
}

/** Starts requests on new connections, each without the end of its body. Returns once their sessions are looked up. */
async function begin({ url, app, sql, call }: TestApp, count: number, header: string, body: string): Promise<Socket[]> {
  const { port, hostname } = new URL(url)
  const sockets: Socket[] = []
  for (let index = 0; index < count; index += 1) {
    const socket = connect(Number(port), hostname).on('error', () => {})
    socket.write(keepAlive('POST', IMPORTS, SESSION, JSON_TYPE, header) + body)
    await once(app.server, 'request')
    sockets.push(socket)
  }
  await until(async () => (await sql(OTHER_QUERIES)).length === 0, 'no query is active')
  await call('GET', IMPORTS)
  return sockets
}

const OTHER_QUERIES = `SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()`

/** Starts requests that hold all permits of the owner for receiving large bodies. */
const takePermits = async (service: TestApp): Promise<Socket[]> => [
  ...(await begin(service, 3, 'Content-Length: 20000', '{')),
  ...(await begin(service, 1, CHUNKED, toChunk('{'))),
]

/** Returns the status of the only response on a connection, once it is closed; '' if there is no response. */
async function readStatus(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  return text.split(' ')[1] ?? ''
}

t.test('a user has at most four large bodies in progress, and twelve more wait', async (t) => {
  const service = await startApp(t)
  const token = await createSession(service.sql, OWNER.userId)
  const holders = await takePermits(service)
  const finished: Awaited<ReturnType<typeof create>>[] = []
  const requests = Array.from({ length: 13 }, async () => void finished.push(await create(service, token, LARGE)))
  await Promise.race(requests)
  t.same(finished, [{ status: 429, retryAfter: '1', body: errorBody(429, 'RATE_LIMITED', MESSAGE) }])
  t.equal((await create(service, token, SMALL)).status, 201, 'a small body does not wait')
  t.equal((await create(service, token, SMALL.padEnd(3 << 20))).status, 413, 'a body over the limit does not wait')
  const other = { token: STRANGER.token, body: { source_type: 'local', source_path: '/'.padEnd(20_000, 'x') } }
  const { status } = await service.call('POST', resources('/imports', STRANGER), other)
  t.equal(status, 400, 'the body of another user is received and validated')
  t.equal(finished.length, 1, 'the other large bodies wait')
  for (const holder of holders) holder.destroy()
  await Promise.all(requests)
  t.same(
    finished.slice(1).map(({ status }) => status),
    Array(12).fill(201),
  )
})

t.test('pipelined requests with large bodies all succeed: each waits for the earlier responses', async (t) => {
  const service = await startApp(t)
  const encodings: [string, string][] = [
    [`Content-Length: ${LARGE.length}`, LARGE],
    [CHUNKED, toChunkedBody(SMALL)],
    [CHUNKED, toChunkedBody(LARGE)],
  ]
  for (const [header, body] of encodings) {
    for (let round = 0; round < 5; round += 1) {
      const request = keepAlive('POST', IMPORTS, SESSION, JSON_TYPE, header) + body
      const last = head('POST', IMPORTS, SESSION, JSON_TYPE, header) + body
      const responses = await exchangeAll(service, request.repeat(9) + last)
      t.same(
        responses.map(({ status }) => status),
        Array(10).fill(201),
        `${header}, ${body.length} bytes, round ${round}`,
      )
    }
  }
})

t.test('a request that fails while it waits for a permit to receive its body makes room for another', async (t) => {
  const service = await startApp(t)
  const token = await createSession(service.sql, OWNER.userId)
  const failures: [name: string, status: string, fail: (socket: Socket) => void][] = [
    ['its connection is half closed', '400', (socket) => socket.end()],
    ['its body is malformed', '400', (socket) => socket.write('nonsense\r\n')],
    ['its connection is closed', '', (socket) => socket.destroy()],
    ['its connection is reset', '', (socket) => socket.resetAndDestroy()],
  ]
  for (const [name, status, fail] of failures) {
    const holders = await takePermits(service)
    const waiting = await begin(service, 12, CHUNKED, toChunk('{'))
    t.equal((await create(service, token, LARGE)).status, 429, `before ${name}, the queue is full`)
    const connections = await countConnections(service)
    const statuses = waiting.map(readStatus)
    for (const socket of waiting) fail(socket)
    t.same(new Set(await Promise.all(statuses)), new Set([status]), `${name}: the response`)
    await until(async () => (await countConnections(service)) <= connections - 12, 'the connections are closed')
    const created = create(service, token, LARGE)
    for (const holder of holders) holder.destroy()
    t.equal((await created).status, 201, `${name}: another request takes the place`)
    const more = await Promise.all(Array.from({ length: 16 }, () => create(service, token, LARGE)))
    t.same(
      more.map(({ status }) => status),
      Array(16).fill(201),
      `${name}: no permit is lost`,
    )
  }
})
