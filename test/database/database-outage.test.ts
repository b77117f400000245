import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { RouteOptions } from 'fastify'
import pg from 'pg'
import t, { type Test } from 'tap'
import type { Config } from '../../src/config.js'
import { type Answer, errorBody, OWNER, resources, startApp, type TestApp, until } from '../support/app.js'
import { compiled } from '../support/compiled.js'
import { createDatabase } from '../support/database.js'
import { type DatabaseProxy, startProxy } from '../support/proxy.js'

const IMPORTS = resources('/imports')
const FILES = resources('/user-files')
const LOCAL = { source_type: 'local', source_path: '/srv/app' }
/** A read stores nothing anyway; a write says so. */
const unavailable = (what: string) => {
  const message = `The database is unavailable${what.startsWith('GET') ? '' : ': nothing was stored'}`
  return errorBody(503, 'DATABASE_UNAVAILABLE', message)
}

/** A configured timeout, in milliseconds: long enough that a busy machine completes every other query within it. */
const LIMIT = 1500

/** Additional time that a response may take on a busy machine, in milliseconds. */
const SLACK = 15_000

/** The service behind a proxy, with an import whose path is `one`. */
async function startBehindProxy(t: Test, settings: Partial<Record<keyof Config, string>> = {}) {
  let proxy: DatabaseProxy | undefined
  const service = await startApp(t, settings, {
    databaseUrl: async (url) => {
      proxy = await startProxy(t, url)
      return proxy.url
    },
  })
  if (!proxy) throw new Error('the service did not ask where its database is')
  const { become } = proxy
  t.teardown(() => become('pass'))
  const created = await service.call('POST', IMPORTS, { body: LOCAL })
  return { ...service, proxy, one: `${IMPORTS}/${created.body.import.id}` }
}

/** The 503, whole, and in time for a caller to try elsewhere. `what` begins with the method. */
async function isUnavailable(t: Test, answer: Promise<Answer>, what: string, within = 15_000) {
  const begun = Date.now()
  const { status, headers, body } = await answer
  const elapsed = Date.now() - begun
  const seen = { status, retryAfter: headers.get('retry-after'), body, inTime: elapsed < within }
  const expected = { status: 503, retryAfter: '1', body: unavailable(what), inTime: true }
  t.strictSame(seen, expected, `${what} (${elapsed} of ${within} ms)`)
}

async function isFine(t: Test, { call, database: { pool }, log }: TestApp, what: string) {
  const { status, body } = await call('GET', `${IMPORTS}?source_type=git`)
  t.strictSame([status, body], [200, { imports: [] }], what)
  await until(() => pool.waitingCount === 0, 'nobody waits for a connection')
  await until(() => pool.totalCount === pool.idleCount, 'all are idle again')
  t.notMatch(log.join(''), /"level":60/, 'the process did not come to an end')
}

/** A session of its own that keeps others from a table until it is released. */
async function lockTable(t: Test, { databaseUrl }: TestApp, table: string) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  t.teardown(() => client.end())
  await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  return { release: () => client.query('ROLLBACK') }
}

const WAITING = `
  FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'neptun-projects-resources' AND wait_event_type = 'Lock'`

async function untilWaiting({ sql }: TestApp, count: number) {
  const waiting = async () => (await sql(`SELECT pid ${WAITING}`)).length === count
  await until(waiting, `${count} statement(s) wait for the lock`)
}

const NEEDS_NO_DATABASE = /^\/(health\/live$|openapi\.json$|docs)/

/** Every route, each method once, with a path and a body that are right in themselves. */
function everyCall({ routes }: TestApp) {
  const paths: Record<string, number> = { user_id: OWNER.userId, project_id: OWNER.projectId }
  return routes.flatMap(({ method, url, schema }: RouteOptions) => {
    // A parameter may be followed by what it must look like: `:type(^...$)`.
    const path = url.replace(/:(\w+)(\(\^.*?\$\)(?=\/|$))?/g, (_, name) => String(paths[name] ?? 123))
    const examples = (schema?.body as { examples?: unknown[] } | undefined)?.examples
    const options = examples ? { body: examples[0] } : {}
    return [method].flat().map((method) => ({ method, path, options }))
  })
}

t.test('while the database is gone, whatever needs it says so at once, and nothing else ends', async (t) => {
  const service = await startBehindProxy(t)
  const { call, proxy, one } = service
  for (let round = 1; round <= 2; round += 1) {
    await proxy.become('refuse')
    const calls = everyCall(service).filter(({ path }) => !NEEDS_NO_DATABASE.test(path))
    t.ok(calls.length >= 7, `${calls.length} calls`)
    for (const { method, path, options } of calls) {
      if (method === 'HEAD') {
        const { status, headers } = await call(method, path, options)
        t.strictSame([status, headers.get('retry-after')], [503, '1'], `${method} ${path}`)
      } else await isUnavailable(t, call(method, path, options), `${method} ${path}`)
    }
    const live = await call('GET', '/health/live', { token: null })
    t.strictSame([live.status, live.body], [200, { status: 'ok' }], 'the process is alive')
    const anonymous = await call('GET', IMPORTS, { token: null })
    t.strictSame([anonymous.status, anonymous.body], [401, errorBody(401, 'UNAUTHORIZED', 'Unauthorized')])
    await isUnavailable(t, call('GET', `${IMPORTS}/0`), 'GET: a 400 is only for who has a session')

    await proxy.become('pass')
    await isFine(t, service, 'and it goes on without a restart once the database is back')
    const ready = await call('GET', '/health/ready', { token: null })
    t.strictSame([ready.status, ready.body], [200, { status: 'ok' }], 'ready again')
    const { body } = await call('GET', one)
    t.strictSame(body.import?.source_path, LOCAL.source_path, 'nothing was lost')
  }
  const [{ count } = { count: -1 }] = await service.sql<{ count: number }>('SELECT count(*)::int FROM imports')
  t.equal(count, 1, 'nothing was stored meanwhile')
})

t.test('connections that end while idle are replaced', async (t) => {
  const service = await startBehindProxy(t)
  const { call, sql, log, proxy } = service
  const { pool } = service.database
  await Promise.all(Array.from({ length: 5 }, () => call('POST', IMPORTS, { body: LOCAL })))
  await call('GET', '/health/ready')
  await until(() => pool.totalCount === proxy.connections(), 'none is being opened')
  const connected = pool.totalCount
  t.ok(connected > 0, `${connected} connections`)
  await sql(`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'neptun-projects-resources'`)
  await until(() => pool.totalCount === 0, 'all has been noticed')
  await isFine(t, service, 'the next request')
  const warnings = log.map((line) => JSON.parse(line)).filter(({ level }) => level === 40)
  t.strictSame(
    warnings.map(({ msg, err }) => [msg, err.code]),
    Array.from({ length: connected }, () => ['lost a connection to the database', '57P01']),
    'each is a warning in the log',
  )
})

t.test('a connection that ends in the middle of a statement is a 503, and the next request is fine', async (t) => {
  const service = await startBehindProxy(t)
  const { call, sql, proxy, one } = service
  const before = await sql('SELECT * FROM imports')
  const calls: [method: string, path: string, options?: { body: object }][] = [
    ['GET', IMPORTS],
    ['GET', one],
    ['POST', IMPORTS, { body: LOCAL }],
    ['PUT', one, { body: { title: 'new' } }],
    ['DELETE', one],
  ]
  for (const [method, path, options] of calls) {
    const lock = await lockTable(t, service, 'imports')
    const answer = call(method, path, options)
    await untilWaiting(service, 1)
    await sql(`SELECT pg_terminate_backend(pid) ${WAITING}`)
    await isUnavailable(t, answer, `${method}, its backend terminated`)
    await lock.release()
    await isFine(t, service, `after the ${method}`)
  }
  t.strictSame(await sql('SELECT * FROM imports'), before, 'nothing was stored or removed')

  const lock = await lockTable(t, service, 'imports')
  const answer = call('GET', one)
  await untilWaiting(service, 1)
  await proxy.become('refuse')
  await isUnavailable(t, answer, 'GET, the connection cut')
  await lock.release()
  await proxy.become('pass')
  await isFine(t, service, 'after the cut')
})

t.test('a change whose answer was lost on the way is not said to be undone', async (t) => {
  const { call, sql, proxy, ...service } = await startBehindProxy(t)
  const lock = await lockTable(t, { ...service, call, sql }, 'imports')
  const answer = call('POST', IMPORTS, { body: { ...LOCAL, title: 'lost' } })
  await untilWaiting({ ...service, call, sql }, 1)
  await proxy.become('refuse')
  const { status, body } = await answer
  await lock.release()
  const isStored = async () => (await sql(`SELECT id FROM imports WHERE title = 'lost'`)).length === 1
  await until(isStored, 'PostgreSQL, which knows nothing of the cut, has stored it')
  t.strictSame([status, body.code], [503, 'DATABASE_UNAVAILABLE'])
  t.notMatch(body.message, /nothing was stored/, 'does not promise what it cannot know')
})

t.test('a database that accepts and says nothing is a 503 within the configured limits', async (t) => {
  const limits = { DATABASE_CONNECT_TIMEOUT: `${LIMIT}`, DATABASE_ANSWER_TIMEOUT: `${LIMIT}` }
  const service = await startBehindProxy(t, limits)
  const { call, proxy, one } = service
  const { pool } = service.database
  await proxy.become('hang')
  await isUnavailable(t, call('GET', one), 'GET over a connection that was open', LIMIT + 1000 + SLACK)
  t.equal(pool.idleCount, 0, 'that connection is given up')
  await isUnavailable(t, call('GET', one), 'GET over a new connection', LIMIT + SLACK)
  await isUnavailable(t, call('POST', IMPORTS, { body: LOCAL }), 'POST over a new connection', LIMIT + SLACK)
  await isUnavailable(t, call('GET', '/health/ready'), 'GET of readiness', LIMIT + SLACK)
  const many = Array.from({ length: 30 }, () => call('GET', IMPORTS))
  await Promise.all(many.map((answer) => isUnavailable(t, answer, 'GET, one of many at once', 2 * LIMIT + SLACK)))
  await until(() => pool.totalCount === 0 && pool.waitingCount === 0, 'nothing is left behind')
  await proxy.become('pass')
  await until(async () => (await call('GET', one)).status === 200, 'it serves again')
  await isFine(t, service, 'once the database answers again')
})

for (const limit of ['DATABASE_STATEMENT_TIMEOUT', 'DATABASE_LOCK_TIMEOUT']) {
  t.test(`a statement that runs into ${limit} is a 503`, async (t) => {
    const service = await startBehindProxy(t, { [limit]: `${LIMIT}` })
    const { call, one } = service
    const lock = await lockTable(t, service, 'imports')
    await isUnavailable(t, call('GET', one), 'GET', LIMIT + SLACK)
    await isUnavailable(t, call('POST', IMPORTS, { body: { ...LOCAL, title: 'late' } }), 'POST', LIMIT + SLACK)
    await lock.release()
    await isFine(t, service, 'afterwards')
    t.strictSame(await service.sql(`SELECT id FROM imports WHERE title = 'late'`), [], 'nothing was stored')
  })
}

t.test('a transaction that runs into a timeout ends with its connection', async (t) => {
  const service = await startBehindProxy(t, { DATABASE_ANSWER_TIMEOUT: `${LIMIT}` })
  const { call, sql } = service
  const file = { title: 'late', text: '', language: 'x', extension: 'x' }
  for (let round = 0; round < 3; round += 1) {
    const lock = await lockTable(t, service, 'user_files')
    const answer = call('POST', FILES, { body: file })
    await untilWaiting(service, 1)
    const { status, body } = await answer
    t.same([status, body.code], [503, 'DATABASE_UNAVAILABLE'])
    t.match(body.message, /may or may not/, 'the statement was sent, and nobody knows what became of it')
    await lock.release()
    // Had the connection gone back to the pool, these would be part of its transaction, and be lost with it.
    const responses = await Promise.all(Array.from({ length: 20 }, () => call('POST', IMPORTS, { body: LOCAL })))
    const created = responses.filter(({ status }) => status === 201).map(({ body }) => body.import.id)
    t.ok(created.length > 0, `${created.length} of 20 imports were created`)
    const stored = await sql<{ id: number }>('SELECT id FROM imports WHERE id = ANY ($1) ORDER BY id', [created])
    t.same(
      stored.map(({ id }) => id),
      created.toSorted((a, b) => a - b),
      'every acknowledged import is committed',
    )
    const open = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`
    await until(async () => (await sql(open)).length === 0, 'no transaction is left open')
  }
  t.same(await sql(`SELECT FROM user_files`), [], 'and the file was not created')
})

t.test('while every connection is taken, other requests wait no longer than the limit', async (t) => {
  const service = await startBehindProxy(t, { DATABASE_POOL_SIZE: '3', DATABASE_CONNECT_TIMEOUT: `${LIMIT}` })
  const { call, sql } = service
  const create = async () => `${IMPORTS}/${(await call('POST', IMPORTS, { body: LOCAL })).body.import.id}`
  const paths: string[] = []
  for (let number = 0; number < 17; number += 1) paths.push(await create())
  for (const method of ['GET', 'DELETE']) {
    const lock = await lockTable(t, service, 'imports')
    const first = [1, 2, 3].map(() => call('GET', service.one))
    await untilWaiting(service, 3)
    const others = paths.map((path) => isUnavailable(t, call(method, path), `${method}, one more`, LIMIT + SLACK))
    const ready = await call('GET', '/health/ready', { token: null })
    t.strictSame(
      [ready.status, ready.body],
      [200, { status: 'ok' }],
      'the service is ready: it has a connection for that',
    )
    await Promise.all(others)
    await lock.release()
    for (const { status } of await Promise.all(first)) t.equal(status, 200, 'the first are served')
    await isFine(t, service, 'afterwards')
  }
  const [{ count: left } = { count: -1 }] = await sql<{ count: number }>('SELECT count(*)::int FROM imports')
  t.equal(left, 1 + 17, 'a refused request has changed nothing')
  t.ok(service.database.pool.totalCount <= 3, 'no more connections than allowed')
})

t.test('a request without a session cookie costs the database nothing', async (t) => {
  const service = await startBehindProxy(t)
  const { call, proxy } = service
  const token = null
  const table: [method: string, path: string, options: object, status: number][] = [
    ['GET', IMPORTS, { token }, 401],
    ['POST', IMPORTS, { token, body: LOCAL }, 401],
    ['POST', FILES, { token, body: {} }, 401],
    ['GET', IMPORTS, { token: 'malformed' }, 401],
    ['GET', '/nope', {}, 404],
    ['GET', '/health/live', {}, 200],
  ]
  for (const [method, path, options, status] of table) {
    const before = proxy.roundTrips()
    const answer = await call(method, path, options)
    t.strictSame([answer.status, proxy.roundTrips() - before], [status, 0], `${method} ${path}`)
  }
})

const SERVER = compiled('src/server.ts')
const PASSWORD = 'pa55word-of-nobody'

const unusable = (reason: RegExp) => new RegExp(`^DATABASE_URL: the database cannot be used: ${reason.source}\n$`)

/** Starts the service in an empty folder, with these variables alone, and waits for its end. */
async function runServer(cwd: string, variables: Record<string, string>) {
  const env = { PATH: process.env['PATH'], PORT: '0', ...variables }
  const options = { cwd, env, timeout: 50_000 }
  return await new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [SERVER], options, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, stdout, stderr })
    })
  })
}

t.test('a start that cannot succeed ends with 1 and one line for each thing to mend', async (t) => {
  const cwd = t.testdir()
  const databaseUrl = await createDatabase(t)
  const emptyDatabaseUrl = await createDatabase(t, { migrated: false })
  const changed = (changes: Partial<URL>) => {
    return { DATABASE_URL: Object.assign(new URL(databaseUrl), { password: PASSWORD, ...changes }).href }
  }
  const nowhere = Object.assign(new URL(databaseUrl), { pathname: '/nowhere' })
  const silent = await startProxy(t, changed({}).DATABASE_URL)
  await silent.become('hang')
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }

  const cases: [what: string, variables: Record<string, string>, stderr: RegExp][] = [
    [
      'no answer',
      { DATABASE_URL: silent.url },
      unusable(/timeout expired|Connection terminated due to connection timeout/),
    ],
    ['nothing listens', changed({ port: '1' }), unusable(/connect ECONNREFUSED .*/)],
    ['no such database', { DATABASE_URL: nowhere.href }, unusable(/database "nowhere" does not exist/)],
    ['wrong password', changed({}), unusable(/password authentication failed for user .*/)],
    [
      'no port',
      { DATABASE_URL: `postgres://me:${PASSWORD}@localhost:port/x` },
      /^DATABASE_URL must be a URL of the form postgres:.*\n$/,
    ],
    [
      'a password that is not percent-encoded',
      { DATABASE_URL: `postgres://me:x/${PASSWORD}@localhost/x` },
      /^DATABASE_URL must have special characters of the user name and password percent-encoded .*\n$/,
    ],
    [
      'wrong or missing',
      { PORT: PASSWORD, LOG_LEVEL: 'loud' },
      /^PORT must be .*\nLOG_LEVEL must be .*\nDATABASE_URL is missing: .*\n$/,
    ],
    [
      'pending',
      { DATABASE_URL: emptyDatabaseUrl, MIGRATE_ON_START: 'false' },
      /^\d+ pending migrations: \d+_init.*\n$/,
    ],
    ['taken', { DATABASE_URL: databaseUrl, PORT: `${port}` }, /^PORT: already in use \(EADDRINUSE\)\n$/],
    [
      'metrics',
      { DATABASE_URL: databaseUrl, METRICS_PORT: `${port}` },
      /^METRICS_PORT: cannot listen on this port \(EADDRINUSE\)\n$/,
    ],
  ]
  await Promise.all(
    cases.map(async ([what, variables, stderr]) => {
      const ended = await runServer(cwd, variables)
      t.equal(ended.code, 1, what)
      t.match(ended.stderr, stderr, `${what}: on stderr`)
      for (const secret of [PASSWORD, nowhere.password]) {
        t.notOk((ended.stdout + ended.stderr).includes(secret), `${what}: without the password`)
      }
    }),
  )
})
