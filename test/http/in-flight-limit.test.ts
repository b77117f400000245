import { connect, type Socket } from 'node:net'
import { promisify } from 'node:util'
import pg from 'pg'
import t, { type Test } from 'tap'
import { createSession, errorBody, OWNER, resources, STRANGER, startApp, type TestApp, until } from '../support/app.js'

const IMPORTS = resources('/imports')
const LIMIT = 16
const LIMITED = errorBody(429, 'RATE_LIMITED', 'Too many concurrent requests for this session: at most 16')

/** Sends a request on a connection of its own. */
function send(service: TestApp, lines: string[], body = ''): Socket {
  const { port, hostname } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(`${[...lines, 'Host: localhost', `Cookie: neptun-session=${OWNER.token}`].join('\r\n')}\r\n\r\n${body}`)
  return socket
}

const list = (service: TestApp) => send(service, [`GET ${IMPORTS} HTTP/1.1`])

/** What a request of one session gets. Not `call`, which would use another session of the user. */
async function ask({ url }: TestApp, { token } = OWNER, path = IMPORTS) {
  const response = await fetch(url + path, { headers: { cookie: `neptun-session=${token}` } })
  const body = (await response.json()) as unknown
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body }
}

const REFUSED = { status: 429, retryAfter: '1', body: LIMITED }

const isServed = async (service: TestApp) => (await ask(service)).status === 200

/** Makes every request that reads a table wait. */
async function lock(t: Test, { databaseUrl }: TestApp, table: string) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('BEGIN')
  await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  let isLocked = true
  const unlock = async () => {
    if (isLocked) await client.end()
    isLocked = false
  }
  t.teardown(unlock)
  return unlock
}

/** Every request that waits for a lock has a connection of its own, so that PostgreSQL can count them. */
const SETTINGS = {
  DATABASE_POOL_SIZE: '20',
  DATABASE_ANSWER_TIMEOUT: '60000',
  DATABASE_LOCK_TIMEOUT: '60000',
  DATABASE_CONNECT_TIMEOUT: '60000',
}

const WAITING = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`

const untilWaiting = ({ sql }: TestApp, count: number) =>
  until(async () => (await sql(WAITING)).length === count, `${count} requests wait`, 30_000)

t.test('one session has sixteen requests in progress; each counts while its session is looked up', async (t) => {
  const service = await startApp(t, SETTINGS)
  const token = await createSession(service.sql, OWNER.userId)
  const unlock = await lock(t, service, 'sessions')
  const answers = Array.from({ length: LIMIT }, () => ask(service))
  await untilWaiting(service, LIMIT)
  const more = await Promise.all(Array.from({ length: 20 }, () => ask(service)))
  t.same(
    more,
    more.map(() => REFUSED),
  )
  const other = ask(service, { ...OWNER, token })
  await unlock()
  for (const { status } of await Promise.all(answers)) t.equal(status, 200)
  t.equal((await other).status, 200, 'another session of the same user counts by itself')
  t.equal((await ask(service)).status, 200, 'afterwards')
})

/** Sends sixteen requests at once. Their handlers wait: some for the database, the others until it is their turn. */
async function holdHandlers<Request>(t: Test, service: TestApp, send: () => Request) {
  const unlockSessions = await lock(t, service, 'sessions')
  const unlock = await lock(t, service, 'imports')
  const requests = Array.from({ length: LIMIT }, send)
  await untilWaiting(service, LIMIT)
  await unlockSessions()
  await until(
    async () => (await service.sql(`${WAITING} AND query LIKE '%FROM imports%'`)).length > 0,
    'a handler waits',
  )
  return { requests, unlock }
}

t.test('one session has sixteen requests in progress; each counts while its handler works', async (t) => {
  const service = await startApp(t, SETTINGS)
  const { requests, unlock } = await holdHandlers(t, service, () => ask(service))
  t.same(await ask(service), REFUSED)
  await unlock()
  t.ok((await Promise.all(requests)).some(({ status }) => status === 200))
  t.equal((await ask(service)).status, 200, 'afterwards')
})

t.test('a client that closes its connections does not free their places before the work is done', async (t) => {
  const service = await startApp(t, SETTINGS)
  const { requests: sockets, unlock } = await holdHandlers(t, service, () => list(service))
  for (const socket of sockets) socket.resetAndDestroy()
  await until(async () => (await countConnections(service)) === 0, 'the service has seen it')
  t.same(await ask(service), REFUSED)
  t.equal((await ask(service, STRANGER, resources('/user-files', STRANGER))).status, 200, 'others are served')
  await unlock()
  await until(() => isServed(service), 'the places are free when the handlers have ended')
})

const countConnections = ({ app }: TestApp) => promisify(app.server.getConnections.bind(app.server))()

t.test('whenever a client goes away, its place becomes free', async (t) => {
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
    // Sixteen at once are accepted only if not a single place is lost.
    await until(async () => {
      const answers = await Promise.all(Array.from({ length: LIMIT }, () => ask(service)))
      return answers.every(({ status }) => status === 200)
    }, 'every place is free')
  }
  t.pass('twice')
})

t.test('a client that has sixteen requests in progress, and never more, is never refused', async (t) => {
  const service = await startApp(t)
  const statuses = new Set<number>()
  const worker = async () => {
    for (let count = 0; count < 40; count += 1) statuses.add((await ask(service)).status)
  }
  await Promise.all(Array.from({ length: LIMIT }, worker))
  t.same(statuses, new Set([200]))
})

t.test('bodies that do not arrive count, too', async (t) => {
  const service = await startApp(t)
  const lines = [`POST ${IMPORTS} HTTP/1.1`, 'Content-Type: application/json', 'Content-Length: 1000']
  const sockets = Array.from({ length: LIMIT }, () => send(service, lines, '{'))
  await until(async () => (await ask(service)).status === 429, 'sixteen are waiting')
  t.same(await ask(service), REFUSED)
  for (const socket of sockets) socket.destroy()
  await until(() => isServed(service), 'their places are free')
})

t.test('the log says which limit a request has reached', async (t) => {
  const service = await startApp(t)
  const lines = [`POST ${IMPORTS} HTTP/1.1`, 'Content-Type: application/json', 'Content-Length: 1000']
  const sockets = Array.from({ length: LIMIT }, () => send(service, lines, '{'))
  await until(async () => (await ask(service)).status === 429, 'sixteen are waiting')
  for (const socket of sockets) socket.destroy()
  const refusals = () => service.log.map((line) => JSON.parse(line)).filter(({ status }) => status === 429)
  await until(() => refusals().length > 0, 'a line')
  t.match(refusals()[0], { msg: 'request', route: '/api/users/:user_id/projects/:project_id/resources/imports' })
  t.equal(refusals()[0].reason, LIMITED.message)
})
