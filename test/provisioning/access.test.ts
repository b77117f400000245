import t from 'tap'
import { errorBody, startApp, until } from '../support/app.js'
import { exchange, exchangeAll, head, JSON_TYPE, keepAlive, toChunk } from '../support/raw.js'
import { RESOURCE_TYPES } from '../support/resources.js'
import { freePort, OTHER_SERVICE_TOKEN, SERVICE_TOKEN, startService } from '../support/service.js'

const USER = '/internal/v1/users/5000'
const BODY = { email: 'someone@example.com' }
const UNAUTHORIZED = errorBody(401, 'UNAUTHORIZED', 'Unauthorized')
const NOT_FOUND = errorBody(404, 'ROUTE_NOT_FOUND', 'Route not found')
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

t.test('without SERVICE_TOKENS, all routes of the internal API are 404', async (t) => {
  const { call } = await startApp(t)
  for (const path of [USER, '/internal', '/internal/openapi.json', '/internal/v1/nothing']) {
    const { status, body } = await call('PUT', path, { body: BODY, headers: bearer(SERVICE_TOKEN) })
    t.strictSame([status, body], [404, NOT_FOUND], path)
  }
})

t.test('a request without a valid service token is 401, also with an invalid body or an unknown route', async (t) => {
  const { call, sql, log, url } = await startService(t)
  const unauthorized: Record<string, Record<string, string>> = {
    'no token': {},
    'an unknown token': bearer('x'.repeat(32)),
    'a prefix of the token': bearer(SERVICE_TOKEN.slice(0, -1)),
    'the token with a suffix': bearer(`${SERVICE_TOKEN}x`),
    'another letter case': bearer(SERVICE_TOKEN.toUpperCase()),
    'another scheme': { authorization: `Basic ${SERVICE_TOKEN}` },
    'no scheme': { authorization: SERVICE_TOKEN },
    'an empty token': { authorization: 'Bearer ' },
    'the token as a cookie': { cookie: `neptun-session=${SERVICE_TOKEN}` },
    'a session': { cookie: 'neptun-session=your-session-cookie' },
    'a session as a token': bearer('your-session-cookie'),
  }
  const requests: [method: string, path: string, body: unknown][] = [
    ['PUT', USER, BODY],
    ['PUT', '/internal/v1/users/nobody', '{'],
    ['PUT', '/internal/v1/users/%', 'x'.repeat(3 * 1024 * 1024)],
    ['GET', '/internal/openapi.json', undefined],
    ['GET', '/internal', undefined],
    ['PATCH', '/internal/v1/users/1', BODY],
    ['OPTIONS', USER, undefined],
    ['PUT', '/internal/v1/users/1/nothing/1', BODY],
    ['POST', '/internal/v1/users/1/sync', { operations: [] }],
  ]
  for (const [what, headers] of Object.entries(unauthorized)) {
    for (const [method, path, body] of requests) {
      const response = await call(method, path, { token: null, body, headers })
      t.strictSame([response.status, response.body], [401, UNAUTHORIZED], `${what}: ${method} ${path}`)
      t.equal(response.headers.get('www-authenticate'), 'Bearer')
      t.equal(response.headers.get('cache-control'), 'no-store')
    }
  }
  for (const authorization of [`bearer ${SERVICE_TOKEN}`, `BEARER  ${SERVICE_TOKEN}`]) {
    const { status } = await call('GET', '/internal/openapi.json', { token: null, headers: { authorization } })
    t.equal(status, 200, 'schemes are case-insensitive')
  }
  const twice = await exchange(
    { url },
    head('GET', '/internal', `Authorization: Bearer ${SERVICE_TOKEN}`, 'Authorization: Bearer x'),
  )
  t.strictSame([twice.status, twice.body], [404, NOT_FOUND], 'of two Authorization headers, Node.js uses the first')
  t.equal((await sql('SELECT FROM users WHERE id = 5000')).length, 0)
  await until(() => log.some((line) => line.includes('no_service_token')), 'the failure is logged')
  const line = JSON.parse(log.find((text) => text.includes('invalid_service_token')) ?? '{}')
  t.match(line, { level: 40, api: 'internal', method: 'PUT', route: '/internal/v1/users/:user_id', status: 401 })
  t.match(line, { event: 'authentication_failed', reason: 'invalid_service_token', code: 'UNAUTHORIZED' })
})

t.test('with a service token, an unknown route is 404 and an unknown resource type 400', async (t) => {
  const { call } = await startService(t)
  const headers = bearer(SERVICE_TOKEN)
  const table: [method: string, path: string, body: unknown][] = [
    ['GET', '/internal', undefined],
    ['GET', '/internal/', undefined],
    ['GET', '/internal/v1/nothing', undefined],
    ['GET', '/internal/v1/users/1', undefined],
    ['PATCH', USER, BODY],
    ['OPTIONS', USER, undefined],
    ['POST', '/internal/v1/users/1/user-files/1', {}],
  ]
  for (const [method, path, body] of table) {
    const response = await call(method, path, { token: null, body, headers })
    t.strictSame([response.status, response.body], [404, NOT_FOUND], `${method} ${path}`)
  }
  for (const method of ['PUT', 'DELETE']) {
    const response = await call(method, '/internal/v1/users/1/nothing/1', { token: null, body: {}, headers })
    t.strictSame(
      [response.status, response.body],
      [400, errorBody(400, 'INVALID_RESOURCE_TYPE', 'Invalid resource type')],
    )
  }
})

t.test('with a service token, a body of another content type is 415 and a large one 413', async (t) => {
  const { call } = await startService(t)
  const headers = bearer(SERVICE_TOKEN)
  const text = { token: null, body: 'x', headers: { ...headers, 'content-type': 'text/plain' } }
  t.equal((await call('PUT', USER, text)).status, 415)
  const large = { token: null, body: 'x'.repeat(3 * 1024 * 1024), headers }
  t.equal((await call('PUT', USER, large)).status, 413)
})

t.test('two tokens are accepted during a rotation', async (t) => {
  const { call } = await startService(t, { SERVICE_TOKENS: `${SERVICE_TOKEN},${OTHER_SERVICE_TOKEN}` })
  for (const [token, status] of [
    [SERVICE_TOKEN, 201],
    [OTHER_SERVICE_TOKEN, 200],
    [`${SERVICE_TOKEN},${OTHER_SERVICE_TOKEN}`, 401],
  ] as const) {
    t.equal((await call('PUT', USER, { token: null, body: BODY, headers: bearer(token) })).status, status)
  }
})

t.test('the internal API ignores a cookie beside the token, and rejects requests from browsers', async (t) => {
  const origin = 'https://app.example.com'
  const { call, sql } = await startService(t, { CORS_ORIGINS: origin })
  const send = (headers: Record<string, string>, method = 'PUT') =>
    call(method, USER, {
      token: null,
      ...(method === 'PUT' && { body: BODY }),
      headers: { ...bearer(SERVICE_TOKEN), ...headers },
    })
  const REFUSED = errorBody(403, 'CROSS_SITE_REQUEST', 'Requests from browsers are refused')
  for (const headers of [
    { origin },
    { origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
  ] as Record<string, string>[]) {
    const response = await send(headers)
    t.strictSame([response.status, response.body], [403, REFUSED], JSON.stringify(headers))
    for (const name of response.headers.keys()) t.notMatch(name, /^access-control/)
  }
  const preflight = await call('OPTIONS', USER, {
    token: null,
    headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization' },
  })
  t.equal(preflight.status, 401, 'a preflight request')
  for (const name of preflight.headers.keys()) t.notMatch(name, /^access-control/)
  t.equal((await sql('SELECT FROM users WHERE id = 5000')).length, 0)
  // Sec-Fetch-Mode does not prove that a browser sent the request: the fetch of Node.js sends this header, too.
  t.equal((await send({ 'sec-fetch-mode': 'cors', cookie: 'neptun-session=nonsense' })).status, 201)
})

t.test('requests with a valid service token have a separate rate limit; others are limited by address', async (t) => {
  const { call } = await startService(t, { RATE_LIMIT_SERVICE: '3', RATE_LIMIT_ADDRESS: '2' })
  const send = (token: string) => call('PUT', USER, { token: null, body: BODY, headers: bearer(token) })
  t.strictSame(
    [(await send('wrong')).status, (await send('wrong')).status, (await send('wrong')).status],
    [401, 401, 429],
  )
  const statuses: number[] = []
  for (let n = 0; n < 4; n += 1) statuses.push((await send(SERVICE_TOKEN)).status)
  t.strictSame(statuses, [201, 200, 200, 429], 'the limit of the address does not apply')
  const { body, headers } = await send(SERVICE_TOKEN)
  t.equal(body.message, 'Too many requests with this service token: at most 3 in 60 s')
  t.match(headers.get('retry-after'), /^[1-9]\d*$/)
})

t.test('metrics and logs of requests to the internal API have the label api="internal"', async (t) => {
  const METRICS_PORT = await freePort()
  const { api, call, log } = await startService(t, { METRICS_PORT })
  await api('PUT', '/users/5000', BODY)
  await api('PUT', '/users/x', BODY)
  await call('GET', '/health/ready')
  const text = await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text()
  const labels = 'method="PUT",route="/internal/v1/users/:user_id"'
  for (const line of [
    `http_request_duration_seconds_count{${labels},status="201",code="",api="internal"} 1`,
    `http_request_duration_seconds_count{${labels},status="400",code="INVALID_REQUEST",api="internal"} 1`,
    'http_request_duration_seconds_count{method="GET",route="/health/ready",status="200",code=""} 1',
  ]) {
    t.ok(text.includes(`${line}\n`), line)
  }
  const lines = log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request')
  t.strictSame(
    lines.map(({ api, user_id }) => [api, user_id]),
    [
      ['internal', 5000],
      ['internal', undefined],
      [undefined, undefined],
    ],
  )
  t.notMatch(log.join(''), new RegExp(SERVICE_TOKEN))
})

t.test('pipelined requests with large bodies all succeed, even if a later body arrives faster', async (t) => {
  const service = await startService(t)
  const toBody = (size: number) =>
    JSON.stringify({ operations: [{ method: 'DELETE', path: 'user-files/1' }] }).padEnd(size)
  const headers = [`Authorization: Bearer ${SERVICE_TOKEN}`, JSON_TYPE]
  const path = `${USER}/sync`
  // The service pauses after every 1000 chunks.
  const chunks = toBody(16_500).replace(/.{4}/g, toChunk)
  const slow = `${keepAlive('POST', path, ...headers, 'Transfer-Encoding: chunked')}${chunks}0\r\n\r\n`
  const fast = head('POST', path, ...headers, 'Content-Length: 16700') + toBody(16_700)
  await service.call('PUT', USER, { token: null, body: BODY, headers: bearer(SERVICE_TOKEN) })
  const responses = await Promise.all(Array.from({ length: 3 }, () => exchangeAll(service, slow + fast)))
  t.same(
    responses.flat().map(({ status }) => status),
    Array(6).fill(200),
  )
})

t.test('with INTERNAL_PORT, the public and the internal API are each 404 on the port of the other', async (t) => {
  const [INTERNAL_PORT, METRICS_PORT] = [await freePort(), await freePort()]
  const settings = { INTERNAL_PORT, METRICS_PORT, CORS_ORIGINS: 'https://app.example.com' }
  let isMigrating = false
  const { call, app, log } = await startService(t, settings, { isMigrating: () => isMigrating })
  const inside = `http://127.0.0.1:${INTERNAL_PORT}`
  for (const path of [USER, '/internal', '/internal/openapi.json']) {
    const { status, body } = await call('PUT', path, { token: null, body: BODY, headers: bearer(SERVICE_TOKEN) })
    t.strictSame([status, body], [404, NOT_FOUND], path)
  }
  const send = (path: string, headers: Record<string, string>, method = 'GET', body?: unknown) =>
    fetch(inside + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  const put = await send(USER, bearer(SERVICE_TOKEN), 'PUT', BODY)
  t.equal(put.status, 201)
  const refused = await send(USER, {}, 'PUT', BODY)
  t.strictSame([refused.status, await refused.json()], [401, UNAUTHORIZED])
  const cookie = { cookie: 'neptun-session=your-session-cookie', origin: 'https://app.example.com' }
  const outside = await send('/api/users/1/projects/789/resources/imports', cookie)
  t.strictSame([outside.status, await outside.json()], [404, NOT_FOUND])
  t.equal(outside.headers.get('access-control-allow-origin'), null)
  t.equal((await send('/health/ready', {})).status, 200)
  const metrics = await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text()
  t.match(metrics, /route="\/internal\/v1\/users\/:user_id",status="201",code="",api="internal"} 1\n/)
  t.ok(log.some((line) => line.includes(`:${INTERNAL_PORT} (/internal)`)))

  isMigrating = true
  const waiting = await send(USER, bearer(SERVICE_TOKEN), 'PUT', BODY)
  t.equal(waiting.status, 503)
  isMigrating = false
  const draining = app.drain(1)
  t.equal(app.companions.length, 1)
  t.ok(app.companions[0]?.isShuttingDown(), 'the internal API shuts down with the public API')
  await draining
  await app.close()
  await t.rejects(send(USER, bearer(SERVICE_TOKEN)), 'the internal API closes with the public API')
})

t.test('the service does not start if INTERNAL_PORT is in use', async (t) => {
  const other = await startApp(t)
  const { port } = new URL(other.url)
  await t.rejects(startService(t, { INTERNAL_PORT: port }), {
    message: 'INTERNAL_PORT: cannot listen on this port (EADDRINUSE)',
  })
})

t.test(
  'the OpenAPI document of the internal API requires a token, and the public document does not mention this API',
  async (t) => {
    const { api, call } = await startService(t, { API_DOCS: 'true' })
    const inside = await call('GET', '/internal/openapi.json', { token: null, headers: bearer(SERVICE_TOKEN) })
    t.equal(inside.status, 200)
    const { openapi, servers, paths, components } = inside.body
    t.match(openapi, /^3\.1/)
    t.strictSame(servers, [{ url: '..' }])
    t.strictSame(
      Object.keys(paths).sort(),
      [
        '/internal/v1/users/{user_id}',
        '/internal/v1/users/{user_id}/projects/{project_id}',
        '/internal/v1/users/{user_id}/sessions',
        '/internal/v1/users/{user_id}/sessions/{session_id}',
        '/internal/v1/users/{user_id}/sync',
        ...RESOURCE_TYPES.map(({ slug }) => `/internal/v1/users/{user_id}/${slug}/{resource_id}`),
      ].sort(),
    )
    t.strictSame(components.securitySchemes, { serviceToken: { type: 'http', scheme: 'bearer' } })
    t.ok(components.schemas.Error.properties.code.enum.includes('ID_TAKEN'))

    const outside = await call('GET', '/openapi.json', { token: null })
    t.equal(outside.status, 200)
    const without = await startApp(t, { API_DOCS: 'true' })
    t.equal(
      outside.text,
      (await without.call('GET', '/openapi.json', { token: null })).text,
      'the public document is the same without the internal API',
    )
    t.notMatch(outside.text, /internal\/|serviceToken|ID_TAKEN|USER_NOT_FOUND|Bearer/)
    t.equal((await api('GET', '/openapi.json')).status, 404)
  },
)
