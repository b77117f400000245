import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { errorBody, OWNER, resources, startApp, type TestApp, until, validationErrorBody } from '../support/app.js'
import {
  exchangeAll,
  head,
  JSON_TYPE,
  keepAlive,
  parseResponses,
  type RawResponse,
  SESSION,
  toChunk,
  withJson,
} from '../support/raw.js'

const IMPORTS = resources('/imports')
const LOCAL = { source_type: 'local', source_path: '/srv/app' }
const MIB = 1024 * 1024
const ORIGIN = 'https://app.example.com'

const UNAUTHORIZED = errorBody(401, 'UNAUTHORIZED', 'Unauthorized')
const ROUTE_NOT_FOUND = errorBody(404, 'ROUTE_NOT_FOUND', 'Route not found')
const TIMED_OUT = errorBody(408, 'REQUEST_TIMEOUT', 'Request timed out')
const TOO_LARGE = errorBody(413, 'PAYLOAD_TOO_LARGE', 'Request body is too large')
const UNSUPPORTED = errorBody(415, 'UNSUPPORTED_MEDIA_TYPE', 'Unsupported media type: send application/json')
const NOT_HTTP = validationErrorBody(['request', 'is not valid HTTP'])

const service = await startApp(t, { CORS_ORIGINS: `https://first.example.com, ${ORIGIN}` })
const { sql, log } = service

const countImports = async () =>
  (await sql<{ count: number }>('SELECT count(*)::integer AS count FROM imports'))[0]?.count ?? Number.NaN
/** Returns the statuses of successful responses, and the bodies of errors. */
const summaries = (responses: RawResponse[]) => responses.map(({ status, body }) => (status < 300 ? status : body))

/** Invalid data that follows a complete request on the same connection. */
const GARBAGE: [name: string, bytes: string][] = [
  ['words', 'garbage\r\n\r\n'],
  ['a NUL', '\0'],
  ['an unknown method', 'BREW / HTTP/1.1\r\n\r\n'],
  ['an unknown version', 'GET / HTTP/9.9\r\n\r\n'],
  ['a header without a colon', 'GET / HTTP/1.1\r\nnope\r\n\r\n'],
  ['two lengths', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  ['headers of 20 KB', `GET / HTTP/1.1\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`],
]

t.test('invalid data after a complete request does not affect that request', async (t) => {
  for (const [name, garbage] of GARBAGE) {
    const before = await countImports()
    const post = withJson('POST', IMPORTS, LOCAL, SESSION)
    const one = await exchangeAll(service, post + garbage)
    t.strictSame(summaries(one), [201], `${name}: one response`)
    t.equal(await countImports(), before + 1, `${name}: one import`)
    t.equal(one[0]?.headers.get('connection'), 'close', `${name}: the connection is closed`)
    const two = await exchangeAll(service, post + post + garbage)
    t.strictSame(summaries(two), [201, 201], `${name}: after two pipelined requests`)
    t.equal(await countImports(), before + 3)
    const id = two[0]?.body.import.id
    const put = withJson('PUT', `${IMPORTS}/${id}`, { title: name }, SESSION)
    t.strictSame(summaries(await exchangeAll(service, put + garbage)), [200], `${name}: after a PUT`)
    const remove = keepAlive('DELETE', `${IMPORTS}/${id}`, SESSION)
    t.strictSame(summaries(await exchangeAll(service, remove + garbage)), [204], `${name}: after a DELETE`)
    const anonymous = withJson('POST', IMPORTS, LOCAL)
    t.strictSame(summaries(await exchangeAll(service, anonymous + garbage)), [UNAUTHORIZED], `${name}: after a 401`)
  }
})

t.test('invalid data after a response gets an error response', async (t) => {
  for (const [name, garbage] of GARBAGE.filter(([, { length }]) => length < 1000)) {
    const responses = await talk(keepAlive('GET', '/health/live'), garbage)
    t.strictSame(summaries(responses), [200, name === 'an unknown method' ? ROUTE_NOT_FOUND : NOT_HTTP], name)
  }
})

/** Sends `first`, waits for the response, and then sends `second`. */
async function talk(first: string, second: string): Promise<RawResponse[]> {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
  const received: Buffer[] = []
  socket.write(first)
  socket.once('data', () => socket.write(second))
  socket.on('data', (chunk) => received.push(chunk))
  await once(socket, 'close')
  return parseResponses(Buffer.concat(received))
}

t.test('a malformed body gets one response, and nothing is stored', async (t) => {
  const chunked = [JSON_TYPE, 'Transfer-Encoding: chunked']
  const chunk = toChunk(JSON.stringify(LOCAL))
  const before = await countImports()
  for (const [problem, body] of [
    ['a bad chunk', 'zz\r\n'],
    ['a bad chunk after a good one', `${chunk}zz\r\n`],
    ['an invalid trailer', `${chunk}0\r\nnope\r\n\r\n`],
    ['a chunk longer than its declared size', `5\r\n${chunk}`],
  ]) {
    for (const [method, path] of [
      ['POST', IMPORTS],
      ['PUT', `${IMPORTS}/1`],
      ['DELETE', `${IMPORTS}/1`],
      ['POST', resources('/user-files')],
    ] as const) {
      const name = `${method} with ${problem}`
      const anonymous = await exchangeAll(service, keepAlive(method, path, ...chunked) + body)
      t.strictSame(summaries(anonymous), [UNAUTHORIZED], `${name}, without a session`)
      const unknown = keepAlive(method, path, 'Cookie: neptun-session=0123456789abcdef', ...chunked)
      t.strictSame(
        summaries(await exchangeAll(service, unknown + body)),
        [UNAUTHORIZED],
        `${name}, with an unknown session`,
      )
      t.strictSame(
        summaries(await talkLate(keepAlive(method, path, ...chunked), `${body}`)),
        [UNAUTHORIZED],
        `${name}, sent after the response`,
      )
      const known = await exchangeAll(service, keepAlive(method, path, SESSION, ...chunked) + body)
      t.strictSame(summaries(known), [NOT_HTTP], `${name}, with a session`)
    }
    const nowhere = await exchangeAll(service, keepAlive('POST', '/nowhere', ...chunked) + body)
    t.strictSame(summaries(nowhere), [ROUTE_NOT_FOUND], `${problem} to an unknown route`)
  }
  t.equal(await countImports(), before)
})

/** Sends `second` only after the service has closed its side of the connection. */
async function talkLate(first: string, second: string): Promise<RawResponse[]> {
  const socket = connect({ port: Number(new URL(service.url).port), host: '127.0.0.1', allowHalfOpen: true })
  const received: Buffer[] = []
  socket.on('error', () => {})
  socket.on('data', (chunk) => received.push(chunk)).write(first)
  await once(socket, 'end')
  socket.end(second)
  await once(socket, 'close')
  return parseResponses(Buffer.concat(received))
}

/** Requests that the HTTP parser, the router or the service itself rejects. */
const REJECTED: [name: string, bytes: string, body: { statusCode: number }][] = [
  ['words', `hello\r\nOrigin: ${ORIGIN}\r\nX-Request-Id: mine\r\n\r\n`, NOT_HTTP],
  ['an unknown method', withOrigin('BREW', IMPORTS), ROUTE_NOT_FOUND],
  ['CONNECT', withOrigin('CONNECT', 'example.com:443'), ROUTE_NOT_FOUND],
  ['HTTP/9.9', withOrigin('GET', IMPORTS).replace('1.1', '9.9'), NOT_HTTP],
  ['HTTP/0.9', withOrigin('GET', IMPORTS).replace('1.1', '0.9'), NOT_HTTP],
  ['two Hosts', withOrigin('GET', IMPORTS, 'Host: localhost'), NOT_HTTP],
  ['no Host', withOrigin('GET', IMPORTS).replace('Host: localhost\r\n', ''), NOT_HTTP],
  ['a bad header', withOrigin('GET', IMPORTS, 'nope'), NOT_HTTP],
  ['a bad chunk', `${withOrigin('POST', IMPORTS, SESSION, JSON_TYPE, 'Transfer-Encoding: chunked')}zz\r\n`, NOT_HTTP],
  [
    'headers of 20 KB',
    withOrigin('GET', IMPORTS, `X-A: ${'a'.repeat(20_000)}`),
    errorBody(431, 'HEADERS_TOO_LARGE', 'Request headers are too large'),
  ],
  [
    'an expectation',
    withOrigin('GET', IMPORTS, SESSION, 'Expect: banana'),
    errorBody(417, 'EXPECTATION_FAILED', 'Only "Expect: 100-continue" is supported'),
  ],
  ['an expectation without a session', withOrigin('GET', IMPORTS, 'Expect: banana'), UNAUTHORIZED],
  ['an expectation for an unknown route', withOrigin('GET', '/nowhere', 'Expect: banana'), ROUTE_NOT_FOUND],
  ['a large body', withOrigin('POST', IMPORTS, SESSION, JSON_TYPE, 'Content-Length: 3000000'), TOO_LARGE],
]

function withOrigin(method: string, path: string, ...headers: string[]) {
  return head(method, path, `Origin: ${ORIGIN}`, 'X-Request-Id: mine', ...headers)
}

t.test('errors of every layer have the same headers, and are logged once', async (t) => {
  const [reference] = await exchangeAll(service, withOrigin('GET', '/nowhere'))
  for (const [name, bytes, body] of REJECTED) {
    log.length = 0
    const responses = await exchangeAll(service, bytes)
    t.strictSame(summaries(responses), [body], name)
    t.strictSame(commonHeaders(t, responses[0]), commonHeaders(t, reference), `${name}: headers`)
    await until(() => log.length > 0, 'the request is logged')
    const lines = log.map((line) => JSON.parse(line))
    // Each of these rejections is a security event, except a 404 of the router. BREW and CONNECT are a 404, too, but are
    // rejected before they reach the router, so they are security events.
    const level = name === 'an expectation for an unknown route' ? 30 : 40
    t.strictSame(
      lines.map(({ level, msg, request_id, status }) => ({ level, msg, request_id, status })),
      [{ level, msg: 'request', request_id: 'mine', status: body.statusCode }],
      `${name}: one line`,
    )
  }
})

/** Headers that depend on the request, its connection or the time. */
const SPECIFIC = /^(date|connection|keep-alive|content-length|www-authenticate|ratelimit-.*)$/

function commonHeaders(t: Test, response: RawResponse | undefined) {
  const headers = Object.fromEntries([...(response?.headers ?? [])].filter(([name]) => !SPECIFIC.test(name)))
  t.match(headers, { vary: 'Cookie, Origin', 'cache-control': 'no-store', 'access-control-allow-origin': ORIGIN })
  t.match(headers['access-control-expose-headers'], /X-Installations-Failed, X-Request-Id/)
  return headers
}

t.test('without Origin, a response to invalid HTTP has the CORS headers of the first allowed origin', async (t) => {
  const [response] = await exchangeAll(service, 'hello\r\n\r\n')
  t.equal(response?.headers.get('access-control-allow-origin'), 'https://first.example.com')
  const [evil] = await exchangeAll(service, 'hello\r\nOrigin: https://evil.example\r\n\r\n')
  t.equal(evil?.headers.get('access-control-allow-origin'), null)
})

t.test('a request that does not arrive in time is a 408, sent and logged once', async (t) => {
  const impatient = await startApp(t, { HEADERS_TIMEOUT: '300', REQUEST_TIMEOUT: '600', CORS_ORIGINS: ORIGIN })
  const post = [JSON_TYPE, 'Content-Length: 100']
  const cases: [name: string, bytes: string, bodies: unknown[]][] = [
    ['headers', `GET ${IMPORTS} HTTP/1.1\r\nHost: localhost\r\n`, [TIMED_OUT]],
    ['a body', withOrigin('POST', IMPORTS, SESSION, ...post), [TIMED_OUT]],
    [
      'a body in chunks',
      withOrigin('PUT', `${IMPORTS}/1`, SESSION, JSON_TYPE, 'Transfer-Encoding: chunked'),
      [TIMED_OUT],
    ],
    ['a body without a session', withOrigin('POST', IMPORTS, ...post), [UNAUTHORIZED]],
    ['the headers of the next request', `${keepAlive('GET', '/health/live')}GET /health`, [200, TIMED_OUT]],
  ]
  for (const [name, bytes, bodies] of cases) {
    impatient.log.length = 0
    const responses = await exchangeAll(impatient, bytes)
    t.strictSame(summaries(responses), bodies, name)
    const last = responses.at(-1)
    t.equal(last?.headers.get('access-control-allow-origin'), ORIGIN)
    t.match(last?.headers.get('x-request-id'), /./)
    await until(() => impatient.log.length >= bodies.length, 'the requests are logged')
    t.equal(impatient.log.length, bodies.length, `${name}: one line each`)
  }
})

/** Sends the whole body before reading the response, like many clients. */
async function sendThenRead(
  { url }: TestApp,
  request: string,
  size: number,
  isChunked = false,
): Promise<RawResponse[]> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
  // A failed write rejects the promise below.
  socket.on('error', () => {})
  const chunk = Buffer.alloc(64 * 1024, '0')
  const write = (data: string | Buffer) =>
    new Promise<void>((resolve, reject) => socket.write(data, (error) => (error ? reject(error) : resolve())))
  await write(request)
  for (let sent = 0; sent < size; sent += chunk.length) {
    if (isChunked) await write(`${chunk.length.toString(16)}\r\n`)
    await write(chunk)
    if (isChunked) await write('\r\n')
  }
  if (isChunked) await write('0\r\n\r\n')
  const received: Buffer[] = []
  socket.on('data', (data) => received.push(data))
  await once(socket, 'close')
  return parseResponses(Buffer.concat(received))
}

t.test('a client that sends its whole body first can read the error response', async (t) => {
  const crossSite = ['Origin: https://evil.example', SESSION]
  const forbidden = errorBody(403, 'CROSS_SITE_REQUEST', 'Cross-site request from an origin that is not allowed')
  const cases: [kind: string, method: string, path: string, headers: string[], body: object][] = [
    ['over the limit', 'POST', IMPORTS, [SESSION, JSON_TYPE], TOO_LARGE],
    ['over the limit on a PUT', 'PUT', `${IMPORTS}/1`, [SESSION, JSON_TYPE], TOO_LARGE],
    ['without a session', 'POST', IMPORTS, [JSON_TYPE], UNAUTHORIZED],
    ['of another type', 'POST', resources('/user-files'), [SESSION, 'Content-Type: text/csv'], UNSUPPORTED],
    ['to an unknown route', 'POST', '/nowhere', [JSON_TYPE], ROUTE_NOT_FOUND],
    ['from another site', 'POST', IMPORTS, [...crossSite, JSON_TYPE], forbidden],
  ]
  for (const [kind, method, path, headers, body] of cases) {
    for (const close of [[], ['Connection: close']]) {
      const size = 24 * MIB
      const whole = keepAlive(method, path, ...headers, ...close, `Content-Length: ${size}`)
      const name = `a body ${kind}${close.length ? ', Connection: close' : ''}`
      t.strictSame(summaries(await sendThenRead(service, whole, size)), [body], name)
      const chunked = keepAlive(method, path, ...headers, ...close, 'Transfer-Encoding: chunked')
      t.strictSame(summaries(await sendThenRead(service, chunked, size, true)), [body], `${name}, in chunks`)
    }
  }
})

t.test('a client that never stops sending is disconnected', async (t) => {
  const endless = keepAlive('POST', IMPORTS, JSON_TYPE, 'Transfer-Encoding: chunked')
  await t.rejects(sendThenRead(service, endless, 4096 * MIB, true), { code: /EPIPE|ECONNRESET/ })
})

t.test('after an error, a connection is kept if the request was complete', async (t) => {
  const anonymous = withJson('POST', IMPORTS, LOCAL)
  const invalid = withJson('POST', IMPORTS, { ...LOCAL, title: 5 }, SESSION)
  const get = keepAlive('GET', `${IMPORTS}/2147483647`, SESSION)
  const last = head('GET', '/health/live')
  const responses = await exchangeAll(service, anonymous + invalid + get + last)
  t.same(
    responses.map(({ status, headers }) => [status, headers.get('connection')]),
    [
      [401, 'keep-alive'],
      [400, 'keep-alive'],
      [404, 'keep-alive'],
      [200, 'close'],
    ],
  )
})

t.test('every 401 has a challenge of a scheme for which browsers show no login dialog', async (t) => {
  const challenge = 'Cookie cookie-name="neptun-session"'
  const routes = service.routes.filter(({ url, schema }) => url.startsWith('/api/') && !schema?.hide)
  t.ok(routes.length > 20, 'all routes are registered')
  for (const { method, url } of routes) {
    const path = url.replaceAll(/:\w+/g, '1')
    const { status, headers } = await service.call(String(method), path, { token: null })
    t.same([status, headers.get('www-authenticate')], [401, challenge], `${method} ${url}`)
  }
  const unknown = await service.call('GET', IMPORTS, { token: `${OWNER.token}x` })
  t.same([unknown.status, unknown.headers.get('www-authenticate')], [401, challenge])
})
