import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createToken, hashToken } from '../../src/session-token.js'
import { createSession, errorBody, OWNER, resources, STRANGER, startApp, until } from '../support/app.js'
import { freePort, SERVICE_TOKEN } from '../support/service.js'

const IMPORTS = resources('/imports')
const UNAUTHORIZED = errorBody(401, 'UNAUTHORIZED', 'Unauthorized')
const UNAVAILABLE = errorBody(
  503,
  'SESSION_LOOKUP_UNAVAILABLE',
  'Sessions cannot be verified at the moment: nothing was stored',
)
const FUTURE = '2099-01-01T00:00:00.000Z'

type Respond = (response: ServerResponse, request: IncomingMessage) => void

const json =
  (value: unknown, status = 200, type = 'application/json'): Respond =>
  (response) =>
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value))

const session = (user_id: unknown = 1, expires_at: unknown = FUTURE) => json({ user_id, expires_at })

const status =
  (code: number, headers = {}): Respond =>
  (response) =>
    response.writeHead(code, headers).end()

const newToken = () => `Fe26.2*sealed%20cookie*${createToken()}*${'x'.repeat(300)}`

/** Starts the service, and another service in which it looks up sessions. */
async function startBoth(t: Test, settings: Parameters<typeof startApp>[1] = {}) {
  const other = { respond: session(), requests: [] as string[][] }
  const server: Server = createServer((request, response) => {
    other.requests.push([`${request.method} ${request.url}`, ...request.rawHeaders])
    other.respond(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const service = await startApp(t, {
    SESSION_LOOKUP_URL: `http://${host}/session?a=b`,
    ...settings,
  })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  /** Lists imports. Does not use `call`, which distributes requests over several sessions. */
  async function list(token: string, { path = IMPORTS, headers = {} } = {}) {
    const response = await fetch(service.url + path, { headers: { cookie: `neptun-session=${token}`, ...headers } })
    const body = (await response.json()) as unknown
    return { status: response.status, body, retryAfter: response.headers.get('retry-after') }
  }
  const isUnauthorized = async (t: Test, token: string, what: string) =>
    t.strictSame(await list(token), { status: 401, body: UNAUTHORIZED, retryAfter: null }, what)
  const isUnavailable = async (t: Test, token: string, what: string) =>
    t.strictSame(await list(token), { status: 503, body: UNAVAILABLE, retryAfter: '1' }, what)
  const rowsOf = (token: string) =>
    service.sql(
      `SELECT neptun_user_id, expires_at, revoked_at, checked_until > now() AS is_checked,
        checked_until <= now() + interval '60 s' AS is_within FROM sessions WHERE token_hash = $1`,
      [hashToken(token)],
    )
  return { ...service, other, host, list, isUnauthorized, isUnavailable, rowsOf }
}

t.test('an unknown session is looked up once and stored; the other service receives only the cookie', async (t) => {
  const { other, host, list, rowsOf } = await startBoth(t)
  const token = newToken()
  const headers = {
    cookie: `other=1; neptun-session="${token}"; more=2`,
    authorization: 'Bearer x',
    'x-forwarded-for': '1.2.3.4',
    'x-request-id': 'client',
  }
  t.strictSame(await list(token, { headers }), { status: 200, body: { imports: [] }, retryAfter: null })
  t.strictSame(other.requests, [
    ['GET /session?a=b', 'cookie', `neptun-session=${token}`, 'Host', host, 'Connection', 'close'],
  ])
  const row = { neptun_user_id: 1, expires_at: new Date(FUTURE), revoked_at: null, is_checked: true, is_within: true }
  t.strictSame(await rowsOf(token), [row])
  t.equal((await list(token)).status, 200)
  t.equal((await list(token, { path: resources('/imports', STRANGER) })).status, 403, "another user's path")
  t.equal(other.requests.length, 1, 'a stored session is not looked up')
})

t.test('a lookup accepts the documented formats of ids and times; any other response is 503', async (t) => {
  const { other, list, isUnavailable, isUnauthorized, rowsOf, log } = await startBoth(t)
  const times: [input: unknown, stored: string][] = [
    ['2099-01-01T02:00:00+02:00', FUTURE],
    ['2099-01-01t00:00:00.123456789z', '2099-01-01T00:00:00.123Z'],
    [4_070_908_800, FUTURE],
    [4_070_908_800.5, '2099-01-01T00:00:00.500Z'],
  ]
  for (const [input, stored] of times) {
    const token = newToken()
    other.respond = session('1', input)
    t.equal((await list(token)).status, 200, String(input))
    t.strictSame((await rowsOf(token))[0]?.['expires_at'], new Date(stored))
  }
  other.respond = json({ user_id: 1, expires_at: FUTURE }, 200, 'application/vnd.api+json; charset=utf-8')
  t.equal((await list(newToken())).status, 200, 'a media type with the suffix +json')
  const ids = [undefined, null, '', 0, -1, 1.5, '01', '1e3', ' 1', 2_147_483_648, '2147483648', true, [1], {}, 'uuid']
  for (const id of ids) {
    other.respond = json({ user_id: id, expires_at: FUTURE })
    await isUnavailable(t, newToken(), `user_id ${JSON.stringify(id)}`)
  }
  // Failures are sampled in the log, so not each of them has a line.
  const isReason = (line: string) => line.includes('SESSION_LOOKUP_UNAVAILABLE') && line.includes('is not a user id')
  t.ok(log.some(isReason), 'the reason is logged')
  const wrong = [undefined, null, '', 'x', '2099-01-01', '2099-01-01T00:00:00', '4070908800', -1, 4_070_908_800_000, {}]
  const beyond = ['9999-12-31T23:59:59-00:01', '0000-12-31T23:59:59Z', '0001-01-01T00:00:00+00:01', 253_402_300_800]
  for (const time of [...wrong, ...beyond, '2099-13-01T00:00:00Z', 'Thu, 01 Jan 2099 00:00:00 GMT']) {
    other.respond = json({ user_id: 1, expires_at: time })
    await isUnavailable(t, newToken(), `expires_at ${JSON.stringify(time)}`)
  }
  for (const body of [null, 1, 'x', [], {}, { data: { user_id: 1, expires_at: FUTURE } }]) {
    other.respond = json(body)
    await isUnavailable(t, newToken(), JSON.stringify(body))
  }
  for (const [user, expires, what] of [
    [999, FUTURE, 'an unknown user'],
    [1, '2020-01-01T00:00:00Z', 'an expired session'],
    [1, 1, 'an expired session'],
  ] as const) {
    other.respond = session(user, expires)
    const token = newToken()
    await isUnauthorized(t, token, what)
    t.strictSame(await rowsOf(token), [])
    const lookups = other.requests.length
    await isUnauthorized(t, token, `${what}, with the cached result`)
    t.equal(other.requests.length, lookups, 'the result is cached')
  }
})

t.test('SESSION_LOOKUP_*_FIELD can be dotted paths into the response of a lookup', async (t) => {
  const { other, list, isUnavailable } = await startBoth(t, {
    SESSION_LOOKUP_USER_ID_FIELD: 'data.user.id',
    SESSION_LOOKUP_EXPIRES_AT_FIELD: 'data.exp',
  })
  other.respond = json({ data: { user: { id: 2 }, exp: FUTURE } })
  t.equal((await list(newToken(), { path: resources('/imports', STRANGER) })).status, 200)
  for (const body of [{ data: null }, { data: [] }, { 'data.user.id': 2, 'data.exp': FUTURE }, { data: { user: 2 } }]) {
    other.respond = json(body)
    await isUnavailable(t, newToken(), JSON.stringify(body))
  }
})

t.test('a lookup that ends in anything but a valid 200 or a 401 is 503; redirects are not followed', async (t) => {
  const { other, host, isUnavailable, log } = await startBoth(t, { SESSION_LOOKUP_TIMEOUT: '500' })
  const valid = JSON.stringify({ user_id: 1, expires_at: FUTURE })
  const type = { 'content-type': 'application/json' }
  const responses: [what: string, respond: Respond][] = [
    ...[201, 204, 304, 400, 403, 404, 429, 500, 502, 503].map((code): [string, Respond] => [`${code}`, status(code)]),
    ...[301, 302, 303, 307, 308].map((code): [string, Respond] => [
      `a redirect, ${code}`,
      (response, { url }) =>
        url === '/moved'
          ? session()(response, {} as IncomingMessage)
          : status(code, { location: `http://${host}/moved` })(response, {} as IncomingMessage),
    ]),
    ['another content type', json({ user_id: 1, expires_at: FUTURE }, 200, 'text/html')],
    ['no content type', (response) => response.end(valid)],
    ['not JSON', (response) => response.writeHead(200, type).end('{')],
    ['an empty body', (response) => response.writeHead(200, type).end()],
    ['a large body', (response) => response.writeHead(200, type).end(valid + ' '.repeat(16 * 1024))],
    ['an endless body', (response) => response.writeHead(200, type).write(valid)],
    ['no response', () => {}],
    ['a closed connection', (response) => response.destroy()],
    [
      'a body that ends early',
      (response) => {
        response.writeHead(200, { ...type, 'content-length': 1000 }).write(valid, () => response.destroy())
      },
    ],
  ]
  for (const [what, respond] of responses) {
    other.respond = respond
    await isUnavailable(t, newToken(), what)
  }
  t.notOk(
    other.requests.some(([line]) => line?.includes('/moved')),
    'no redirect was followed',
  )
  t.equal(other.requests.length, responses.length, 'each cookie was looked up once')
  t.ok(log.some((line) => line.includes('SESSION_LOOKUP_UNAVAILABLE')))
  t.notOk(
    log.some((line) => line.includes('Fe26')),
    'no cookie is logged',
  )
})

t.test(
  'if the other service is unreachable, only requests with an unknown cookie get 503; others need no lookup',
  async (t) => {
    const { list, isUnavailable, call, other } = await startBoth(t, { SESSION_LOOKUP_URL: 'http://127.0.0.1:1/' })
    await isUnavailable(t, newToken(), 'no connection')
    t.equal((await list(OWNER.token)).status, 200)
    t.equal((await call('GET', IMPORTS, { token: null })).status, 401)
    t.equal((await list('short')).status, 401)
    t.equal((await list('x'.repeat(4097))).status, 401)
    t.equal((await list(`${newToken()}; neptun-session=${newToken()}`)).status, 401, 'two cookies')
    t.equal(other.requests.length, 0)
  },
)

t.test('concurrent requests with one cookie share a lookup, and a 401 is cached', async (t) => {
  const { other, list, isUnauthorized } = await startBoth(t)
  const waiting: (() => void)[] = []
  other.respond = (response, request) => {
    waiting.push(() => session()(response, request))
  }
  const token = newToken()
  const concurrent = Array.from({ length: 16 }, () => list(token))
  await until(() => waiting.length > 0, 'a lookup has begun')
  await until(async () => (await list(token)).status === 429, 'all requests have arrived')
  for (const respond of waiting) respond()
  t.strictSame(
    (await Promise.all(concurrent)).map(({ status }) => status),
    concurrent.map(() => 200),
  )
  t.equal(other.requests.length, 1)
  other.respond = status(401)
  const junk = newToken()
  await Promise.all(
    Array.from({ length: 10 }, () => isUnauthorized(t, junk, 'a cookie that the other service rejects')),
  )
  for (let round = 0; round < 5; round += 1)
    await isUnauthorized(t, junk, 'a cookie that the other service rejects, with the cached 401')
  t.equal(other.requests.length, 2)
})

t.test('the rate limit per address applies to invalid cookies before they are looked up', async (t) => {
  const { other, list } = await startBoth(t, { RATE_LIMIT_ADDRESS: '20' })
  other.respond = status(401)
  const statuses: number[] = []
  for (let count = 0; count < 30; count += 1) statuses.push((await list(newToken())).status)
  t.strictSame(statuses, [...Array<number>(20).fill(401), ...Array<number>(10).fill(429)])
  t.equal(other.requests.length, 20)
})

t.test('at most 32 lookups are concurrent and 64 wait; further requests get 503 immediately', async (t) => {
  const { other, url } = await startBoth(t, { TRUST_PROXY: '127.0.0.1', SESSION_LOOKUP_TIMEOUT: '59999' })
  const waiting: (() => void)[] = []
  let isOpen = false
  other.respond = (response, request) => {
    if (isOpen) session()(response, request)
    else waiting.push(() => session()(response, request))
  }
  const statuses: number[] = []
  const send = async (index: number) => {
    const headers = { cookie: `neptun-session=${newToken()}`, 'x-forwarded-for': `10.0.0.${index}` }
    const { status } = await fetch(url + IMPORTS, { headers })
    statuses.push(status)
    return status
  }
  const all = Array.from({ length: 110 }, (_, index) => send(index))
  await until(() => statuses.length === 14, 'the requests beyond the queue are rejected')
  t.strictSame(statuses, Array(14).fill(503))
  t.equal(waiting.length, 32)
  isOpen = true
  for (const respond of waiting) respond()
  await Promise.all(all)
  t.strictSame(statuses.slice(14), Array(96).fill(200))
  t.equal(await send(200), 200, 'the next lookup succeeds')
})

t.test('a session is looked up again after SESSION_LOOKUP_TTL, and ends when either service ends it', async (t) => {
  const { other, list, isUnauthorized, isUnavailable, rowsOf, sql } = await startBoth(t)
  const expireCheck = () =>
    sql(`UPDATE sessions SET checked_until = now() - interval '1 ms' WHERE checked_until IS NOT NULL`)
  const token = newToken()
  t.equal((await list(token)).status, 200)
  await expireCheck()
  other.respond = session(1, '2098-01-01T00:00:00Z')
  t.equal((await list(token)).status, 200)
  t.equal(other.requests.length, 2)
  const [extended] = await rowsOf(token)
  t.strictSame([extended?.['expires_at'], extended?.['is_checked']], [new Date('2098-01-01T00:00:00Z'), true])
  await expireCheck()
  other.respond = status(500)
  await isUnavailable(t, token, 'the other service fails')
  other.respond = session(2)
  t.equal((await list(token)).status, 403, 'the session now belongs to another user')
  await expireCheck()
  other.respond = status(401)
  await isUnauthorized(t, token, 'a session that ended in the other service')
  const [ended] = await sql('SELECT expires_at <= now() AS is_over FROM sessions WHERE token_hash = $1', [
    hashToken(token),
  ])
  t.strictSame(ended, { is_over: true })

  const revoked = newToken()
  other.respond = session()
  t.equal((await list(revoked)).status, 200)
  await sql('UPDATE sessions SET revoked_at = now() WHERE token_hash = $1', [hashToken(revoked)])
  const lookups = other.requests.length
  await isUnauthorized(t, revoked, 'a session that was revoked here')
  await expireCheck()
  await isUnauthorized(t, revoked, 'a session that was revoked here, and is due for a lookup')
  t.equal(other.requests.length, lookups, 'a revoked session is not looked up')
})

t.test('a lookup does not change a session that is revoked in the meantime', async (t) => {
  const { other, list, isUnauthorized, rowsOf, sql } = await startBoth(t)
  for (const respond of [status(401), session(1, '2098-01-01T00:00:00Z')]) {
    const token = newToken()
    other.respond = session()
    t.equal((await list(token)).status, 200)
    await sql(`UPDATE sessions SET checked_until = now() - interval '1 ms' WHERE token_hash = $1`, [hashToken(token)])
    other.respond = async (response, request) => {
      await sql('UPDATE sessions SET revoked_at = now() WHERE token_hash = $1', [hashToken(token)])
      respond(response, request)
    }
    await isUnauthorized(t, token, 'the revoked session')
    const [row] = await rowsOf(token)
    t.strictSame([row?.['expires_at'], row?.['is_checked']], [new Date(FUTURE), false])
  }
})

t.test('a session that is later recorded through the internal API is not looked up again', async (t) => {
  const { other, list, call, sql } = await startBoth(t, { SERVICE_TOKENS: SERVICE_TOKEN })
  const token = newToken()
  t.equal((await list(token)).status, 200)
  const recorded = await call('POST', '/internal/v1/users/1/sessions', {
    token: null,
    body: { ttl: 60, token_hash: hashToken(token)?.toString('hex') },
    headers: { authorization: `Bearer ${SERVICE_TOKEN}` },
  })
  t.equal(recorded.status, 200, 'the session exists already')
  await sql(`UPDATE sessions SET checked_until = now() - interval '1 ms' WHERE checked_until IS NOT NULL`)
  other.respond = status(401)
  t.equal((await list(token)).status, 200)
  t.equal(other.requests.length, 1)
})

t.test('metrics count lookups by outcome and measure their duration', async (t) => {
  const METRICS_PORT = await freePort()
  const { other, list } = await startBoth(t, { METRICS_PORT })
  const send = async (respond: Respond, token = newToken()) => {
    other.respond = respond
    return (await list(token)).status
  }
  const [known, junk] = [newToken(), newToken()]
  t.strictSame(
    [await send(session(), known), await send(status(500), known)],
    [200, 200],
    'the second request uses the stored session',
  )
  t.strictSame(
    [await send(status(401), junk), await send(session(), junk)],
    [401, 401],
    'the second request uses the cached 401',
  )
  t.equal(await send(session(1, '2020-01-01T00:00:00Z')), 401, 'an expired session')
  t.equal(await send(session(999)), 401, 'an unknown user')
  for (const respond of [status(500), status(302, { location: '/' }), session(0)]) t.equal(await send(respond), 503)
  const text = await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith('session_lookup'))
  t.strictSame(lines.filter((line) => line.startsWith('session_lookups_total')).sort(), [
    'session_lookups_total{outcome="failed"} 3',
    'session_lookups_total{outcome="found"} 1',
    'session_lookups_total{outcome="refused"} 3',
    'session_lookups_total{outcome="remembered"} 1',
  ])
  t.ok(lines.includes('session_lookup_duration_seconds_count 7'), 'only requests to the other service are measured')
})

t.test('the next lookup is due when the session expires, if that is before SESSION_LOOKUP_TTL', async (t) => {
  const { other, list, rowsOf } = await startBoth(t, { SESSION_LOOKUP_TTL: '600000' })
  const soon = new Date(Date.now() + 120_000)
  other.respond = session(1, soon.toISOString())
  const token = newToken()
  t.equal((await list(token)).status, 200)
  t.strictSame((await rowsOf(token))[0]?.['is_within'], false)
  other.respond = session(1, new Date(Date.now() + 30_000).toISOString())
  const short = newToken()
  t.equal((await list(short)).status, 200)
  t.strictSame((await rowsOf(short))[0]?.['is_within'], true)
})

t.test('sessions that other programs have inserted are not looked up', async (t) => {
  const { other, isUnauthorized, sql, list } = await startBoth(t)
  const [expired, revoked] = [newToken(), newToken()]
  await createSession(sql, OWNER.userId, { token: expired, expires: `now() - interval '1 s'` })
  await createSession(sql, OWNER.userId, { token: revoked, revoked: 'now()' })
  await isUnauthorized(t, expired, 'an expired session')
  await isUnauthorized(t, revoked, 'a revoked session')
  t.equal((await list(OWNER.token)).status, 200)
  t.equal(other.requests.length, 0)
})

t.test('without SESSION_LOOKUP_URL, sessions that are due for a lookup are invalid', async (t) => {
  const service = await startApp(t)
  const token = newToken()
  await createSession(service.sql, OWNER.userId, { token })
  const get = async () =>
    (await fetch(service.url + IMPORTS, { headers: { cookie: `neptun-session=${token}` } })).status
  t.equal(await get(), 200)
  await service.sql(`UPDATE sessions SET checked_until = now() WHERE token_hash = $1`, [hashToken(token)])
  t.equal(await get(), 401)
})
