import { request } from 'node:http'
import t from 'tap'
import { errorBody, OWNER, resources, startApp, until } from '../support/app.js'

const IMPORTS = resources('/imports')
const LOCAL = { source_type: 'local', source_path: 'folder' }
const CROSS_SITE = errorBody(403, 'CROSS_SITE_REQUEST', 'Cross-site request from an origin that is not allowed')
const LISTED = 'https://app.example.com'

t.test('every response tells browsers what it is not', async (t) => {
  const { call } = await startApp(t)
  for (const [method, path, status] of [
    ['GET', IMPORTS, 200],
    ['GET', '/nowhere', 404],
    ['GET', '/health/live', 200],
    ['POST', IMPORTS, 400],
  ] as const) {
    const { status: seen, headers } = await call(method, path, method === 'POST' ? { body: {} } : {})
    t.equal(seen, status)
    t.equal(
      headers.get('content-security-policy'),
      "default-src 'none';base-uri 'none';object-src 'none';frame-ancestors 'none'",
    )
    t.equal(headers.get('x-content-type-options'), 'nosniff')
    t.match(headers.get('strict-transport-security'), /^max-age=\d+/)
    t.equal(headers.get('referrer-policy'), 'no-referrer')
    t.equal(headers.get('cross-origin-resource-policy'), 'same-origin')
    t.equal(headers.get('x-frame-options'), 'DENY')
    t.equal(headers.get('x-powered-by'), null)
  }
})

t.test('HSTS applies to subdomains unless that is turned off', async (t) => {
  for (const [settings, value] of [
    [{}, 'max-age=31536000; includeSubDomains'],
    [{ HSTS_INCLUDE_SUBDOMAINS: 'false' }, 'max-age=31536000'],
  ] as const) {
    const { call } = await startApp(t, settings)
    const { headers } = await call('GET', IMPORTS)
    t.equal(headers.get('strict-transport-security'), value)
  }
})

t.test('a write that another site sent is refused, unless its origin is listed', async (t) => {
  const { call, url, sql } = await startApp(t, { CORS_ORIGINS: `${LISTED}, https://other.example.com` })
  const own = { origin: url }
  const evil = 'https://evil.example'
  const table: [what: string, headers: Record<string, string>, passes: boolean][] = [
    ['no header: not a browser', {}, true],
    ['the same origin', { ...own, 'sec-fetch-site': 'same-origin' }, true],
    ['a person, by hand', { 'sec-fetch-site': 'none' }, true],
    ['the same origin, an old browser', own, true],
    ['listed', { origin: LISTED, 'sec-fetch-site': 'cross-site' }, true],
    ['listed, an old browser', { origin: LISTED }, true],
    ['another site', { origin: evil, 'sec-fetch-site': 'cross-site' }, false],
    ['another site, without its origin', { 'sec-fetch-site': 'cross-site' }, false],
    ['a neighbouring subdomain', { origin: 'https://x.example.com', 'sec-fetch-site': 'same-site' }, false],
    ['another site, an old browser', { origin: evil }, false],
    ['nobody knows who', { origin: 'null' }, false],
    ['a prefix of one that is listed', { origin: 'https://app.example.co' }, false],
    ['one that is listed is a prefix', { origin: `${LISTED}.evil.example` }, false],
    ['another port', { origin: url.replace(/\d+$/, '1') }, false],
    ['another scheme', { origin: url.replace('http:', 'https:') }, false],
    ['no port', { origin: url.replace(/:\d+$/, '') }, false],
    ['an untrusted proxy', { origin: evil, 'x-forwarded-host': 'evil.example' }, false],
    ['an untrusted scheme', { origin: url.replace('http:', 'https:'), 'x-forwarded-proto': 'https' }, false],
    ['a word that there is not', { 'sec-fetch-site': 'x' }, false],
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
        t.strictSame(await sql('SELECT * FROM imports'), before, 'nothing was changed')
        t.equal(
          (await call('DELETE', `${IMPORTS}/900`, { headers, token: 'no-session-at-all-0' })).status,
          401,
          '401 first',
        )
      }
      t.equal((await call('GET', IMPORTS, { headers })).status, 200, 'reading is no danger')
    })
  }
})

t.test('a trusted proxy names the origin that the browser requested', async (t) => {
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
      'host with a port beside another',
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
    ['the second proxy', 'https://internal', { host: `${host}, internal`, proto: 'https' }, false],
    ['null', 'null', { host: 'null', proto: 'null' }, false],
    ['nonsense', `https://${host}`, { host: ':::', proto: 'https' }, false],
  ]
  for (const [what, origin, forwarded, passes] of table) {
    const named = Object.entries(forwarded).map(([name, value]) => [`x-forwarded-${name}`, value])
    const headers = { origin, ...Object.fromEntries(named) }
    const { status, body } = await call('POST', IMPORTS, { body: LOCAL, headers })
    t.equal(status, passes ? 201 : 403, what)
    if (!passes) t.strictSame(body, CROSS_SITE)
    const decided = await call('POST', IMPORTS, {
      body: LOCAL,
      headers: { ...headers, 'sec-fetch-site': 'same-origin' },
    })
    t.equal(decided.status, 201, `${what}: Sec-Fetch-Site decides`)
  }
})

t.test('a browser may send and read all headers of the API', async (t) => {
  const { call } = await startApp(t, { CORS_ORIGINS: LISTED })
  const sent = ['content-type', 'if-match', 'if-none-match', 'idempotency-key', 'x-request-id', 'x-requested-with']
  sent.push('traceparent', 'tracestate')
  const preflight = { origin: LISTED, 'access-control-request-method': 'PUT' }
  const headers = { ...preflight, 'access-control-request-headers': sent.join() }
  const allowed = await call('OPTIONS', `${IMPORTS}/1`, { token: null, headers })
  t.equal(allowed.status, 204)
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

t.test('CORS is for the origins that are listed, and else is off', async (t) => {
  const listed = await startApp(t, { CORS_ORIGINS: LISTED })
  const preflight = { origin: LISTED, 'access-control-request-method': 'PUT' }
  const allowed = await listed.call('OPTIONS', `${IMPORTS}/1`, { token: null, headers: preflight })
  t.equal(allowed.status, 204)
  t.equal(allowed.headers.get('access-control-allow-origin'), LISTED)
  t.equal(allowed.headers.get('access-control-allow-credentials'), 'true')
  t.match(allowed.headers.get('access-control-allow-methods'), /PUT/)
  const read = await listed.call('GET', IMPORTS, { headers: { origin: LISTED } })
  t.equal(read.headers.get('access-control-allow-origin'), LISTED)
  t.match(read.headers.get('access-control-expose-headers'), /Link.*X-Request-Id/)
  const error = await listed.call('GET', IMPORTS, { token: null, headers: { origin: LISTED } })
  t.equal(error.headers.get('access-control-allow-origin'), LISTED, 'errors can be read, too')
  for (const origin of ['https://evil.example', 'null', `${LISTED}:444`]) {
    const { headers } = await listed.call('GET', IMPORTS, { headers: { origin } })
    t.equal(headers.get('access-control-allow-origin'), null, origin)
    t.match(headers.get('vary'), /origin/i)
  }
  const off = await startApp(t)
  const { status, headers } = await off.call('OPTIONS', IMPORTS, { headers: preflight })
  t.strictSame([status, headers.get('access-control-allow-origin')], [404, null])
})

t.test('a request has an id, its own or a new one, in the response and in the log', async (t) => {
  const { call, log } = await startApp(t)
  const ask = async (id?: string) => {
    const { headers } = await call('GET', IMPORTS, id === undefined ? {} : { headers: { 'x-request-id': id } })
    return headers.get('x-request-id') ?? ''
  }
  const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  t.match(await ask(), UUID)
  for (const id of ['a', 'trace:01/2.3_4-5@x+y=', 'x'.repeat(128)]) t.equal(await ask(id), id)
  for (const id of ['', 'x'.repeat(129), 'a b', 'a"b', 'a\tb', '<x>', 'é', '{}']) t.match(await ask(id), UUID, id)
  log.length = 0
  await ask('mine')
  await until(() => log.length > 0, 'the line of the request')
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
  await until(() => log.length === 3, 'three lines')
  t.strictSame(
    log.map((line) => JSON.parse(line).user_id),
    [undefined, 1, 1],
    'whose session it is, whatever the path says',
  )
})

t.test('while the process is late, requests are refused at once, and it still lives', async (t) => {
  const { call } = await startApp(t, { MAX_EVENT_LOOP_DELAY: '20' })
  const isBusy = { now: true }
  t.teardown(() => (isBusy.now = false))
  const block = () => {
    const end = performance.now() + 100
    while (performance.now() < end);
    if (isBusy.now) setTimeout(block, 1)
  }
  block()
  await until(async () => (await call('GET', IMPORTS)).status === 503, 'refused')
  const refused = await call('GET', IMPORTS)
  t.strictSame(refused.body, errorBody(503, 'OVERLOADED', 'The service is overloaded: nothing was stored'))
  t.equal(refused.headers.get('retry-after'), '1')
  t.equal((await call('GET', '/health/ready')).status, 503)
  t.equal((await call('GET', '/health/live')).status, 200)
  isBusy.now = false
  await until(async () => (await call('GET', IMPORTS)).status === 200, 'served again')
})

t.test('a request that does not arrive in time is a 408', async (t) => {
  const { url } = await startApp(t, { HEADERS_TIMEOUT: '300', REQUEST_TIMEOUT: '600' })
  const { port } = new URL(url)
  const late = (send: (client: ReturnType<typeof request>) => void) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const headers = { cookie: `neptun-session=${OWNER.token}`, 'content-type': 'application/json' }
      const options = {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: IMPORTS,
        headers: { ...headers, 'content-length': 50 },
      }
      const client = request(options, (response) => {
        let body = ''
        response.on('data', (chunk) => (body += chunk))
        response.on('end', () => resolve({ status: response.statusCode, body }))
      })
      client.on('error', reject)
      send(client)
    })
  const { status, body } = await late((client) => client.write('{"source_type"'))
  t.strictSame([status, JSON.parse(body)], [408, errorBody(408, 'REQUEST_TIMEOUT', 'Request timed out')])
})
