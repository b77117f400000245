import { createHmac, randomUUID } from 'node:crypto'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import t, { type Test } from 'tap'
import { seedDemoData } from '../../../src/demo-data.js'
import { ajvOptions } from '../../../src/http/ajv.js'
import { type Answer, startApp, type TestApp } from '../../support/app.js'

const SECRET = 'a webhook secret'

interface Media {
  schema: object
  examples?: Record<string, { value: unknown }>
}

interface Response {
  $ref?: string
  description: string
  headers?: Record<string, unknown>
  content?: { 'application/json': Media }
}

interface Operation {
  operationId: string
  tags: string[]
  security: object[]
  parameters?: { name: string; in: string; example?: unknown }[]
  requestBody?: { content: { 'application/json': Media } }
  responses: Record<string, Response>
}

interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: {
    responses: Record<string, Response>
    schemas: Record<string, { properties?: { code?: { enum: string[] } } }>
    securitySchemes: object
  }
}

/** An operation with its place. */
type Call = Operation & { method: string; path: string }

const shared = await startApp(
  t,
  { GITHUB_WEBHOOK_SECRET: SECRET },
  { rows: (databaseUrl) => seedDemoData(databaseUrl, 'development') },
)
const { body: document } = (await shared.call('GET', '/openapi.json', { token: null })) as { body: Document }
const calls: Call[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
)
const guarded = calls.filter(({ security }) => 'session' in (security[0] ?? {}))

// Its references are to the components of the whole document.
const ajv = new Ajv2020({ ...ajvOptions.customOptions, strict: false, validateFormats: false })
ajv.addSchema(document, 'document')
const compiled = new Map<string, ValidateFunction>()

t.test('anybody can read the document, again only when it has changed', async (t) => {
  const first = await fetch(`${shared.url}/openapi.json`)
  t.equal(first.headers.get('cache-control'), 'no-cache')
  t.equal(first.headers.get('content-type'), 'application/json; charset=utf-8')
  const again = await fetch(`${shared.url}/openapi.json`, {
    headers: { 'if-none-match': first.headers.get('etag') ?? '' },
  })
  t.equal(again.status, 304)
  t.equal(await again.text(), '')
  t.equal(document.openapi, '3.1.0')
})

t.test('errors of the page are like all others', async (t) => {
  const file = '/docs/static/swagger-ui.css'
  const refusals: [path: string, headers: Record<string, string>, status: number, code: string][] = [
    ['/docs/none', {}, 404, 'ROUTE_NOT_FOUND'],
    ['/docs/static/none.js', {}, 404, 'ROUTE_NOT_FOUND'],
    ['/docs/static/.none', {}, 404, 'ROUTE_NOT_FOUND'],
    ['/docs/static/..%2f..%2fpackage.json', {}, 404, 'ROUTE_NOT_FOUND'],
    ['/docs/static/..%5c..%5cpackage.json', {}, 403, 'FORBIDDEN'],
    ['/docs/static/%00', {}, 400, 'INVALID_REQUEST'],
    [file, { 'if-match': '"none"' }, 412, 'PRECONDITION_FAILED'],
    [file, { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 412, 'PRECONDITION_FAILED'],
    [file, { range: 'bytes=999999999-' }, 416, 'RANGE_NOT_SATISFIABLE'],
  ]
  for (const [path, headers, status, code] of refusals) {
    const answer = await shared.call('GET', path, { token: null, headers })
    t.same([answer.status, answer.body?.statusCode, answer.body?.code], [status, status, code], path)
    t.equal(typeof answer.body?.message, 'string')
    t.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
    t.equal(answer.headers.get('cache-control'), 'no-store')
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    t.match(answer.headers.get('x-request-id'), /./)
  }
  const part = await shared.call('GET', file, { token: null, headers: { range: 'bytes=0-9' } })
  t.equal(part.status, 206)
  t.match(part.headers.get('content-range'), /^bytes 0-9\/\d+$/)
  t.equal(part.text.length, 10)
})

t.test('it has every route, and nothing else', async (t) => {
  const registered = shared.routes
    .filter(({ method, schema }) => method !== 'HEAD' && !schema?.hide)
    .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
  t.same(calls.map(({ method, path }) => `${method} ${path}`).sort(), registered.sort())
  t.equal(new Set(calls.map(({ operationId }) => operationId)).size, calls.length)
  const hidden = shared.routes.filter(({ schema }) => schema?.hide).map(({ url }) => url.replace(/\(.*\)/, ''))
  const unknown = '/api/users/:user_id/projects/:project_id/resources/:resource_type'
  t.same([...new Set(hidden)], ['/openapi.json', '/docs/json', '/docs', '/docs/*', unknown, `${unknown}/:resource_id`])
})

t.test('without a secret there is no webhook in it', async (t) => {
  const { call } = await startApp(t)
  const { body } = await call('GET', '/openapi.json', { token: null })
  t.equal(body.paths['/webhooks/github'], undefined)
  t.same(Object.keys(body.components.securitySchemes), ['session'])
  t.notOk(body.tags.some(({ name }: { name: string }) => name === 'Webhooks'))
  t.same(Object.keys(document.components.securitySchemes), ['session', 'githubSignature'])
})

t.test('every parameter has an example', async (t) => {
  for (const { operationId, parameters = [] } of calls) {
    for (const { name, example } of parameters) t.not(example, undefined, `${operationId} ${name}`)
  }
})

t.test('every example is as its schema says', async (t) => {
  for (const { operationId, requestBody, responses } of calls) {
    const medias: [string, Media | undefined][] = [['request', requestBody?.content['application/json']]]
    for (const status of Object.keys(responses))
      medias.push([status, responseOf(responses, status)?.content?.['application/json']])
    for (const [where, media] of medias) {
      if (!media) continue
      t.ok(Object.keys(media.examples ?? {}).length > 0, `${operationId} ${where} has an example`)
      for (const [name, { value }] of Object.entries(media.examples ?? {})) {
        const validate = compile(media.schema)
        t.ok(validate(value), `${operationId} ${where} ${name}`, { errors: validate.errors })
      }
    }
  }
})

t.test('every example of a request is accepted, and every answer is one that the document has', async (t) => {
  for (const call of guarded) {
    const { requestBody } = call
    const bodies = requestBody ? Object.values(requestBody.content['application/json'].examples ?? {}) : [{}]
    for (const example of bodies) {
      const answer = await send(call, 'value' in example ? { body: example.value } : {})
      // There is no GitHub App.
      if (call.operationId === 'listGithubRepositories') t.equal(answer.body.code, 'GITHUB_UNAVAILABLE')
      else t.ok(answer.status >= 200 && answer.status < 300, `${call.operationId}: ${answer.status}`)
      checkAnswer(t, call, answer)
    }
  }
})

t.test('responses have no patterns, and patterns of requests mean the same in every language', async (t) => {
  const patterns = (part: object) =>
    [...JSON.stringify(part).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, text]) => JSON.parse(text ?? ''))
  for (const { operationId, responses } of calls) t.same(patterns(responses), [], operationId)
  const { schemas } = document.components
  for (const [name, schema] of Object.entries(schemas)) {
    const isRequest = JSON.stringify(calls.map(({ requestBody }) => requestBody)).includes(
      `"#/components/schemas/${name}"`,
    )
    if (!isRequest) t.same(patterns(schema), [], name)
  }
  const all = new Set(patterns(document))
  t.ok(all.has('^[^\\x00]*$'))
  for (const pattern of all) {
    t.notMatch(pattern, /\\u[dD][89a-fA-F]|\\p\{|\(\?/, 'no surrogates, no properties, no lookaround')
    t.doesNotThrow(() => [new RegExp(pattern), new RegExp(pattern, 'u')], pattern)
  }
  t.notMatch(JSON.stringify(document), 'wellFormed', 'nor a keyword of our own')
})

t.test('an operation says what a conditional request, a create and the limits return', async (t) => {
  for (const { operationId, method, parameters = [], responses } of guarded) {
    const has = (status: string, header: string) => responseOf(responses, status)?.headers?.[header] !== undefined
    const isRead = method === 'GET'
    t.equal('304' in responses, isRead, `${operationId} 304`)
    t.equal(
      parameters.some(({ name }) => name === 'If-None-Match'),
      isRead,
    )
    if ('201' in responses) t.ok(has('201', 'Location'), `${operationId} Location`)
    for (const status of Object.keys(responses)) {
      const isTagged = /^(200|201|304)$/.test(status) && operationId !== 'previewImport'
      t.equal(has(status, 'ETag'), isTagged, `${operationId} ${status} ETag`)
      t.ok(has(status, 'RateLimit-Limit') && has(status, 'RateLimit-Reset'), `${operationId} ${status} RateLimit`)
    }
  }
})

t.test('every code of an error, and its status, occurs', async (t) => {
  const codes = document.components.schemas['Error']?.properties?.code?.enum ?? []
  // Of paths that are not operations.
  const elsewhere = ['INVALID_RESOURCE_TYPE', 'ROUTE_NOT_FOUND']
  const found = calls.flatMap(({ responses }) =>
    Object.keys(responses).flatMap((status) =>
      Object.keys(responseOf(responses, status)?.content?.['application/json'].examples ?? {}),
    ),
  )
  t.same(new Set([...found, ...elsewhere].filter((code) => code !== 'example')), new Set(codes))
})

t.test('refusals are those that the document has', async (t) => {
  const large = JSON.stringify({ text: 'x'.repeat(2 * 1024 * 1024) })
  for (const call of guarded) {
    const hasBody = call.method !== 'GET'
    const refusals: [status: number, Promise<Answer>][] = [
      [401, send(call, { token: null })],
      [400, send(call, {}, { project_id: 'x' })],
      [403, send(call, exampleBody(call), { user_id: 2 })],
      [404, send(call, exampleBody(call), { project_id: 790 })],
      ...(hasBody
        ? ([
            [413, send(call, { body: large })],
            [415, send(call, { body: '<xml/>', headers: { 'content-type': 'application/xml' } })],
          ] as [number, Promise<Answer>][])
        : []),
    ]
    for (const [status, answered] of refusals) {
      const answer = await answered
      t.equal(answer.status, status, `${call.operationId} ${status}`)
      checkAnswer(t, call, answer)
    }
    t.equal('413' in call.responses, hasBody)
  }
})

t.test('deliveries of GitHub and questions about health, too', async (t) => {
  for (const call of calls.filter(({ tags }) => tags[0] === 'Health')) checkAnswer(t, call, await send(call))
  const webhook = calls.find(({ operationId }) => operationId === 'receiveGithubWebhook')
  if (!webhook) throw new Error('there is no webhook')
  const body = JSON.stringify(exampleBody(webhook).body)
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`
  const headers = {
    'x-hub-signature-256': signature,
    'x-github-event': 'installation',
    'x-github-delivery': randomUUID(),
  }
  for (const [event, status] of [
    ['installation', 200],
    ['star', 202],
  ] as const) {
    const answer = await send(webhook, { body, headers: { ...headers, 'x-github-event': event } })
    t.equal(answer.status, status)
    checkAnswer(t, webhook, answer)
  }
  checkAnswer(t, webhook, await send(webhook, { body }))
})

t.test('in development, and there alone, the page signs in whoever has no session', async (t) => {
  const cookieOf = async ({ url }: TestApp, headers = {}) =>
    (await fetch(`${url}/docs`, { headers })).headers.get('set-cookie')
  t.equal(await cookieOf(shared), null)
  const rows = (databaseUrl: string) => seedDemoData(databaseUrl, 'development')
  const development = await startApp(t, { NODE_ENV: 'development' }, { rows })
  t.equal(await cookieOf(development), 'neptun-session=your-session-cookie; Path=/; SameSite=Strict')
  t.equal(await cookieOf(development, { cookie: 'neptun-session=another' }), null)
  t.equal(await cookieOf(await startApp(t, { NODE_ENV: 'production' }, { rows })), null)
  t.equal((await development.call('GET', '/docs/none')).body.code, 'ROUTE_NOT_FOUND')
  await development.sql('DELETE FROM sessions')
  t.equal(await cookieOf(development), null, 'nor without the demonstration user')
})

t.test('the document and the page are served in production only if that is asked for', async (t) => {
  const paths = ['/openapi.json', '/docs', '/docs/', '/docs/json', '/docs/static/index.css']
  const absent = { statusCode: 404, code: 'ROUTE_NOT_FOUND', message: 'Route not found' }
  for (const [settings, isServed] of [
    [{ NODE_ENV: 'production' }, false],
    [{ NODE_ENV: 'production', API_DOCS: 'true' }, true],
    [{ NODE_ENV: 'development' }, true],
    [{ NODE_ENV: 'development', API_DOCS: 'false' }, false],
  ] as const) {
    const { call } = await startApp(t, settings)
    for (const path of paths) {
      const { status, body, headers } = await call('GET', path, { token: null })
      t.equal(status, isServed ? 200 : 404, `${JSON.stringify(settings)} ${path}`)
      if (!isServed) t.same(body, absent)
      for (const directive of ["base-uri 'none'", "object-src 'none'", "default-src 'none'"]) {
        t.match(headers.get('content-security-policy'), directive)
      }
    }
  }
})

/** The example of a body, if it takes one. */
function exampleBody({ requestBody }: Call): { body?: unknown } {
  const [example] = Object.values(requestBody?.content['application/json'].examples ?? {})
  return example ? { body: example.value } : {}
}

/** Sends a call with the examples of all its parameters, as tools do that import the document. */
async function send(
  call: Call,
  { headers = {}, ...options }: { headers?: Record<string, string>; body?: unknown; token?: null } = {},
  parameters: Record<string, unknown> = {},
): Promise<Answer> {
  const examplesIn = (place: string): [string, string][] =>
    (call.parameters ?? []).filter((one) => one.in === place).map(({ name, example }) => [name, String(example)])
  const values = { ...Object.fromEntries(examplesIn('path')), ...parameters }
  const path = call.path.replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name]))
  const query = new URLSearchParams(examplesIn('query'))
  const examples = examplesIn('header').map(([name, value]) => [name.toLowerCase(), value])
  const all: Record<string, string> = { ...Object.fromEntries(examples), ...headers }
  // The example would be the key of one request, and of no other.
  if ('idempotency-key' in all) all['idempotency-key'] = randomUUID()
  return await shared.call(call.method, `${path}?${query}`, { ...options, headers: all })
}

/** Headers that a response has only in some cases. */
const OPTIONAL = ['Idempotency-Replayed', 'Link', 'X-Imports-Withheld', 'X-Installations-Failed']

function checkAnswer(t: Test, { operationId, responses, tags }: Call, { status, headers, text, body }: Answer) {
  const isCounted = tags[0] !== 'Health' && tags[0] !== 'Webhooks'
  const response = responseOf(responses, String(status))
  if (!response) return t.fail(`${operationId} ${status} is not in the document`)
  for (const name of Object.keys(response.headers ?? {})) {
    const isOptional = OPTIONAL.includes(name) || (name.startsWith('RateLimit-') && !isCounted)
    if (!isOptional) t.ok(headers.get(name), `${operationId} ${status} has ${name}`)
  }
  const media = response.content?.['application/json']
  if (!media) return t.equal(text, '', `${operationId} ${status} has no body`)
  const validate = compile(media.schema)
  return t.ok(validate(body), `${operationId} ${status} is as its schema says`, { errors: validate.errors })
}

function responseOf(responses: Record<string, Response>, status: string): Response | undefined {
  const { $ref } = responses[status] ?? {}
  return $ref ? document.components.responses[$ref.split('/').at(-1) ?? ''] : responses[status]
}

function compile(schema: object): ValidateFunction {
  const text = JSON.stringify(schema).replaceAll('"#/', '"document#/')
  const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text))
  compiled.set(text, validate)
  return validate
}
