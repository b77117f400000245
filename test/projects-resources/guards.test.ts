import t from 'tap'
import { errorBody, OWNER, resources, startApp, until } from '../support/app.js'
import { exchange, JSON_TYPE, keepAlive, SESSION } from '../support/raw.js'

const IMPORTS = resources('/imports')
const LOCAL = { source_type: 'local', source_path: 'folder' }
const CROSS_SITE = errorBody(403, 'CROSS_SITE_REQUEST', 'Cross-site request from an origin that is not allowed')
const LISTED = 'https://app.example.com'
const METHODS = ['delete', 'get', 'post', 'put']

t.test('every response has the security headers for browsers', async (t) => {
  const { call } = await startApp(t)
  for (const [method, path, status] of [
    ['GET', IMPORTS, 200],
    ['GET', '/nowhere', 404],
    ['GET', '/health/live', 200],
    ['POST', IMPORTS, 400],
  ] as const) {
    const response = await call(method, path, method === 'POST' ? { body: {} } : {})
    t.equal(response.status, status)
    for (const [name, value] of Object.entries({
      'content-security-policy': "default-src 'none';base-uri 'none';object-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'x-frame-options': 'DENY',
    })) {
      t.equal(response.headers.get(name), value, `${method} ${path}: ${name}`)
    }
  }
})

t.test('HSTS_INCLUDE_SUBDOMAINS=false excludes subdomains from HSTS', async (t) => {
  const { call } = await startApp(t, { HSTS_INCLUDE_SUBDOMAINS: 'false' })
  t.equal((await call('GET', IMPORTS)).headers.get('strict-transport-security'), 'max-age=31536000')
})

t.test('a cross-site write is rejected with 403 unless its origin is allowed', async (t) => {
  const { call, url, sql } = await startApp(t, { CORS_ORIGINS: `${LISTED}, https://other.example.com` })
  const same = { origin: url }
  const evil = 'https://evil.example'
  const table: [what: string, headers: Record<string, string>, passes: boolean][] = [
    ['a client that is not a browser', {}, true],
    ['the same origin', { ...same, 'sec-fetch-site': 'same-origin' }, true],
    ['a request by the user, such as a bookmark', { 'sec-fetch-site': 'none' }, true],
    ['the same origin, without Sec-Fetch-Site', same, true],
    ['an allowed origin', { origin: LISTED, 'sec-fetch-site': 'cross-site' }, true],
    ['an allowed origin, without Sec-Fetch-Site', { origin: LISTED }, true],
    ['another site', { origin: evil, 'sec-fetch-site': 'cross-site' }, false],
    ['another site, without Origin', { 'sec-fetch-site': 'cross-site' }, false],
    ['another subdomain', { origin: 'https://x.example.com', 'sec-fetch-site': 'same-site' }, false],
    ['another site, without Sec-Fetch-Site', { origin: evil }, false],
    ['an opaque origin', { origin: 'null' }, false],
    ['a prefix of an allowed origin', { origin: 'https://app.example.co' }, false],
    ['an allowed origin as a prefix', { origin: `${LISTED}.evil.example` }, false],
    ['another port', { origin: url.replace(/\d+$/, '1') }, false],
    ['another scheme', { origin: url.replace('http:', 'https:') }, false],
    ['no port', { origin: url.replace(/:\d+$/, '') }, false],
    ['X-Forwarded-Host of an untrusted proxy', { origin: evil, 'x-forwarded-host': 'evil.example' }, false],
    [
      'X-Forwarded-Proto of an untrusted proxy',
      { origin: url.replace('http:', 'https:'), 'x-forwarded-proto': 'https' },
      false,
    ],
    ['an unknown value of Sec-Fetch-Site', { 'sec-fetch-site': 'x' }, false],
  ]
  for (const [what, headers, passes] of table) {
    await t.test(what, async (t) => {
      await sql(`INSERT INTO imports (id, source_type, source_path, project_id, neptun_user_id)
                 VALUES (900, 'local', 'folder', 789, 1) ON CONFLICT DO NOTHING`)
      const before = await sql('SELECT * FROM imports')
      const post = await call('POST', IMPORTS, { body: LOCAL, headers })
      const put = await call('PUT', `${IMPORTS}/900`, { body: { title: what }, headers })
      const remove = await call('DELETE', `${IMPORTS}/900`, { headers })
      const statuses = [post.status, put.status, remove.status]
      t.strictSame(statuses, passes ? [201, 200, 204] : [403, 403, 403])
      if (!passes) {
        t.strictSame([post.body, put.body, remove.body], [CROSS_SITE, CROSS_SITE, CROSS_SITE])
        t.strictSame(await sql('SELECT * FROM imports'), before, 'nothing has changed')
        const unknown = await call('DELETE', `${IMPORTS}/900`, { headers, token: 'unknown-session-token' })
        t.equal(unknown.status, 401, 'authentication precedes the check')
      }
      t.equal((await call('GET', IMPORTS, { headers })).status, 200, 'reads are allowed')
    })
  }
})

t.test('behind a trusted proxy, Origin is compared with the forwarded host, scheme and port', async (t) => {
  const { call, url } = await startApp(t, { TRUST_PROXY: '127.0.0.1' })
  const host = 'app.example.com'
  const table: [what: string, origin: string, forwarded: Record<string, string>, passes: boolean][] = [
    ['host', `http://${host}`, { host }, true],
    ['host and scheme', `https://${host}`, { host, proto: 'https' }, true],
    ['host and scheme in upper case', `https://${host}`, { host: 'APP.example.com', proto: 'HTTPS' }, true],
    ['host with a port', `https://${host}:8443`, { host: `${host}:8443`, proto: 'https' }, true],
    ['host and port', `https://${host}:8443`, { host, proto: 'https', port: '8443' }, true],
    ['host and default port', `https://${host}`, { host, proto: 'https', port: '443' }, true],
    ['host with a default port', `https://${host}`, { host: `${host}:443`, proto: 'https' }, true],
    [
      'a port in the host takes precedence over X-Forwarded-Port',
      `https://${host}:8443`,
      { host: `${host}:8443`, proto: 'https', port: '80' },
      true,
    ],
    ['an IPv6 address', 'http://[2001:db8::1]:8080', { host: '[2001:db8::1]', port: '8080' }, true],
    ['scheme alone', url.replace('http:', 'https:'), { proto: 'https' }, true],
    ['several proxies', `https://${host}`, { host: `${host}, internal:3000`, proto: 'https, http' }, true],
    ['another host', 'https://evil.example', { host, proto: 'https' }, false],
    ['another scheme', `http://${host}`, { host, proto: 'https' }, false],
    ['no scheme', `https://${host}`, { host }, false],
    ['another port', `https://${host}`, { host, proto: 'https', port: '8443' }, false],
    ['the host behind the proxy', url, { host }, false],
    ['the second host in X-Forwarded-Host', 'https://internal', { host: `${host}, internal`, proto: 'https' }, false],
    ['null', 'null', { host: 'null', proto: 'null' }, false],
    ['an invalid host', `https://${host}`, { host: ':::', proto: 'https' }, false],
  ]
  for (const [what, origin, forwarded, passes] of table) {
    const named = Object.entries(forwarded).map(([name, value]) => [`x-forwarded-${name}`, value])
    const headers = { origin, ...Object.fromEntries(named) }
    const { status, body } = await call('POST', IMPORTS, { body: LOCAL, headers })
    t.equal(status, passes ? 201 : 403, what)
    if (!passes) t.strictSame(body, CROSS_SITE)
    const sameOrigin = await call('POST', IMPORTS, {
      body: LOCAL,
      headers: { ...headers, 'sec-fetch-site': 'same-origin' },
    })
    t.equal(sameOrigin.status, 201, `${what}: Sec-Fetch-Site takes precedence`)
  }
})

t.test('CORS allows browsers to send and read all headers of the API', async (t) => {
  const { call } = await startApp(t, { CORS_ORIGINS: LISTED })
  const sent = ['content-type', 'if-match', 'if-none-match', 'idempotency-key', 'x-request-id', 'x-requested-with']
  sent.push('traceparent', 'tracestate')
  const preflight = { origin: LISTED, 'access-control-request-method': 'PUT' }
  const headers = { ...preflight, 'access-control-request-headers': sent.join() }
  const allowed = await call('OPTIONS', `${IMPORTS}/1`, { token: null, headers })
  t.equal(allowed.status, 204)
  t.equal(allowed.headers.get('access-control-allow-origin'), LISTED)
  t.equal(allowed.headers.get('access-control-allow-credentials'), 'true')
  t.strictSame(listOf(allowed.headers.get('access-control-allow-methods')), METHODS)
  t.strictSame(listOf(allowed.headers.get('access-control-allow-headers')), sent.sort())
  const readable = ['etag', 'idempotency-replayed', 'link', 'location', 'ratelimit-limit', 'ratelimit-remaining']
  readable.push('ratelimit-reset', 'retry-after', 'www-authenticate', 'x-imports-withheld', 'x-installations-failed')
  readable.push('x-request-id')
  for (const [path, token] of [
    [IMPORTS, OWNER.token],
    [IMPORTS, null],
    ['/nowhere', null],
    [resources('/wishes'), OWNER.token],
    [resources('/github-repositories'), OWNER.token],
  ] as const) {
    const response = await call('GET', path, { token, headers: { origin: LISTED } })
    t.strictSame(listOf(response.headers.get('access-control-expose-headers')), readable, path)
    t.equal(response.headers.get('access-control-allow-origin'), LISTED)
    t.equal(response.headers.get('vary'), 'Cookie, Origin')
  }
})

const listOf = (header: string | null) => (header ?? '').toLowerCase().split(', ').sort()

t.test('CORS allows only the configured origins, and is off by default', async (t) => {
  const listed = await startApp(t, { CORS_ORIGINS: LISTED })
  for (const origin of ['https://evil.example', 'null', `${LISTED}:444`]) {
    const { headers } = await listed.call('GET', IMPORTS, { headers: { origin } })
    t.equal(headers.get('access-control-allow-origin'), null, origin)
    t.equal(headers.get('vary'), 'Cookie, Origin')
  }
  const off = await startApp(t)
  const headers = { origin: LISTED, 'access-control-request-method': 'PUT' }
  const preflight = await off.call('OPTIONS', IMPORTS, { headers })
  t.strictSame([preflight.status, preflight.headers.get('access-control-allow-origin')], [404, null])
})

t.test('a response and the log have the X-Request-Id of the request if it is valid, or a new one', async (t) => {
  const { call, log } = await startApp(t)
  const requestId = async (id?: string) => {
    const { headers } = await call('GET', IMPORTS, id === undefined ? {} : { headers: { 'x-request-id': id } })
    return headers.get('x-request-id') ?? ''
  }
  const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  t.match(await requestId(), UUID)
  for (const id of ['a', 'trace:01/2.3_4-5@x+y=', 'x'.repeat(128)]) t.equal(await requestId(id), id)
  for (const id of ['', 'x'.repeat(129), 'a b', 'a"b', 'a\tb', '<x>', 'é', '{}']) t.match(await requestId(id), UUID, id)
  log.length = 0
  await requestId('mine')
  await until(() => log.length > 0, 'the request is logged')
  t.match(JSON.parse(log[0] ?? ''), {
    request_id: 'mine',
    method: 'GET',
    route: '/api/users/:user_id/projects/:project_id/resources/imports',
    status: 200,
    ms: Number,
    user_id: OWNER.userId,
  })
  log.length = 0
  await call('GET', IMPORTS, { token: null })
  await call('POST', IMPORTS, { body: LOCAL })
  await call('GET', resources('/imports', { ...OWNER, userId: 77 }))
  await until(() => log.length === 3, 'three requests are logged')
  t.strictSame(
    log.map((line) => JSON.parse(line).user_id),
    [undefined, 1, 1],
    'user_id is the user of the session, not of the path',
  )
})

t.test(
  'while the event loop is delayed, requests are rejected with 503, and the service is live but not ready',
  async (t) => {
    const { call } = await startApp(t, { MAX_EVENT_LOOP_DELAY: '20' })
    const isBusy = { now: true }
    t.teardown(() => (isBusy.now = false))
    const block = () => {
      const end = performance.now() + 100
      while (performance.now() < end);
      if (isBusy.now) setTimeout(block, 1)
    }
    block()
    await until(async () => (await call('GET', IMPORTS)).status === 503, 'requests are rejected')
    const rejected = await call('GET', IMPORTS)
    t.strictSame(rejected.body, errorBody(503, 'OVERLOADED', 'The service is overloaded: nothing was stored'))
    t.equal(rejected.headers.get('retry-after'), '1')
    t.equal((await call('GET', '/health/ready')).status, 503)
    t.equal((await call('GET', '/health/live')).status, 200)
    isBusy.now = false
    await until(async () => (await call('GET', IMPORTS)).status === 200, 'requests are served again')
  },
)

t.test('a request that does not arrive within REQUEST_TIMEOUT is 408', async (t) => {
  const service = await startApp(t, { HEADERS_TIMEOUT: '300', REQUEST_TIMEOUT: '600' })
  const incomplete = `${keepAlive('POST', IMPORTS, SESSION, JSON_TYPE, 'Content-Length: 50')}{"source_type"`
  const { status, body } = await exchange(service, incomplete)
  t.strictSame([status, body], [408, errorBody(408, 'REQUEST_TIMEOUT', 'Request timed out')])
})
