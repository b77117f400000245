import { createHmac, randomUUID } from 'node:crypto'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import t, { type Test } from 'tap'
import { seedDemoData } from '../../../src/demo-data.js'
import { ajvOptions } from '../../../src/http/ajv.js'
import { type AppResponse, errorBody, startApp, type TestApp, validationErrorBody } from '../../support/app.js'

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

/** An operation with its method and path. */
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
const nameOf = ({ method, path }: Call) => `${method} ${path}`

/** The operations that require a session. */
const guarded = calls.filter(({ security }) => 'session' in (security[0] ?? {}))

// References in schemas are relative to the document.
const ajv = new Ajv2020({ ...ajvOptions.customOptions, strict: false, validateFormats: false })
ajv.addSchema(document, 'document')
const compiled = new Map<string, ValidateFunction>()

t.test('the OpenAPI document is public and supports conditional requests', async (t) => {
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

t.test('errors of the documentation page have the usual shape and headers', async (t) => {
  const file = '/docs/static/swagger-ui.css'
  const notFound = errorBody(404, 'ROUTE_NOT_FOUND', 'Route not found')
  const changed = errorBody(412, 'PRECONDITION_FAILED', 'The object has changed since it was read')
  const requests: [path: string, headers: Record<string, string>, body: ReturnType<typeof errorBody>][] = [
    ['/docs/none', {}, notFound],
    ['/docs/static/none.js', {}, notFound],
    ['/docs/static/.none', {}, notFound],
    ['/docs/static/..%2f..%2fpackage.json', {}, notFound],
    ['/docs/static/..%5c..%5cpackage.json', {}, errorBody(403, 'FORBIDDEN', 'Forbidden')],
    ['/docs/static/%00', {}, validationErrorBody(['path', 'is not a valid file path'])],
    [file, { 'if-match': '"none"' }, changed],
    [file, { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, changed],
    [
      file,
      { range: 'bytes=999999999-' },
      errorBody(416, 'RANGE_NOT_SATISFIABLE', 'The requested range is not satisfiable'),
    ],
  ]
  for (const [path, headers, body] of requests) {
    const response = await shared.call('GET', path, { token: null, headers })
    t.same([response.status, response.body], [body.statusCode, body], path)
    t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    t.equal(response.headers.get('cache-control'), 'no-store')
    t.equal(response.headers.get('x-content-type-options'), 'nosniff')
    t.match(response.headers.get('x-request-id'), /./)
  }
  const part = await shared.call('GET', file, { token: null, headers: { range: 'bytes=0-9' } })
  t.equal(part.status, 206)
  t.match(part.headers.get('content-range'), /^bytes 0-9\/\d+$/)
  t.equal(part.text.length, 10)
})

t.test('the OpenAPI document has every route that is not hidden, and no other', async (t) => {
  const registered = shared.routes
    .filter(({ method, schema }) => method !== 'HEAD' && !schema?.hide)
    .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
  t.same(calls.map(nameOf).sort(), registered.sort())
  t.same(
    guarded.map(nameOf).sort(),
    registered.filter((route) => route.includes(' /api/')).sort(),
    'operations that require a session',
  )
  t.equal(new Set(calls.map(({ operationId }) => operationId)).size, calls.length)
  const hidden = shared.routes.filter(({ schema }) => schema?.hide).map(({ url }) => url.replace(/\(.*\)/, ''))
  const unknown = '/api/users/:user_id/projects/:project_id/resources/:resource_type'
  t.same([...new Set(hidden)], ['/openapi.json', '/docs/json', '/docs', '/docs/*', unknown, `${unknown}/:resource_id`])
})

t.test('without a webhook secret, the OpenAPI document has no webhook', async (t) => {
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

t.test('every request and response has examples, which are valid', async (t) => {
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

t.test(
  'example requests with a session succeed, except one that needs a GitHub App; all their responses are documented',
  async (t) => {
    for (const call of guarded) {
      const { requestBody } = call
      const bodies = requestBody ? Object.values(requestBody.content['application/json'].examples ?? {}) : [{}]
      for (const example of bodies) {
        const response = await send(call, 'value' in example ? { body: example.value } : {})
        // No GitHub App is configured.
        if (call.operationId === 'listGithubRepositories') t.equal(response.body.code, 'GITHUB_UNAVAILABLE')
        else t.ok(response.status >= 200 && response.status < 300, `${call.operationId}: ${response.status}`)
        isDocumented(t, call, response)
      }
    }
  },
)

t.test('the OpenAPI document has no patterns in responses, and only portable patterns in requests', async (t) => {
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
    t.notMatch(pattern, /\\u[dD][89a-fA-F]|\\p\{|\(\?/, 'no surrogates, Unicode properties or lookaround')
    t.doesNotThrow(() => [new RegExp(pattern), new RegExp(pattern, 'u')], pattern)
  }
  t.notMatch(JSON.stringify(document), 'wellFormed', 'no custom keyword')
})

t.test(
  'the document has rate limits for operations with a session, If-None-Match for reads, and Location for creates',
  async (t) => {
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
  },
)

t.test('every error code that an operation can return has an example in a response', async (t) => {
  const codes = document.components.schemas['Error']?.properties?.code?.enum ?? []
  // Returned only for paths that are not operations.
  const elsewhere = ['INVALID_RESOURCE_TYPE', 'ROUTE_NOT_FOUND']
  const found = calls.flatMap(({ responses }) =>
    Object.keys(responses).flatMap((status) =>
      Object.keys(responseOf(responses, status)?.content?.['application/json'].examples ?? {}),
    ),
  )
  t.same(new Set([...found, ...elsewhere].filter((code) => code !== 'example')), new Set(codes))
})

t.test('operations with a session return 400, 401, 403 and 404, writes also 413 and 415, as documented', async (t) => {
  const large = JSON.stringify({ text: 'x'.repeat(2 * 1024 * 1024) })
  for (const call of guarded) {
    const hasBody = call.method !== 'GET'
    const requests: [status: number, Promise<AppResponse>][] = [
      [401, send(call, { token: null })],
      [400, send(call, {}, { project_id: 'x' })],
      [403, send(call, exampleBody(call), { user_id: 2 })],
      [404, send(call, exampleBody(call), { project_id: 790 })],
      ...(hasBody
        ? ([
            [413, send(call, { body: large })],
            [415, send(call, { body: '<xml/>', headers: { 'content-type': 'application/xml' } })],
          ] as [number, Promise<AppResponse>][])
        : []),
    ]
    for (const [status, sent] of requests) {
      const response = await sent
      t.equal(response.status, status, `${call.operationId} ${status}`)
      isDocumented(t, call, response)
    }
    t.equal('413' in call.responses, hasBody)
  }
})

t.test('webhook and health responses are documented', async (t) => {
  const health = calls.filter(({ tags }) => tags[0] === 'Health')
  t.same(health.map(({ path }) => path).sort(), ['/health/live', '/health/ready'])
  for (const call of health) {
    const response = await send(call)
    t.equal(response.status, 200, call.path)
    isDocumented(t, call, response)
  }
  const webhook = calls.find(({ operationId }) => operationId === 'receiveGithubWebhook')
  if (!webhook) throw new Error('no webhook')
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
    const response = await send(webhook, { body, headers: { ...headers, 'x-github-event': event } })
    t.equal(response.status, status)
    isDocumented(t, webhook, response)
  }
  const rejected = await send(webhook, { body })
  t.equal(rejected.status, 401, 'the signature in the example is invalid')
  isDocumented(t, webhook, rejected)
})

t.test('the documentation page signs in a visitor without a session, in development only', async (t) => {
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
  t.equal(await cookieOf(development), null, 'no sign-in without the demonstration session')
})

t.test('in production, the OpenAPI document and the documentation page are served only with API_DOCS', async (t) => {
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

/** Returns the example of a request body, if the operation has one. */
function exampleBody({ requestBody }: Call): { body?: unknown } {
  const [example] = Object.values(requestBody?.content['application/json'].examples ?? {})
  return example ? { body: example.value } : {}
}

/** Sends a request with the examples of all its parameters, like tools that import the document. */
async function send(
  call: Call,
  { headers = {}, ...options }: { headers?: Record<string, string>; body?: unknown; token?: null } = {},
  parameters: Record<string, unknown> = {},
): Promise<AppResponse> {
  const examplesIn = (location: string): [string, string][] =>
    (call.parameters ?? []).filter((one) => one.in === location).map(({ name, example }) => [name, String(example)])
  const values = { ...Object.fromEntries(examplesIn('path')), ...parameters }
  const path = call.path.replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name]))
  const query = new URLSearchParams(examplesIn('query'))
  const examples = examplesIn('header').map(([name, value]) => [name.toLowerCase(), value])
  const all: Record<string, string> = { ...Object.fromEntries(examples), ...headers }
  // A key must not be reused for a different request.
  if ('idempotency-key' in all) all['idempotency-key'] = randomUUID()
  return await shared.call(call.method, `${path}?${query}`, { ...options, headers: all })
}

/** Headers that only some responses of an operation have. */
const OPTIONAL = ['Idempotency-Replayed', 'Link', 'X-Imports-Withheld', 'X-Installations-Failed']

/** Asserts that a response has the documented status, headers and body. */
function isDocumented(t: Test, { operationId, responses, tags }: Call, { status, headers, text, body }: AppResponse) {
  const isCounted = tags[0] !== 'Health' && tags[0] !== 'Webhooks'
  const response = responseOf(responses, String(status))
  if (!response) return t.fail(`${operationId} ${status} is in the document`)
  for (const name of Object.keys(response.headers ?? {})) {
    const isOptional = OPTIONAL.includes(name) || (name.startsWith('RateLimit-') && !isCounted)
    if (!isOptional) t.ok(headers.get(name), `${operationId} ${status} has ${name}`)
  }
  const media = response.content?.['application/json']
  if (!media) return t.equal(text, '', `${operationId} ${status} has no body`)
  const validate = compile(media.schema)
  return t.ok(validate(body), `${operationId} ${status} matches its schema`, { errors: validate.errors })
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
