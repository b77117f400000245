import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
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
import { holdTransaction } from '../support/database.js'

const IMPORTS = resources('/imports')
const LIMIT = 16
const LIMITED = errorBody(429, 'RATE_LIMITED', 'Too many concurrent requests for this session: at most 16')

/** Sends a request on a new connection. */
function send(service: TestApp, lines: string[], body = ''): Socket {
  const { port, hostname } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(toBytes(lines) + body)
  return socket
}

const toBytes = (lines: string[]) =>
  `${[...lines, 'Host: localhost', `Cookie: neptun-session=${OWNER.token}`].join('\r\n')}\r\n\r\n`

/** Lists imports with one session. (`call` would use several sessions of the user.) */
async function list({ url }: TestApp, { token } = OWNER, path = IMPORTS) {
  const response = await fetch(url + path, { headers: { cookie: `neptun-session=${token}` } })
  const body = (await response.json()) as unknown
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body }
}

const REJECTED = { status: 429, retryAfter: '1', body: LIMITED }

const isServed = async (service: TestApp) => (await list(service)).status === 200

/** Waits until sixteen concurrent requests are accepted, which requires that no permit is lost. */
const untilReleased = (service: TestApp, when = '') =>
  until(async () => {
    const responses = await Promise.all(Array.from({ length: LIMIT }, () => list(service)))
    return responses.every(({ status }) => status === 200)
  }, `all permits are released${when}`)

/** Locks a table. @returns a function that releases the lock */
const lock = (t: Test, { databaseUrl }: TestApp, table: string) =>
  holdTransaction(t, databaseUrl, `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)

/** Enough connections for every request, and timeouts that are longer than the locks are held. */
const SETTINGS = {
  DATABASE_POOL_SIZE: '20',
  DATABASE_ANSWER_TIMEOUT: '60000',
  DATABASE_LOCK_TIMEOUT: '60000',
  DATABASE_CONNECT_TIMEOUT: '60000',
}

const WAITING = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`

/** @returns a function that waits until the service has received this number of requests since this call */
function countRequests({ app }: TestApp) {
  let received = 0
  app.server.on('request', () => {
    received += 1
  })
  return (count: number) => until(() => received === count, `${count} requests have been received`)
}

t.test(
  'a session can have sixteen requests in progress, including those whose session is being looked up',
  async (t) => {
    const service = await startApp(t, SETTINGS)
    const token = await createSession(service.sql, OWNER.userId)
    const unlock = await lock(t, service, 'sessions')
    const untilReceived = countRequests(service)
    const requests = Array.from({ length: LIMIT }, () => list(service))
    await untilReceived(LIMIT)
    const more = await Promise.all(Array.from({ length: 20 }, () => list(service)))
    t.same(
      more,
      more.map(() => REJECTED),
    )
    const other = list(service, { ...OWNER, token })
    await unlock()
    for (const { status } of await Promise.all(requests)) t.equal(status, 200)
    t.equal((await other).status, 200, 'another session of the same user has its own limit')
    t.equal((await list(service)).status, 200, 'the session can send requests again')
  },
)

t.test('each user has one session query at a time', async (t) => {
  const service = await startApp(t, SETTINGS)
  const token = await createSession(service.sql, OWNER.userId)
  const listWithOtherSession = () => list(service, { ...OWNER, token })
  const listOfOtherUser = () => list(service, STRANGER, resources('/user-files', STRANGER))
  // Afterwards, the service knows the users of these sessions.
  await Promise.all([list(service), listWithOtherSession(), listOfOtherUser()])
  const unlock = await lock(t, service, 'sessions')
  const untilReceived = countRequests(service)
  const requests = Array.from({ length: LIMIT }, () => [list(service), listWithOtherSession()]).flat()
  const other = listOfOtherUser()
  await untilReceived(2 * LIMIT + 1)
  await until(async () => (await service.sql(WAITING)).length >= 2, 'the session queries of both users wait')
  await sleep(100)
  t.equal((await service.sql(WAITING)).length, 2, 'no other session query started')
  await unlock()
  for (const { status } of await Promise.all([...requests, other])) t.equal(status, 200)
})

t.test('a revoked session does not delay the other sessions of its user', async (t) => {
  const service = await startApp(t, SETTINGS)
  const token = await createSession(service.sql, OWNER.userId)
  const listRevoked = () => list(service, { ...OWNER, token })
  await Promise.all([list(service), listRevoked()])
  await service.sql('UPDATE sessions SET revoked_at = now() WHERE token_hash = sha256($1)', [token])
  t.equal((await listRevoked()).status, 401)
  const unlock = await lock(t, service, 'sessions')
  const responses = [list(service), listRevoked()]
  await until(async () => (await service.sql(WAITING)).length === 2, 'the session queries of both sessions wait')
  await unlock()
  t.same(
    (await Promise.all(responses)).map(({ status }) => status),
    [200, 401],
  )
})

t.test('a slow session query is followed by a pause if requests of the same user wait', async (t) => {
  const service = await startApp(t, SETTINGS)
  await list(service)
  const unlock = await lock(t, service, 'sessions')
  const untilReceived = countRequests(service)
  const times = [list(service), list(service)].map(async (response) => {
    t.equal((await response).status, 200)
    return performance.now()
  })
  await untilReceived(2)
  await sleep(200)
  await unlock()
  const [first = 0, second = 0] = await Promise.all(times)
  const pause = Math.abs(second - first)
  t.ok(pause > 50, `the pause takes 100 ms, and the responses are ${pause} ms apart`)
})

t.test('requests that wait for a session query fail with it', async (t) => {
  const service = await startApp(t, { ...SETTINGS, DATABASE_LOCK_TIMEOUT: '500' })
  await list(service)
  const unlock = await lock(t, service, 'sessions')
  const responses = await Promise.all(Array.from({ length: LIMIT }, () => list(service)))
  for (const { status, body } of responses) {
    t.equal(status, 503)
    t.match(body, { code: 'DATABASE_UNAVAILABLE' })
  }
  const ownFailures = service.log.filter((line) => line.includes('canceling statement due to lock timeout'))
  t.ok(ownFailures.length < LIMIT, `${ownFailures.length} of the session queries were executed`)
  await unlock()
  t.equal((await list(service)).status, 200, 'the session can send requests again')
})

/**
 * Locks the table `imports` and sends sixteen concurrent requests. Until `unlock` is called, each handler waits for this
 * lock, or for another of these handlers to finish.
 */
async function holdHandlers<Request>(t: Test, service: TestApp, send: () => Request) {
  const unlockSessions = await lock(t, service, 'sessions')
  const unlock = await lock(t, service, 'imports')
  const untilReceived = countRequests(service)
  const requests = Array.from({ length: LIMIT }, send)
  await untilReceived(LIMIT)
  await unlockSessions()
  await until(
    async () => (await service.sql(`${WAITING} AND query LIKE '%FROM imports%'`)).length > 0,
    'a handler waits',
  )
  return { requests, unlock }
}

t.test('a session can have sixteen requests in progress, including those whose handler is running', async (t) => {
  const service = await startApp(t, SETTINGS)
  const { requests, unlock } = await holdHandlers(t, service, () => list(service))
  t.same(await list(service), REJECTED)
  await unlock()
  for (const { status } of await Promise.all(requests)) t.equal(status, 200)
  t.equal((await list(service)).status, 200, 'the session can send requests again')
})

t.test('closing a connection does not release its permit before the handler has finished', async (t) => {
  const service = await startApp(t, SETTINGS)
  const { requests: sockets, unlock } = await holdHandlers(t, service, () => send(service, [`GET ${IMPORTS} HTTP/1.1`]))
  for (const socket of sockets) socket.resetAndDestroy()
  await until(async () => (await countConnections(service)) === 0, 'the service has closed the connections')
  t.same(await list(service), REJECTED)
  t.equal((await list(service, STRANGER, resources('/user-files', STRANGER))).status, 200, 'others are served')
  await unlock()
  await until(() => isServed(service), 'the permits are released after the handlers have finished')
})

t.test('a client that disconnects at any time releases its permit', async (t) => {
  const service = await startApp(t, SETTINGS)
  const head = [`POST ${IMPORTS} HTTP/1.1`, 'Content-Type: application/json']
  const whole = JSON.stringify({ source_type: 'local', source_path: '/x' })
  const requests: [lines: string[], body: string][] = [
    [[...head, 'Content-Length: 1000'], '{"source_type":'],
    [[...head, 'Content-Length: 1000'], ''],
    [[...head, `Content-Length: ${whole.length}`], whole],
    [[...head, 'Transfer-Encoding: chunked'], '5\r\n{"sou'],
    [[`GET ${IMPORTS} HTTP/1.1`], ''],
    [[`DELETE ${IMPORTS}/1 HTTP/1.1`], ''],
    [[`GET ${IMPORTS}/nonsense HTTP/1.1`], ''],
  ]
  for (const isLocked of [false, true]) {
    const unlock = isLocked ? await lock(t, service, 'sessions') : async () => {}
    for (let round = 0; round < 3; round += 1) {
      for (const [lines, body] of requests) {
        const socket = send(service, lines, body)
        await new Promise((resolve) => socket.once('connect', resolve))
        await new Promise((resolve) => setImmediate(resolve))
        socket.resetAndDestroy()
      }
    }
    await unlock()
    await untilReleased(service, isLocked ? ' after a disconnect during the session lookup' : '')
  }
})

t.test('a client that never has more than sixteen requests in progress is never rejected', async (t) => {
  const service = await startApp(t)
  const statuses = new Set<number>()
  const worker = async () => {
    for (let count = 0; count < 40; count += 1) statuses.add((await list(service)).status)
  }
  await Promise.all(Array.from({ length: LIMIT }, worker))
  t.same(statuses, new Set([200]))
})

t.test('a user who has one hundred requests in progress, in several sessions, is not rejected', async (t) => {
  const service = await startApp(t)
  const body = { source_type: 'local', source_path: '/x' }
  const responses = await Promise.all(Array.from({ length: 100 }, () => service.call('POST', IMPORTS, { body })))
  t.same(new Set(responses.map(({ status }) => status)), new Set([201]))
})

t.test('a request whose body has not arrived counts as in progress', async (t) => {
  const service = await startApp(t)
  const lines = [`POST ${IMPORTS} HTTP/1.1`, 'Content-Type: application/json', 'Content-Length: 1000']
  const sockets = Array.from({ length: LIMIT }, () => send(service, lines, '{'))
  await until(async () => (await list(service)).status === 429, 'sixteen requests are in progress')
  t.same(await list(service), REJECTED)
  for (const socket of sockets) socket.destroy()
  await until(() => isServed(service), 'the permits are released')
})

t.test('a connection that closes while pipelined responses are pending releases all permits', async (t) => {
  const service = await startApp(t)
  for (let round = 0; round < 5; round += 1) {
    const request = toBytes([`GET ${IMPORTS} HTTP/1.1`])
    const socket = send(service, [`GET ${IMPORTS} HTTP/1.1`], request.repeat(9))
    await once(socket, 'data')
    socket.resetAndDestroy()
  }
  await untilReleased(service)
})

t.test('a 429 is logged with the reason', async (t) => {
  const service = await startApp(t)
  const lines = [`POST ${IMPORTS} HTTP/1.1`, 'Content-Type: application/json', 'Content-Length: 1000']
  const sockets = Array.from({ length: LIMIT }, () => send(service, lines, '{'))
  await until(async () => (await list(service)).status === 429, 'sixteen requests are in progress')
  for (const socket of sockets) socket.destroy()
  const rejected = () => service.log.map((line) => JSON.parse(line)).filter(({ status }) => status === 429)
  await until(() => rejected().length > 0, 'the request is logged')
  t.match(rejected()[0], { msg: 'request', route: '/api/users/:user_id/projects/:project_id/resources/imports' })
  t.equal(rejected()[0].reason, LIMITED.message)
})
