import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { RouteOptions } from 'fastify'
import t, { type Test } from 'tap'
import type { Config } from '../../src/config.js'
import { type AppResponse, errorBody, OWNER, resources, startApp, type TestApp, until } from '../support/app.js'
import { compiled } from '../support/compiled.js'
import { createDatabase, holdTransaction } from '../support/database.js'
import { type DatabaseProxy, startProxy } from '../support/proxy.js'

const IMPORTS = resources('/imports')
const FILES = resources('/user-files')
const LOCAL = { source_type: 'local', source_path: '/srv/app' }

/** Returns the body of a 503, which for a write says that nothing was stored. `name` starts with the request method. */
const unavailable = (name: string) => {
  const message = `The database is unavailable${name.startsWith('GET') ? '' : ': nothing was stored'}`
  return errorBody(503, 'DATABASE_UNAVAILABLE', message)
}

/** A timeout that tests configure, in milliseconds. Long enough for all unblocked queries on a busy machine. */
const LIMIT = 1500

/** Additional time that a response may take on a busy machine, in milliseconds. */
const SLACK = 15_000

/** Starts the service with a proxy in front of PostgreSQL, and creates an import. `one` is its URL path. */
async function startBehindProxy(t: Test, settings: Partial<Record<keyof Config, string>> = {}) {
  let proxy: DatabaseProxy | undefined
  const service = await startApp(t, settings, {
    databaseUrl: async (url) => {
      proxy = await startProxy(t, url)
      return proxy.url
    },
  })
  if (!proxy) throw new Error('no proxy')
  const { become } = proxy
  t.teardown(() => become('pass'))
  const created = await service.call('POST', IMPORTS, { body: LOCAL })
  return { ...service, proxy, one: `${IMPORTS}/${created.body.import.id}` }
}

/** Asserts status, `Retry-After` and body of a 503 that arrives within `within` ms. `name` starts with the method. */
async function isUnavailable(t: Test, response: Promise<AppResponse>, name: string, within = 15_000) {
  const startedAt = Date.now()
  const { status, headers, body } = await response
  const elapsed = Date.now() - startedAt
  const actual = { status, retryAfter: headers.get('retry-after'), body, inTime: elapsed < within }
  const expected = { status: 503, retryAfter: '1', body: unavailable(name), inTime: true }
  t.strictSame(actual, expected, `${name} (${elapsed} of ${within} ms)`)
}

/** Asserts that the service works and that all its connections become idle. `when` begins the assertion's title. */
async function works(t: Test, { call, database: { pool }, log }: TestApp, when: string) {
  const { status, body } = await call('GET', `${IMPORTS}?source_type=git`)
  t.strictSame([status, body], [200, { imports: [] }], `${when}: the service works`)
  await until(() => pool.waitingCount === 0, 'no request waits for a connection')
  await until(() => pool.totalCount === pool.idleCount, 'all connections are idle')
  t.notMatch(log.join(''), /"level":60/, 'no fatal error')
}

/** Locks a table. @returns a function that releases the lock */
const lockTable = (t: Test, { databaseUrl }: Pick<TestApp, 'databaseUrl'>, table: string) =>
  holdTransaction(t, databaseUrl, `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)

const WAITING = `
  FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'neptun-projects-resources' AND wait_event_type = 'Lock'`

async function untilWaiting({ sql }: Pick<TestApp, 'sql'>, count: number) {
  const waiting = async () => (await sql(`SELECT pid ${WAITING}`)).length === count
  await until(waiting, `${count} statements wait for the lock`)
}

const NEEDS_NO_DATABASE = /^\/(health\/live$|openapi\.json$|docs)/

/** Returns a valid request for each method of each route. */
function everyCall({ routes }: TestApp) {
  const paths: Record<string, number> = { user_id: OWNER.userId, project_id: OWNER.projectId }
  return routes.flatMap(({ method, url, schema }: RouteOptions) => {
    // A parameter may have a regular expression: `:type(^...$)`.
    const path = url.replace(/:(\w+)(\(\^.*?\$\)(?=\/|$))?/g, (_, name) => String(paths[name] ?? 123))
    const examples = (schema?.body as { examples?: unknown[] } | undefined)?.examples
    const options = examples ? { body: examples[0] } : {}
    return [method].flat().map((method) => ({ method, path, options }))
  })
}

t.test(
  'requests that need the database are a 503 while it is unreachable, and succeed afterwards without a restart',
  async (t) => {
    const service = await startBehindProxy(t)
    const { call, proxy, one } = service
    for (let round = 1; round <= 2; round += 1) {
      await proxy.become('refuse')
      const calls = everyCall(service).filter(({ path }) => !NEEDS_NO_DATABASE.test(path))
      t.ok(calls.length > 20, 'all routes are registered')
      for (const { method, path, options } of calls) {
        if (method === 'HEAD') {
          const { status, headers } = await call(method, path, options)
          t.strictSame([status, headers.get('retry-after')], [503, '1'], `${method} ${path}`)
        } else await isUnavailable(t, call(method, path, options), `${method} ${path}`)
      }
      const live = await call('GET', '/health/live', { token: null })
      t.strictSame([live.status, live.body], [200, { status: 'ok' }], 'the service is live')
      const anonymous = await call('GET', IMPORTS, { token: null })
      t.strictSame([anonymous.status, anonymous.body], [401, errorBody(401, 'UNAUTHORIZED', 'Unauthorized')])
      await isUnavailable(
        t,
        call('GET', `${IMPORTS}/0`),
        'GET of an invalid path: the session is checked before validation',
      )

      await proxy.become('pass')
      await works(t, service, 'the database is reachable again')
      const ready = await call('GET', '/health/ready', { token: null })
      t.strictSame([ready.status, ready.body], [200, { status: 'ok' }], 'the service is ready again')
      const { body } = await call('GET', one)
      t.strictSame(body.import?.source_path, LOCAL.source_path, 'no data is lost')
    }
    const [{ count } = { count: -1 }] = await service.sql<{ count: number }>('SELECT count(*)::int FROM imports')
    t.equal(count, 1, 'nothing was stored during the outage')
  },
)

t.test('idle connections that PostgreSQL closes are replaced, and logged as warnings', async (t) => {
  const service = await startBehindProxy(t)
  const { call, sql, log, proxy } = service
  const { pool } = service.database
  await Promise.all(Array.from({ length: 5 }, () => call('POST', IMPORTS, { body: LOCAL })))
  await call('GET', '/health/ready')
  const isSettled = () => pool.totalCount + 1 === proxy.connections() // 1 is the connection of the readiness check.
  await until(isSettled, 'no connection is being opened')
  const connected = pool.totalCount
  t.ok(connected > 0, `${connected} connections are open`)
  await sql(`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'neptun-projects-resources'`)
  await until(() => pool.totalCount === 0, 'all connections are removed')
  await works(t, service, 'after the connections were closed')
  const warnings = log.map((line) => JSON.parse(line)).filter(({ level }) => level === 40)
  t.strictSame(
    warnings.map(({ msg, err }) => [msg, err.code]),
    Array.from({ length: connected }, () => ['lost a connection to the database', '57P01']),
    'each lost connection is logged as a warning',
  )
})

t.test('a connection that is lost during a statement is a 503, and the next request succeeds', async (t) => {
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
    const release = await lockTable(t, service, 'imports')
    const response = call(method, path, options)
    await untilWaiting(service, 1)
    await sql(`SELECT pg_terminate_backend(pid) ${WAITING}`)
    await isUnavailable(t, response, `${method}, its backend terminated`)
    await release()
    await works(t, service, `after the ${method}`)
  }
  t.strictSame(await sql('SELECT * FROM imports'), before, 'nothing was stored or removed')

  const release = await lockTable(t, service, 'imports')
  const response = call('GET', one)
  await untilWaiting(service, 1)
  await proxy.become('refuse')
  await isUnavailable(t, response, 'GET, the connection closed')
  await release()
  await proxy.become('pass')
  await works(t, service, 'after the connection was closed')
})

t.test('if the outcome of a write is unknown, the 503 does not claim that nothing was stored', async (t) => {
  const service = await startBehindProxy(t)
  const { call, sql, proxy } = service
  const release = await lockTable(t, service, 'imports')
  const response = call('POST', IMPORTS, { body: { ...LOCAL, title: 'lost' } })
  await untilWaiting(service, 1)
  await proxy.become('refuse')
  const { status, body } = await response
  await release()
  const isStored = async () => (await sql(`SELECT id FROM imports WHERE title = 'lost'`)).length === 1
  await until(isStored, 'PostgreSQL commits, because it has not noticed the lost connection')
  t.strictSame([status, body.code], [503, 'DATABASE_UNAVAILABLE'])
  t.notMatch(body.message, /nothing was stored/)
})

t.test('an unresponsive database is a 503 within the configured timeouts', async (t) => {
  const limits = { DATABASE_CONNECT_TIMEOUT: `${LIMIT}`, DATABASE_ANSWER_TIMEOUT: `${LIMIT}` }
  const service = await startBehindProxy(t, limits)
  const { call, proxy, one } = service
  const { pool } = service.database
  await proxy.become('hang')
  await isUnavailable(t, call('GET', one), 'GET over an existing connection', LIMIT + 1000 + SLACK)
  t.equal(pool.idleCount, 0, 'the existing connection, which did not respond, is closed')
  await isUnavailable(t, call('GET', one), 'GET over a new connection', LIMIT + SLACK)
  await isUnavailable(t, call('POST', IMPORTS, { body: LOCAL }), 'POST over a new connection', LIMIT + SLACK)
  await isUnavailable(t, call('GET', '/health/ready'), 'GET of readiness', LIMIT + SLACK)
  const many = Array.from({ length: 30 }, () => call('GET', IMPORTS))
  await Promise.all(many.map((response) => isUnavailable(t, response, 'GET, one of many', 2 * LIMIT + SLACK)))
  await until(() => pool.totalCount === 0 && pool.waitingCount === 0, 'all connections are closed')
  await proxy.become('pass')
  await until(async () => (await call('GET', one)).status === 200, 'the service works again')
  await works(t, service, 'after the outage')
})

for (const limit of ['DATABASE_STATEMENT_TIMEOUT', 'DATABASE_LOCK_TIMEOUT']) {
  t.test(`a statement that exceeds ${limit} is a 503`, async (t) => {
    const service = await startBehindProxy(t, { [limit]: `${LIMIT}` })
    const { call, one } = service
    const release = await lockTable(t, service, 'imports')
    await isUnavailable(t, call('GET', one), 'GET', LIMIT + SLACK)
    await isUnavailable(t, call('POST', IMPORTS, { body: { ...LOCAL, title: 'late' } }), 'POST', LIMIT + SLACK)
    await release()
    await works(t, service, 'after the lock is released')
    t.strictSame(await service.sql(`SELECT id FROM imports WHERE title = 'late'`), [], 'nothing was stored')
  })
}

t.test('after a timeout, the connection of a transaction is closed, not reused', async (t) => {
  const service = await startBehindProxy(t, { DATABASE_ANSWER_TIMEOUT: `${LIMIT}` })
  const { call, sql } = service
  const file = { title: 'late', text: '', language: 'x', extension: 'x' }
  for (let round = 0; round < 3; round += 1) {
    const release = await lockTable(t, service, 'user_files')
    const response = call('POST', FILES, { body: file })
    await untilWaiting(service, 1)
    const { status, body } = await response
    t.same([status, body.code], [503, 'DATABASE_UNAVAILABLE'])
    t.match(body.message, /may or may not/, 'the outcome of the statement is unknown')
    await release()
    // If the connection were reused, these imports would be part of its open transaction, and be rolled back.
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
  t.same(await sql(`SELECT FROM user_files`), [], 'the file was not created')
})

t.test('while all connections are busy, other requests wait no longer than DATABASE_CONNECT_TIMEOUT', async (t) => {
  const service = await startBehindProxy(t, { DATABASE_POOL_SIZE: '3', DATABASE_CONNECT_TIMEOUT: `${LIMIT}` })
  const { call, sql } = service
  const create = async () => `${IMPORTS}/${(await call('POST', IMPORTS, { body: LOCAL })).body.import.id}`
  const paths: string[] = []
  for (let number = 0; number < 17; number += 1) paths.push(await create())
  for (const method of ['GET', 'DELETE']) {
    const release = await lockTable(t, service, 'imports')
    const first = [1, 2, 3].map(() => call('GET', service.one))
    await untilWaiting(service, 3)
    const others = paths.map((path) =>
      isUnavailable(t, call(method, path), `${method} while all connections are busy`, LIMIT + SLACK),
    )
    const ready = await call('GET', '/health/ready', { token: null })
    t.strictSame([ready.status, ready.body], [200, { status: 'ok' }], 'readiness has a connection outside the pool')
    await Promise.all(others)
    await release()
    for (const { status } of await Promise.all(first)) t.equal(status, 200, 'the first requests succeed')
    await works(t, service, 'after the lock is released')
  }
  const [{ count: left } = { count: -1 }] = await sql<{ count: number }>('SELECT count(*)::int FROM imports')
  t.equal(left, 1 + 17, 'a rejected request has changed nothing')
  t.ok(service.database.pool.totalCount <= 3, 'the pool does not exceed its size')
})

t.test('requests that need no session, or have no well-formed cookie, cause no query', async (t) => {
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
    const response = await call(method, path, options)
    t.strictSame([response.status, proxy.roundTrips() - before], [status, 0], `${method} ${path}`)
  }
})

const SERVER = compiled('src/server.ts')
const PASSWORD = 'pa55word-of-another'

const unusable = (reason: RegExp) => new RegExp(`^DATABASE_URL: the database cannot be used: ${reason.source}\n$`)

/** Runs the service in an empty folder until it exits, with these variables, PATH, and PORT=0 unless it is set. */
async function runServer(cwd: string, variables: Record<string, string>) {
  const env = { PATH: process.env['PATH'], PORT: '0', ...variables }
  const options = { cwd, env, timeout: 50_000 }
  return await new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [SERVER], options, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, stdout, stderr })
    })
  })
}

t.test('a failed start exits with 1 and prints one line per problem, without the password', async (t) => {
  const cwd = t.testdir()
  const databaseUrl = await createDatabase(t)
  const emptyDatabaseUrl = await createDatabase(t, { migrated: false })
  const changed = (changes: Partial<URL>) => {
    return { DATABASE_URL: Object.assign(new URL(databaseUrl), { password: PASSWORD, ...changes }).href }
  }
  const nowhere = Object.assign(new URL(databaseUrl), { pathname: '/nowhere' })
  const silent = await startProxy(t, changed({}).DATABASE_URL)
  await silent.become('hang')
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as { port: number }

  const cases: [name: string, variables: Record<string, string>, stderr: RegExp][] = [
    [
      'an unresponsive server',
      { DATABASE_URL: silent.url },
      unusable(/timeout expired|Connection terminated due to connection timeout/),
    ],
    ['nothing listens', changed({ port: '1' }), unusable(/connect ECONNREFUSED .*/)],
    ['no such database', { DATABASE_URL: nowhere.href }, unusable(/database "nowhere" does not exist/)],
    ['wrong password', changed({}), unusable(/password authentication failed for user .*/)],
    [
      'an invalid port',
      { DATABASE_URL: `postgres://me:${PASSWORD}@localhost:port/x` },
      /^DATABASE_URL must be a URL of the form postgres:.*\n$/,
    ],
    [
      'a password that is not percent-encoded',
      { DATABASE_URL: `postgres://me:x/${PASSWORD}@localhost/x` },
      /^DATABASE_URL must percent-encode special characters in the user name and password .*\n$/,
    ],
    [
      'several invalid or missing variables',
      { PORT: PASSWORD, LOG_LEVEL: 'loud' },
      /^PORT must be .*\nLOG_LEVEL must be .*\nDATABASE_URL is missing: .*\n$/,
    ],
    [
      'pending migrations',
      { DATABASE_URL: emptyDatabaseUrl, MIGRATE_ON_START: 'false' },
      /^\d+ pending migrations: \d+_init.*\n$/,
    ],
    ['a port in use', { DATABASE_URL: databaseUrl, PORT: `${port}` }, /^PORT: already in use \(EADDRINUSE\)\n$/],
    [
      'a metrics port in use',
      { DATABASE_URL: databaseUrl, METRICS_PORT: `${port}` },
      /^METRICS_PORT: cannot listen on this port \(EADDRINUSE\)\n$/,
    ],
  ]
  await Promise.all(
    cases.map(async ([name, variables, stderr]) => {
      const ended = await runServer(cwd, variables)
      t.equal(ended.code, 1, name)
      t.match(ended.stderr, stderr, `${name}: on stderr`)
      for (const secret of [PASSWORD, nowhere.password]) {
        t.notOk((ended.stdout + ended.stderr).includes(secret), `${name}: without the password`)
      }
    }),
  )
})
