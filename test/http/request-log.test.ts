import t from 'tap'
import { OWNER, resources, startApp, type TestApp, until } from '../support/app.js'
import { holdTransaction } from '../support/database.js'

const IMPORTS = resources('/imports')
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

const lines = ({ log }: TestApp) => log.map((line) => JSON.parse(line))

/** Sends a request and returns its log line. */
async function lineOf(service: TestApp, ...request: Parameters<TestApp['call']>) {
  service.log.length = 0
  await service.call(...request)
  const find = () => lines(service).find(({ msg }) => msg === 'request')
  await until(() => find() !== undefined, 'the request is logged')
  return find()
}

t.test('the line of a request has the client address, the error code, and the path of an unknown route', async (t) => {
  const service = await startApp(t)
  t.match(await lineOf(service, 'GET', `${IMPORTS}/1`), { code: 'IMPORT_NOT_FOUND', address: '127.0.0.1' })
  const unknown = await lineOf(service, 'GET', `/no%0Awhere/"x"?token=${OWNER.token}`, { token: null })
  t.match(unknown, { route: 'unknown', code: 'ROUTE_NOT_FOUND', path: '/no%0Awhere/%22x%22' })
  t.notMatch(service.log.join(''), OWNER.token, 'the query is omitted')
  const long = await lineOf(service, 'GET', `/${'x'.repeat(5000)}`, { token: null })
  t.equal(long.path.length, 200)
  const known = await lineOf(service, 'GET', IMPORTS)
  t.same([known.status, known.path], [200, undefined], 'no path for a known route')
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
  const ofRequest = lines(service).filter(({ request_id }) => request_id !== undefined)
  t.same(ofRequest.map(({ msg, trace_id }) => [msg, trace_id]).sort(), [
    ['Internal Server Error', TRACE],
    ['request', TRACE],
  ])
  await service.sql('ALTER TABLE imports RENAME COLUMN elsewhere TO project_id')
})

t.test('in an outage, the errors of 503 responses are sampled, counted and logged without stacks', async (t) => {
  const service = await startApp(t, { DATABASE_LOCK_TIMEOUT: '50' })
  const release = await holdTransaction(t, service.databaseUrl, 'LOCK TABLE projects')
  const errors = () => lines(service).filter(({ level, code }) => level === 50 && code === 'DATABASE_UNAVAILABLE')
  const body = { source_type: 'local', source_path: '/x' }
  let method = 'GET'
  const fail = async () => {
    method = method === 'GET' ? 'POST' : 'GET'
    t.equal((await service.call(method, IMPORTS, method === 'GET' ? {} : { body })).status, 503)
  }
  // Earlier tests in this process may have left the sampler in the middle of a window.
  await until(async () => {
    await fail()
    return errors().length > 0
  }, 'a first error is logged')
  service.log.length = 0
  await Promise.all(Array.from({ length: 40 }, fail))
  let sent = 40
  await until(async () => {
    await fail()
    sent += 1
    return errors().at(-1)?.omitted > 0
  }, 'the next window of the sampler has begun')
  await release()
  const omitted = errors().reduce((sum, line) => sum + (line.omitted ?? 0), 0)
  t.equal(errors().length + omitted, sent, 'each error is either logged or counted as omitted')
  t.match(errors()[0], { cause: { code: '55P03' } })
  t.notMatch(JSON.stringify(errors()), /"stack"/)
  await until(() => lines(service).filter(({ msg }) => msg === 'request').length === sent, 'every request is logged')
})

t.test('a successful health check is logged at level debug', async (t) => {
  const service = await startApp(t)
  t.match(await lineOf(service, 'GET', '/health/live', { token: null }), { level: 20 })
})
