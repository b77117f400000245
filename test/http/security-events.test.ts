import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { createSession, OWNER, resources, STRANGER, startApp, type TestApp, until } from '../support/app.js'

const IMPORTS = resources('/imports')
const ROUTE = '/api/users/:user_id/projects/:project_id/resources/imports'
const LOCAL = { source_type: 'local', source_path: 'folder' }

/** Sends a request. @returns its log line, without the fields that these tests do not compare */
async function lineOf({ log, call }: TestApp, ...request: Parameters<TestApp['call']>) {
  log.length = 0
  await call(...request)
  const find = () => log.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'request')
  await until(() => find() !== undefined, 'the request is logged')
  const { time, pid, hostname, ms, request_id, msg, code, ...line } = find()
  return line
}

t.test('a 401, 403, 413 or 404 PROJECT_NOT_FOUND is a security event, logged with reason and address', async (t) => {
  const service = await startApp(t, { SESSION_IDLE_TIMEOUT: '60000', SESSION_MAX_AGE: '3600000' })
  const { sql } = service
  const expired = await createSession(sql, 1, { expires: 'now()' })
  const revoked = await createSession(sql, 1, { revoked: 'now()' })
  const idle = await createSession(sql, 2)
  await sql(`UPDATE sessions SET last_used_at = now() - interval '2 minutes' WHERE id = (SELECT max(id) FROM sessions)`)
  const old = await createSession(sql, 2)
  await sql(`UPDATE sessions SET created_at = now() - interval '2 hours' WHERE id = (SELECT max(id) FROM sessions)`)

  const failed = { level: 40, method: 'GET', route: ROUTE, status: 401, event: 'authentication_failed' }
  const address = '127.0.0.1'
  const twice = { cookie: `neptun-session=${OWNER.token}; neptun-session=${STRANGER.token}` }
  const get = (options: Parameters<TestApp['call']>[2]) => lineOf(service, 'GET', IMPORTS, options)
  t.same(await get({ token: null }), { ...failed, reason: 'no_session_cookie', address })
  t.same(await get({ token: 'short' }), { ...failed, reason: 'invalid_session_cookie', address })
  t.same(await get({ headers: twice }), { ...failed, reason: 'invalid_session_cookie', address })
  t.same(await get({ token: 'x'.repeat(43) }), { ...failed, reason: 'unknown_session', address })
  t.same(await get({ token: expired }), { ...failed, user_id: 1, reason: 'session_expired', address })
  t.same(await get({ token: revoked }), { ...failed, user_id: 1, reason: 'session_revoked', address })
  t.same(await get({ token: idle }), { ...failed, user_id: 2, reason: 'session_idle', address })
  t.same(await get({ token: old }), { ...failed, user_id: 2, reason: 'session_too_old', address })

  const denied = { level: 40, route: ROUTE, status: 403, user_id: 1, event: 'access_denied', address }
  const importsOf = (ids: object) => resources('/imports', { ...OWNER, ...ids })
  const mismatch = { ...denied, method: 'GET', reason: 'user_mismatch' }
  t.same(await lineOf(service, 'GET', importsOf({ userId: 2 })), mismatch)
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  const crossSite = { ...denied, method: 'POST', reason: 'cross_site_request' }
  t.same(await lineOf(service, 'POST', IMPORTS, { body: LOCAL, headers }), crossSite)
  const github = { body: { source_type: 'github', source_path: 'else/where' } }
  const noAccess = { ...denied, method: 'POST', reason: 'github_access_denied' }
  t.same(await lineOf(service, 'POST', IMPORTS, github), noAccess)
  const noProject = { ...denied, method: 'GET', status: 404, reason: 'project_not_found' }
  t.same(await lineOf(service, 'GET', importsOf({ projectId: 790 })), noProject)

  const limit = { level: 40, method: 'POST', route: ROUTE, user_id: 1, event: 'limit_reached', address }
  const large = { body: { ...LOCAL, title: 'x'.repeat(3_000_000) } }
  const tooLarge = { ...limit, status: 413, reason: 'payload_too_large' }
  t.same(await lineOf(service, 'POST', IMPORTS, large), tooLarge)
})

t.test('a request over a rate limit is logged as a security event', async (t) => {
  const service = await startApp(t, { RATE_LIMIT_SESSION: '1', RATE_LIMIT_ADDRESS: '1' })
  const limit = { level: 40, status: 429, event: 'limit_reached', address: '127.0.0.1' }
  await service.call('GET', IMPORTS)
  const line = await lineOf(service, 'GET', IMPORTS)
  t.match(line, { ...limit, route: ROUTE, reason: /^Too many requests for this session/ })
  await service.call('GET', '/nowhere', { token: null })
  t.match(await lineOf(service, 'GET', '/nowhere', { token: null }), limit)
})

t.test('behind a trusted proxy, the logged address is that of the client', async (t) => {
  const service = await startApp(t, { TRUST_PROXY: '127.0.0.1' })
  const headers = { 'x-forwarded-for': '203.0.113.8' }
  t.match(await lineOf(service, 'GET', IMPORTS, { token: null, headers }), { status: 401, address: '203.0.113.8' })
})

t.test('a request that the HTTP parser rejects is logged as a security event', async (t) => {
  const service = await startApp(t)
  const { port } = new URL(service.url)
  const lineOfRaw = async (text: string) => {
    service.log.length = 0
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(text)
    await once(socket.resume(), 'close')
    await until(() => service.log.length > 0, 'the request is logged')
    const { time, pid, hostname, request_id, msg, ...line } = JSON.parse(service.log.at(-1) ?? '')
    return line
  }
  const rejected = { level: 40, route: 'unknown', address: '127.0.0.1' }
  const head = `GET ${IMPORTS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`
  t.match(await lineOfRaw('not HTTP\r\n\r\n'), { ...rejected, status: 400, event: 'request_refused', reason: /^HPE_/ })
  const large = {
    ...rejected,
    status: 431,
    code: 'HEADERS_TOO_LARGE',
    event: 'limit_reached',
    reason: 'HPE_HEADER_OVERFLOW',
  }
  t.same(await lineOfRaw(`${head}X: ${'x'.repeat(100_000)}\r\n\r\n`), large)
  const noHost = await lineOfRaw(`GET ${IMPORTS} HTTP/1.1\r\nConnection: close\r\n\r\n`)
  t.match(noHost, { level: 40, status: 400, event: 'request_refused', address: '127.0.0.1' })
  const expectation = await lineOfRaw(`${head}Expect: x\r\nCookie: neptun-session=${OWNER.token}\r\n\r\n`)
  t.match(expectation, { level: 40, status: 417, event: 'request_refused', reason: 'expectation_failed' })
  t.notMatch(service.log.join(), OWNER.token)
})

t.test('a successful request and one with validation errors are not security events', async (t) => {
  const service = await startApp(t)
  const line = { level: 30, method: 'GET', route: ROUTE, user_id: 1, address: '127.0.0.1' }
  t.same(await lineOf(service, 'GET', IMPORTS), { ...line, status: 200 })
  const wrong = { ...line, method: 'POST', status: 400 }
  t.same(await lineOf(service, 'POST', IMPORTS, { body: {} }), wrong)
})
