import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import {
  countConnections,
  createSession,
  errorBody,
  nextPage,
  OWNER,
  resources,
  STRANGER,
  startApp,
  type TestApp,
  until,
} from '../support/app.js'

const FILES = resources('/user-files')
const IMPORTS = resources('/imports')

/** Links files whose text is `length` control characters, each of which is six bytes of JSON. */
const writeFiles = (sql: TestApp['sql'], ids: number[], length: number, { userId, projectId } = OWNER) =>
  sql(
    `WITH made AS (
       INSERT INTO user_files (id, neptun_user_id, title, text, language, extension)
       SELECT n, $2, 'big', repeat(E'\\u0001', $4), 'x', 'x' FROM unnest($1::integer[]) n RETURNING id
     )
     INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id) SELECT $3, id, $2 FROM made`,
    [ids, userId, projectId, length],
  )

/** Sends requests on one connection, and does not read the responses. */
async function openUnread(t: Test, { url }: TestApp, paths: string[], token = OWNER.token): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.pause()
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  for (const path of paths) {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: neptun-session=${token}\r\n\r\n`)
  }
  return socket
}

/** Waits until a response has started, without reading it. */
const started = (socket: Socket) => once(socket, 'readable')

/** Reads until the service closes the connection. */
async function untilClosed(socket: Socket) {
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
}

/** Returns the log lines about disconnected clients. */
const disconnected = ({ log }: TestApp) =>
  log
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'disconnected a client that does not read its response')

t.test('a client that reads nothing is disconnected', async (t) => {
  const service = await startApp(t, {}, { readTimeout: 500 })
  await writeFiles(service.sql, [1, 2], 1_048_576)
  const before = await countConnections(service)
  for (const [name, paths] of [
    ['a large list', [FILES]],
    ['one large resource', [`${FILES}/1`]],
    ['many small responses', Array(40_000).fill('/health/live')],
  ] as const) {
    const count = disconnected(service).length
    const socket = await openUnread(t, service, [...paths])
    await until(() => disconnected(service).length > count, `${name}: the disconnection is logged`, 60_000)
    await until(async () => (await countConnections(service)) <= before + 1, `${name}: the connection is closed`)
    await untilClosed(socket)
    t.match(disconnected(service).at(-1), { level: 40, reason: 'timeout' }, name)
  }
  const { status, body } = await service.call('GET', FILES)
  t.same([status, body.length], [200, 2], 'another request is served, and no permit is lost')
})

t.test('a client that reads slowly is served', async (t) => {
  const service = await startApp(t, {}, { readTimeout: 2000 })
  await writeFiles(service.sql, [1, 2], 1_048_576)
  const socket = await openUnread(t, service, [FILES])
  const startedAt = performance.now()
  let received = 0
  // The response exceeds the buffers of the operating system, so the service waits for the client. Each pause is much
  // shorter than the timeout, but all pauses together are longer.
  const timer = setInterval(() => {
    received += (socket.read(128 * 1024) ?? socket.read())?.length ?? 0
  }, 60)
  t.teardown(() => clearInterval(timer))
  await until(() => received > 2 * 6 * 1_048_576, 'the whole response has arrived', 60_000)
  t.ok(performance.now() - startedAt > 2000, 'the response took longer than the timeout')
  t.same(disconnected(service), [])
})

t.test('an idle connection is not disconnected', async (t) => {
  const service = await startApp(t, {}, { readTimeout: 100 })
  await writeFiles(service.sql, [1], 100_000)
  const socket = await openUnread(t, service, [`${FILES}/1`])
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => (text += chunk))
  socket.resume()
  await until(() => text.endsWith('\r\n0\r\n\r\n'), 'a response has arrived')
  await openUnread(t, service, Array(40_000).fill('/health/live'))
  await until(() => disconnected(service).length > 0, 'another client is disconnected after the timeout', 60_000)
  text = ''
  socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until(() => text.endsWith('{"status":"ok"}'), 'the idle connection can still be used')
})

t.test('the total size of buffered responses is limited', async (t) => {
  const service = await startApp(t)
  const script = '/docs/static/swagger-ui-bundle.js'
  const { status, text } = await service.call('GET', script)
  t.equal(status, 200)
  // Together, the responses exceed the limit even without the bytes that the operating system buffers: up to 8 MiB per
  // connection.
  const each = 20
  const count = Math.ceil((2 * 64 * 1024 * 1024) / (each * text.length - 8 * 1024 * 1024))
  for (let number = 0; number < count; number += 1) await openUnread(t, service, Array(each).fill(script))
  await until(() => disconnected(service).length > 0, 'a client that does not read is disconnected', 25_000)
  t.match(disconnected(service)[0], { level: 40, reason: 'too many buffered bytes' })
  t.equal((await service.call('GET', script)).text, text, 'a client that reads is served')
})

t.test('one user has at most two large lists in progress, and others are served', async (t) => {
  const service = await startApp(t)
  const { sql, call } = service
  await writeFiles(sql, [1, 2], 1_048_576)
  await writeFiles(sql, [3], 100_000, STRANGER)
  const holders = [await openUnread(t, service, [FILES]), await openUnread(t, service, [FILES])]
  await Promise.all(holders.map(started))
  const message = 'Too many concurrent large requests or responses of this user: at most 2'
  const token = await createSession(sql, OWNER.userId)
  for (const session of [OWNER.token, token]) {
    const rejected = await call('GET', FILES, { token: session })
    t.same(
      [rejected.status, rejected.headers.get('retry-after'), rejected.body],
      [429, '1', errorBody(429, 'RATE_LIMITED', message)],
    )
  }
  t.equal((await call('GET', IMPORTS)).status, 200, 'a small list')
  const other = await call('GET', resources('/user-files', STRANGER), { token: STRANGER.token })
  t.equal(other.status, 200, "another user's large list")
  const waiting = call('GET', FILES)
  holders[0]?.destroy()
  t.equal((await waiting).status, 200, 'a queued request gets the permit of a request whose connection was closed')
  t.equal((await call('GET', FILES)).status, 200)
})

t.test('a connection that closes while pipelined large lists are pending releases all permits', async (t) => {
  const service = await startApp(t)
  await writeFiles(service.sql, [1, 2], 1_048_576)
  for (let round = 0; round < 3; round += 1) {
    const socket = await openUnread(t, service, Array(6).fill(FILES))
    await started(socket)
    socket.resetAndDestroy()
  }
  await until(async () => (await service.call('GET', FILES)).status === 200, 'the permits are released')
})

t.test('all users together have at most eight large lists in progress', async (t) => {
  const service = await startApp(t)
  const { sql, call } = service
  const list = (id: number, token: string) => call('GET', resources('/user-files', user(id)), { token })
  const user = (id: number) => ({ userId: id, projectId: 1000 + id, token: '' })
  const tokens: string[] = []
  for (let id = 11; id <= 15; id += 1) {
    await sql('INSERT INTO users (id, email) VALUES ($1, $2)', [id, `${id}@example.com`])
    await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES ($1, 'p', $2)`, [1000 + id, id])
    await writeFiles(sql, [id * 10, id * 10 + 1], 1_048_576, user(id))
    tokens.push(await createSession(sql, id))
  }
  const holders: Socket[] = []
  for (let id = 11; id <= 14; id += 1) {
    const path = resources('/user-files', user(id))
    for (let count = 0; count < 2; count += 1) holders.push(await openUnread(t, service, [path], tokens[id - 11]))
  }
  await Promise.all(holders.map(started))
  const rejected = await list(15, tokens[4] as string)
  t.same(
    [rejected.status, rejected.headers.get('retry-after'), rejected.body],
    [503, '1', errorBody(503, 'OVERLOADED', 'The service is overloaded: nothing was stored')],
    'the ninth is rejected',
  )
  for (const socket of holders) socket.destroy()
  t.equal((await list(15, tokens[4] as string)).status, 200)
})

t.test('the pages of a large list add up to the complete list', async (t) => {
  const { sql, call } = await startApp(t)
  await sql(`
    INSERT INTO imports (source_type, source_path, description, created_at, neptun_user_id, project_id)
    SELECT CASE WHEN n % 5 = 0 THEN 'github' ELSE 'local' END::source_type, 'nobody/' || n,
      repeat(E'\\u0001', (n * 7919) % 10000), timestamptz '2025-01-01' + interval '1 ms' * (n / 7), 1, 789
    FROM generate_series(1, 300) n`)
  for (let id = 1; id <= 40; id += 1) await writeFiles(sql, [id], (id * 7919) % 60_000)
  const rowsOf = (body: unknown[] | { imports: unknown[] }) => (Array.isArray(body) ? body : body.imports)
  for (const [path, count, withheld] of [
    [IMPORTS, 240, '60'],
    [`${IMPORTS}?source_type=local`, 240, null],
    [FILES, 40, null],
  ] as const) {
    const complete = await call('GET', path)
    const rows = rowsOf(complete.body)
    t.same([rows.length, complete.headers.get('x-imports-withheld')], [count, withheld], path)
    for (const limit of [1, 7, 100]) {
      const pages: unknown[][] = []
      let next: string | undefined = `${path}${path.includes('?') ? '&' : '?'}limit=${limit}`
      while (next) {
        const page = await call('GET', next)
        t.equal(page.headers.get('x-imports-withheld'), withheld)
        pages.push(rowsOf(page.body))
        next = nextPage(next, page)
      }
      const expected = Array.from({ length: Math.ceil(count / limit) }, (_, index) =>
        rows.slice(index * limit, (index + 1) * limit),
      )
      t.same(pages, expected, `${path} in pages of ${limit}`)
    }
  }
  t.equal((await call('GET', `${IMPORTS}?source_type=git`)).text, '{"imports":[]}', 'no import of this type')
  t.equal((await call('GET', `${IMPORTS}?source_type=git&limit=5`)).text, '{"imports":[]}')
  t.equal((await call('GET', `${FILES}?limit=5&cursor=MQ`)).text, '[]')
})
