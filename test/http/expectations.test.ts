import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { errorBody, OWNER, resources, startApp } from '../support/app.js'
import { exchange, head, JSON_TYPE, SESSION, withJson } from '../support/raw.js'

const IMPORTS = resources('/imports')
const LOCAL = { source_type: 'local', source_path: '/srv/app' }
const LIMIT = 2 * 1024 * 1024

const service = await startApp(t)
t.beforeEach(service.reset)

/** Sends the head of a request with `Expect: 100-continue`, and its body after 100 Continue. */
async function send(body: string, headers: Record<string, string | number> = {}) {
  const cookie = `neptun-session=${OWNER.token}`
  const allHeaders = { cookie, 'content-type': 'application/json', expect: '100-continue', ...headers }
  const outgoing = request(`${service.url}${IMPORTS}`, { method: 'POST', headers: allHeaders })
  let isContinued = false
  outgoing.on('continue', () => {
    isContinued = true
    outgoing.end(body)
  })
  outgoing.flushHeaders()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const { statusCode: status, headers: responseHeaders } = response
  const result = { isContinued, status, connection: responseHeaders.connection, body: JSON.parse(await text(response)) }
  outgoing.destroy()
  return result
}

t.test('a client that waits for 100 Continue gets it, sends the body, and keeps the connection', async (t) => {
  const body = JSON.stringify(LOCAL)
  for (const headers of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
    await service.reset()
    const response = await send(body, headers)
    t.match(
      response,
      { isContinued: true, status: 201, connection: 'keep-alive', body: { import: LOCAL } },
      JSON.stringify(headers),
    )
  }
})

t.test('a request that is rejected before its body is read gets no 100 Continue', async (t) => {
  const rejections: [string, Record<string, string | number>, Record<string, unknown>][] = [
    ['no session', { cookie: '' }, errorBody(401, 'UNAUTHORIZED', 'Unauthorized')],
    [
      'a body over the limit',
      { 'content-length': LIMIT + 1 },
      errorBody(413, 'PAYLOAD_TOO_LARGE', 'Request body is too large'),
    ],
  ]
  for (const [name, headers, body] of rejections) {
    const response = await send('{}', { 'content-length': 2, ...headers })
    t.strictSame(response, { isContinued: false, status: body['statusCode'], connection: 'close', body }, name)
  }
})

t.test('a client that does not wait for 100 Continue gets it, too, and its request is executed once', async (t) => {
  const bytes = withJson('POST', IMPORTS, LOCAL, SESSION, 'Expect: 100-continue', 'Connection: close')
  const first = await exchange(service, bytes)
  t.equal(first.status, 100)
  t.strictSame(await service.sql('SELECT source_path FROM imports'), [{ source_path: '/srv/app' }])
})

t.test('HTTP/1.0 has no expectations, so the header is ignored', async (t) => {
  const bytes = withJson('POST', IMPORTS, LOCAL, SESSION, 'Expect: 100-continue')
  t.equal((await exchange(service, bytes.replace('HTTP/1.1', 'HTTP/1.0'))).status, 201)
})

t.test('an unsupported expectation is 417', async (t) => {
  const expected = errorBody(417, 'EXPECTATION_FAILED', 'Only "Expect: 100-continue" is supported')
  const bodyless = await exchange(service, head('GET', IMPORTS, SESSION, 'Expect: banana'))
  t.strictSame([bodyless.status, bodyless.body], [417, expected])
  const withBody = await exchange(service, head('POST', IMPORTS, SESSION, JSON_TYPE, 'Content-Length: 9', 'Expect: x'))
  t.strictSame([withBody.status, withBody.body], [417, expected], 'before the body is read')
})
