import pg from 'pg'
import t from 'tap'
import { OWNER, resources, startApp, type TestApp, until } from '../support/app.js'

const IMPORTS = resources('/imports')
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

const lines = ({ log }: TestApp) => log.map((line) => JSON.parse(line))

/** Sends one request, and waits for its line. */
async function lineOf(service: TestApp, ...request: Parameters<TestApp['call']>) {
  service.log.length = 0
  await service.call(...request)
  const find = () => lines(service).find(({ msg }) => msg === 'request')
  await until(() => find() !== undefined, 'the request is logged')
  return find()
}

t.test('a line has the address, the code of an error, and the path of an unknown route', async (t) => {
  const service = await startApp(t)
  t.match(await lineOf(service, 'GET', `${IMPORTS}/1`), { code: 'IMPORT_NOT_FOUND', address: '127.0.0.1' })
  const unknown = await lineOf(service, 'GET', `/no%0Awhere/"x"?token=${OWNER.token}`, { token: null })
  t.match(unknown, { route: 'unknown', code: 'ROUTE_NOT_FOUND', path: '/no%0Awhere/%22x%22' })
  t.notMatch(service.log.join(''), OWNER.token, 'without the query')
  const long = await lineOf(service, 'GET', `/${'x'.repeat(5000)}`, { token: null })
  t.equal(long.path.length, 200)
  t.equal((await lineOf(service, 'GET', IMPORTS)).path, undefined)
})

t.test('every line of a request with a valid traceparent has its trace id', async (t) => {
  const service = await startApp(t)
  const traceIdOf = async (traceparent: string) =>
    (await lineOf(service, 'GET', IMPORTS, { headers: { traceparent } })).trace_id
  t.equal(await traceIdOf(`00-${TRACE}-00f067aa0ba902b7-01`), TRACE)
  t.equal(await traceIdOf(`01-${TRACE}-00f067aa0ba902b7-01-later`), TRACE, 'a later version may have more fields')
  for (const invalid of [
    `00-${TRACE}-00f067aa0ba902b7-01-later`,
    `ff-${TRACE}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${TRACE}-00f067aa0ba902b7`,
    'x'.repeat(55),
  ]) {
    t.equal(await traceIdOf(invalid), undefined, invalid)
  }
  await service.sql('ALTER TABLE imports RENAME COLUMN project_id TO elsewhere')
  await lineOf(service, 'GET', IMPORTS, { headers: { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` } })
  const seen = lines(service).filter(({ request_id }) => request_id !== undefined)
  t.same(seen.map(({ msg, trace_id }) => [msg, trace_id]).sort(), [
    ['Internal Server Error', TRACE],
    ['request', TRACE],
  ])
  await service.sql('ALTER TABLE imports RENAME COLUMN elsewhere TO project_id')
})

t.test('in an outage, not every 503 is logged, and none with a stack', async (t) => {
  const service = await startApp(t, { DATABASE_LOCK_TIMEOUT: '50' })
  const locker = new pg.Client({ connectionString: service.databaseUrl })
  await locker.connect()
  await locker.query('BEGIN; LOCK TABLE imports')
  const answers = await Promise.all(Array.from({ length: 40 }, () => service.call('GET', IMPORTS)))
  t.same(new Set(answers.map(({ status }) => status)), new Set([503]))
  await locker.end()
  await until(() => lines(service).filter(({ msg }) => msg === 'request').length === 40, 'every request is logged')
  const errors = lines(service).filter(({ level, code }) => level === 50 && code === 'DATABASE_UNAVAILABLE')
  t.ok(errors.length > 0 && errors.length < 30, `${errors.length} lines of 40 errors`)
  t.match(errors[0], { cause: { code: '55P03' } })
  t.notMatch(JSON.stringify(errors), /"stack"/)
})

t.test('health checks that succeed are logged at level debug', async (t) => {
  const service = await startApp(t)
  t.match(await lineOf(service, 'GET', '/health/live', { token: null }), { level: 20 })
})
