import { once } from 'node:events'
import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { UpdateImportBody } from '../../src/projects-resources/imports/schemas.js'
import { SOURCE_TYPES } from '../../src/projects-resources/imports/source-path/index.js'
import { RESOURCE_DESCRIPTORS } from '../../src/projects-resources/resources/index.js'
import { hashToken } from '../../src/session-token.js'
import {
  type AppResponse,
  createSession,
  errorBody,
  OWNER,
  resources,
  STRANGER,
  startApp,
  type TestApp,
  until,
  validationErrorBody,
} from '../support/app.js'
import { UNSET } from '../support/imports.js'
import { exchange, head, JSON_TYPE, SESSION, toChunkedBody } from '../support/raw.js'

const IMPORTS = resources('/imports')
const LOCAL = { source_type: 'local', source_path: '/srv/app' }
const MIB = 1024 * 1024

const ROUTE_NOT_FOUND = errorBody(404, 'ROUTE_NOT_FOUND', 'Route not found')
const IMPORT_NOT_FOUND = errorBody(404, 'IMPORT_NOT_FOUND', 'Import not found')
const UNAUTHORIZED = errorBody(401, 'UNAUTHORIZED', 'Unauthorized')
const TOO_LARGE = errorBody(413, 'PAYLOAD_TOO_LARGE', 'Request body is too large')
const UNSUPPORTED = errorBody(415, 'UNSUPPORTED_MEDIA_TYPE', 'Unsupported media type: send application/json')
const HEADERS_TOO_LARGE = errorBody(431, 'HEADERS_TOO_LARGE', 'Request headers are too large')

const NO_ID = 'must be an integer from 1 to 2147483647'
const NO_TYPE = `must be one of ${SOURCE_TYPES.join(', ')}`
const NO_OBJECT = validationErrorBody(['body', 'must be an object'])
const NO_JSON = validationErrorBody(['body', 'must be valid JSON'])
const FORBIDDEN_KEY = validationErrorBody(['body', 'must not have a key __proto__ or constructor.prototype'])
const NO_UTF8 = validationErrorBody(['body', 'must be UTF-8'])
const TOO_DEEP = validationErrorBody(['body', 'is nested too deeply'])
const NO_HTTP = validationErrorBody(['request', 'is not valid HTTP'])
const UNSTORABLE = 'must not contain U+0000 or unpaired surrogates'

type Response = Pick<AppResponse, 'status' | 'body'> & { headers: { get(name: string): string | null } }

/** Asserts the status, content type and body of an error response. */
function refuses(t: Test, { status, headers, body }: Response, expected: { statusCode: number }, name: string) {
  t.strictSame(
    { status, type: headers.get('content-type'), body },
    { status: expected.statusCode, type: 'application/json; charset=utf-8', body: expected },
    name,
  )
}

/** Asserts a 201 with the whole import, except its id and time, which the service chooses. */
function creates(t: Test, { status, body }: Pick<AppResponse, 'status' | 'body'>, expected: object, name: string) {
  const { id, created_at } = body.import ?? {}
  const rest = { ...UNSET, neptun_user_id: OWNER.userId, project_id: OWNER.projectId }
  const created = { id, ...LOCAL, ...rest, created_at, updated_at: created_at, ...expected }
  t.strictSame({ status, body }, { status: 201, body: { import: created } }, name)
}

const service = await startApp(t)
const { call, sql } = service

/** Asserts that `action` neither creates, changes nor deletes an import. */
async function storesNothing(t: Test, action: () => Promise<void>) {
  const readImports = () => sql('SELECT * FROM imports ORDER BY id')
  const before = await readImports()
  await action()
  t.strictSame(await readImports(), before, 'nothing is stored or removed')
}

t.test('an unknown route or method is 404, whatever else is wrong with the request', async (t) => {
  const routes = [
    ['GET', '/'],
    ['GET', '//'],
    ['GET', '/nope'],
    ['GET', '/nope/%zz'],
    ['GET', '/API/users/1/projects/789/resources/imports'],
    ['GET', '/api/users/1/projects/789/imports'],
    ['GET', resources('')],
    ['GET', `${IMPORTS}/1/files`],
    ['PUT', IMPORTS],
    ['PATCH', IMPORTS],
    ['DELETE', IMPORTS],
    ['OPTIONS', IMPORTS],
    ['POST', `${IMPORTS}/1`],
    ['PATCH', `${IMPORTS}/1`],
    ['PATCH', '/api/users/abc/projects/0/resources/imports/%zz'],
    ['POST', '/health/live'],
  ] as const
  for (const [method, path] of routes) {
    refuses(t, await call(method, path), ROUTE_NOT_FOUND, `${method} ${path}`)
    refuses(t, await call(method, path, { token: null }), ROUTE_NOT_FOUND, `${method} ${path} without a session`)
    if (method === 'GET') continue
    const headers = { 'content-type': 'text/plain' }
    for (const body of ['{', '\0', 'x'.repeat(3 * MIB)]) {
      const response = await call(method, path, { token: null, body, headers })
      refuses(t, response, ROUTE_NOT_FOUND, `${method} ${path} with ${body.length} bytes of another content type`)
    }
  }
  const unfinished = head('POST', '/nope', JSON_TYPE, 'Content-Length: 1000')
  refuses(t, await exchange(service, unfinished), ROUTE_NOT_FOUND, 'POST /nope before its body arrives')
})

t.test('an id that is not an integer from 1 to 2147483647 in plain digits is 400', async (t) => {
  const parameters = [
    ['user_id', (id: string) => `/api/users/${id}/projects/789/resources/imports`],
    ['project_id', (id: string) => `/api/users/1/projects/${id}/resources/imports`],
    ['import_id', (id: string) => `${IMPORTS}/${id}`],
  ] as const
  const invalid = [
    '0',
    '-1',
    '01',
    '1.0',
    '1e3',
    '0x10',
    '+1',
    '%2B1',
    '%201',
    '1%20',
    '1%00',
    '1%0A',
    '%2F',
    'abc',
    '',
  ]
  invalid.push(
    '2147483648',
    '9'.repeat(100),
    '9'.repeat(5000),
    '%zz',
    '%',
    '%ff',
    '%EF%BC%91',
    'NaN',
    'null',
    '1,2',
    '1;a',
  )
  for (const [name, path] of parameters) {
    for (const id of invalid) {
      // Without an id, the path is that of the list.
      if (name === 'import_id' && id === '') continue
      refuses(
        t,
        await call('GET', path(id)),
        validationErrorBody([`path.${name}`, NO_ID]),
        `${name} ${id.slice(0, 20)}`,
      )
    }
  }
  for (const method of ['PUT', 'DELETE']) {
    const body = method === 'PUT' ? { body: { title: 'new' } } : {}
    const response = await call(method, `${IMPORTS}/1e3`, body)
    refuses(t, response, validationErrorBody(['path.import_id', NO_ID]), `${method} import_id 1e3`)
  }
})

t.test('a trailing slash is ignored on every route', async (t) => {
  const created = await call('POST', `${IMPORTS}/`, { body: LOCAL })
  creates(t, created, {}, 'create')
  const { body } = created
  const one = `${IMPORTS}/${body.import.id}`
  const read = async (path: string) => {
    const response = await call('GET', path)
    return [response.status, response.body]
  }
  t.strictSame(await read(`${IMPORTS}/`), [200, { imports: [body.import] }], 'list')
  t.strictSame(await read(`${IMPORTS}/?source_type=git`), [200, { imports: [] }], 'list with a query')
  t.strictSame(await read(`${one}/`), [200, body], 'read')
  t.equal((await call('PUT', `${one}/`, { body: { title: 'new' } })).body.import.title, 'new', 'change')
  t.equal((await call('DELETE', `${one}/`)).status, 204, 'delete')
  refuses(t, await call('PUT', `${IMPORTS}/`, { body: LOCAL }), ROUTE_NOT_FOUND, 'unsupported method')
  refuses(t, await call('GET', `${IMPORTS}/`, { token: null }), UNAUTHORIZED, 'without a session')
  for (const { slug } of RESOURCE_DESCRIPTORS) {
    t.strictSame(await read(resources(`/${slug}/`)), [200, []], slug)
  }
  refuses(
    t,
    await call('GET', resources('/wishes/')),
    errorBody(400, 'INVALID_RESOURCE_TYPE', 'Invalid resource type'),
    'unknown resource type',
  )
  for (const path of ['/health/live/', '/health/ready/', '/openapi.json/', '/docs/']) {
    t.equal((await call('GET', path, { token: null })).status, 200, path)
  }
})

t.test('the largest id and percent-encoded digits are valid', async (t) => {
  const max = 2_147_483_647
  const importsOf = (userId: number, projectId: number) => resources('/imports', { ...OWNER, userId, projectId })
  refuses(t, await call('GET', importsOf(max, 789)), errorBody(403, 'USER_MISMATCH', 'Forbidden'), 'user_id')
  refuses(
    t,
    await call('GET', importsOf(1, max)),
    errorBody(404, 'PROJECT_NOT_FOUND', 'Project not found'),
    'project_id',
  )
  refuses(t, await call('GET', `${IMPORTS}/${max}`), IMPORT_NOT_FOUND, 'import_id')
  refuses(t, await call('GET', `${IMPORTS}/%31?`), IMPORT_NOT_FOUND, '%31 is 1 (RFC 3986, section 6.2.2.2)')
})

t.test('a 400 lists every validation error of path, query and body', async (t) => {
  const path = '/api/users/0/projects/x/resources/imports'
  const inPath: [string, string][] = [
    ['path.user_id', NO_ID],
    ['path.project_id', NO_ID],
  ]
  const put = await call('PUT', `${path}/-1`, { body: { source_type: 'svn', source_path: '', title: 5 } })
  const inBody: [string, string][] = [
    ['body.source_type', NO_TYPE],
    ['body.source_path', 'must have 1 to 2048 characters'],
    ['body.title', 'must be a string or null'],
  ]
  refuses(t, put, validationErrorBody(...inPath, ['path.import_id', NO_ID], ...inBody), 'path and body')
  const post = await call('POST', path, { body: { title: '', description: 'x'.repeat(10_001) } })
  const required: [string, string][] = [
    ['body.source_type', 'is required'],
    ['body.source_path', 'is required'],
  ]
  const lengths: [string, string][] = [
    ['body.title', 'must have 1 to 255 characters'],
    ['body.description', 'must have 0 to 10000 characters'],
  ]
  refuses(t, post, validationErrorBody(...inPath, ...required, ...lengths), 'path and body, with missing fields')
  const list = await call('GET', `${path}?source_type=svn&limit=1e1&cursor=%00`)
  const inQuery: [string, string][] = [
    ['query.source_type', NO_TYPE],
    ['query.limit', 'must be an integer from 1 to 100'],
    ['query.cursor', UNSTORABLE],
  ]
  refuses(t, list, validationErrorBody(...inPath, ...inQuery), 'path and query')
  const pair = await call('POST', '/api/users/0/projects/789/resources/imports', {
    body: { source_type: 'github', source_path: 'nope', title: 5 },
  })
  const notARepository = 'must name a repository as owner/repo'
  const mixed = validationErrorBody(
    ['path.user_id', NO_ID],
    ['body.title', 'must be a string or null'],
    ['body.source_path', notARepository],
  )
  refuses(t, pair, mixed, 'errors of the schema and of rules that a schema cannot express')
  const wrongType = await call('POST', IMPORTS, { body: { ...LOCAL, source_type: null } })
  refuses(t, wrongType, validationErrorBody(['body.source_type', NO_TYPE]), 'each error is listed once')
})

t.test('a body may have up to 2 MiB', async (t) => {
  const padded = (bytes: number) => {
    const empty = JSON.stringify({ ...LOCAL, padding: '' })
    return JSON.stringify({ ...LOCAL, padding: 'x'.repeat(bytes - empty.length) })
  }
  creates(t, await call('POST', IMPORTS, { body: padded(2 * MIB) }), {}, 'exactly 2 MiB')
  await storesNothing(t, async () => {
    refuses(t, await call('POST', IMPORTS, { body: padded(2 * MIB + 1) }), TOO_LARGE, 'one byte more')
    refuses(t, await call('PUT', `${IMPORTS}/1`, { body: padded(3 * MIB) }), TOO_LARGE, 'a PUT of 3 MiB')
    const json = [JSON_TYPE, 'Transfer-Encoding: chunked']
    const chunk = toChunkedBody(padded(2 * MIB + 1))
    refuses(
      t,
      await exchange(service, head('POST', IMPORTS, SESSION, ...json), chunk),
      TOO_LARGE,
      'one byte more, in chunks',
    )
  })
})

t.test('a body must be application/json', async (t) => {
  const body = JSON.stringify(LOCAL)
  for (const type of ['application/json; charset=utf-8', 'application/json;charset=UTF-8', 'Application/JSON']) {
    creates(t, await call('POST', IMPORTS, { body, headers: { 'content-type': type } }), {}, type)
  }
  const others = ['text/plain', 'multipart/form-data; boundary=x', 'application/xml', 'application/merge-patch+json']
  others.push('application/x-www-form-urlencoded', 'application/jsonx', 'text/json', 'json', 'nonsense', '; ; ;')
  others.push('application/json, text/plain', '*/*')
  await storesNothing(t, async () => {
    for (const type of others) {
      const headers = { 'content-type': type }
      refuses(t, await call('POST', IMPORTS, { body, headers }), UNSUPPORTED, `POST ${type}`)
      refuses(t, await call('PUT', `${IMPORTS}/1`, { body, headers }), UNSUPPORTED, `PUT ${type}`)
      refuses(t, await call('DELETE', `${IMPORTS}/1`, { body, headers }), UNSUPPORTED, `DELETE ${type}`)
    }
    const untyped = head('POST', IMPORTS, SESSION, `Content-Length: ${body.length}`)
    refuses(t, await exchange(service, untyped, body), UNSUPPORTED, 'no content type')
    const empty = head('POST', IMPORTS, SESSION, 'Content-Type:', `Content-Length: ${body.length}`)
    refuses(t, await exchange(service, empty, body), UNSUPPORTED, 'empty content type')
  })
})

t.test('a body with a content encoding is 415, and the message names Content-Encoding', async (t) => {
  const message = 'Unsupported content encoding: send the body without Content-Encoding'
  const encoded = errorBody(415, 'UNSUPPORTED_MEDIA_TYPE', message)
  const text = JSON.stringify(LOCAL)
  const bodies: [coding: string, body: string | Buffer][] = [
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['deflate', deflateSync(text)],
    ['GZIP', gzipSync(text)],
    ['identity, gzip', gzipSync(text)],
    ['gzip', gzipSync('x'.repeat(4 * MIB))],
    ['zstd', text],
    ['utf-8', text],
    ['identity;q=1', text],
  ]
  await storesNothing(t, async () => {
    for (const [coding, body] of bodies) {
      const headers = { 'content-encoding': coding }
      refuses(t, await call('POST', IMPORTS, { body, headers }), encoded, `POST with ${coding}`)
      refuses(t, await call('PUT', `${IMPORTS}/1`, { body, headers }), encoded, `PUT with ${coding}`)
      refuses(
        t,
        await call('POST', resources('/user-files'), { body, headers }),
        encoded,
        `POST of a file with ${coding}`,
      )
      refuses(
        t,
        await call('POST', IMPORTS, { token: null, body, headers }),
        UNAUTHORIZED,
        `${coding}, without a session`,
      )
    }
  })
  for (const coding of ['identity', 'Identity', 'identity, identity', '']) {
    const headers = ['Content-Encoding: ', JSON_TYPE, `Content-Length: ${text.length}`]
    const request = head('POST', IMPORTS, SESSION, ...headers).replace(': \r', `: ${coding}\r`)
    creates(t, await exchange(service, request, text), {}, `not encoded: ${coding}`)
  }
  const bodiless = { headers: { 'content-encoding': 'gzip' } }
  refuses(t, await call('GET', `${IMPORTS}/2147483647`, bodiless), IMPORT_NOT_FOUND, 'a GET without a body')
  refuses(t, await call('DELETE', `${IMPORTS}/2147483647`, bodiless), IMPORT_NOT_FOUND, 'a DELETE without a body')
})

t.test(
  'a body with a transfer encoding other than chunked is 415, and the message names the supported one',
  async (t) => {
    const message = 'Unsupported transfer encoding: only chunked is supported'
    const text = JSON.stringify(LOCAL)
    const body = toChunkedBody(text)
    await storesNothing(t, async () => {
      for (const codings of ['gzip, chunked', 'deflate,chunked', 'x, chunked', 'identity, chunked']) {
        const request = head('POST', IMPORTS, SESSION, JSON_TYPE, `Transfer-Encoding: ${codings}`)
        refuses(
          t,
          await exchange(service, request, body),
          errorBody(415, 'UNSUPPORTED_MEDIA_TYPE', message),
          `Transfer-Encoding: ${codings}`,
        )
      }
    })
    for (const codings of ['Chunked', ', chunked']) {
      const request = head('POST', IMPORTS, SESSION, JSON_TYPE, `Transfer-Encoding: ${codings}`)
      creates(t, await exchange(service, request, body), {}, `Transfer-Encoding: ${codings}`)
    }
  },
)

t.test('a request without a body may carry any content type', async (t) => {
  for (const type of ['application/json', 'text/plain', 'multipart/form-data', 'nonsense']) {
    const headers = { 'content-type': type }
    refuses(t, await call('GET', `${IMPORTS}/2147483647`, { headers }), IMPORT_NOT_FOUND, `GET ${type}`)
    refuses(t, await call('DELETE', `${IMPORTS}/2147483647`, { headers }), IMPORT_NOT_FOUND, `DELETE ${type}`)
    refuses(t, await call('POST', IMPORTS, { headers }), NO_OBJECT, `POST ${type}`)
    refuses(t, await call('PUT', `${IMPORTS}/1`, { headers }), NO_OBJECT, `PUT ${type}`)
  }
  refuses(t, await call('POST', IMPORTS), NO_OBJECT, 'POST without a content type')
  refuses(t, await call('POST', IMPORTS, { body: '' }), NO_OBJECT, 'POST of an empty body')
})

/** Returns the JSON text of a valid import with additional members. */
const withMore = (members: string) => `${JSON.stringify(LOCAL).slice(0, -1)},${members}}`
const bytes = (before: string, middle: number[], after: string) =>
  Buffer.concat([Buffer.from(before), Buffer.from(middle), Buffer.from(after)])
const inTitle = (...middle: number[]) => bytes(withMore('"title":"').slice(0, -1), middle, '"}')
const nested = (name: string, depth: number, [open, close] = ['[', ']']) =>
  withMore(`"${name}":${open?.repeat(depth)}${close?.repeat(depth)}`)

t.test('a body that is not a JSON object in UTF-8 is 400', async (t) => {
  const bodies: [name: string, body: string | Buffer, expected: { statusCode: number }][] = [
    ['an open brace', '{', NO_JSON],
    ['a space', ' ', NO_JSON],
    ['a word', 'undefined', NO_JSON],
    ['two values', '{}{}', NO_JSON],
    ['single quotes', "{'title':'x'}", NO_JSON],
    ['NaN', withMore('"title":NaN'), NO_JSON],
    ['a trailing comma', withMore(''), NO_JSON],
    ['a raw NUL', withMore('"title":"a\0b"'), NO_JSON],
    ['a raw line break', withMore('"title":"a\nb"'), NO_JSON],
    ['2 MiB of opening brackets', '['.repeat(2 * MIB), NO_JSON],
    ['UTF-16', Buffer.from(JSON.stringify(LOCAL), 'utf16le'), NO_JSON],
    ['an array', '[]', NO_OBJECT],
    ['an array of one import', JSON.stringify([LOCAL]), NO_OBJECT],
    ['null', 'null', NO_OBJECT],
    ['a string', '"github"', NO_OBJECT],
    ['a number', '5', NO_OBJECT],
    ['true', 'true', NO_OBJECT],
    ['the byte FF', inTitle(0xff), NO_UTF8],
    ['Latin-1', inTitle(0xe9), NO_UTF8],
    ['an overlong NUL', inTitle(0xc0, 0x80), NO_UTF8],
    ['a surrogate in UTF-8', inTitle(0xed, 0xa0, 0x80), NO_UTF8],
    ['a cut-off character', inTitle(0xf0, 0x9f, 0x98), NO_UTF8],
    ['beyond U+10FFFF', inTitle(0xf4, 0x90, 0x80, 0x80), NO_UTF8],
    ['the byte FF in an unknown property', bytes(withMore('"x":"').slice(0, -1), [0xff], '"}'), NO_UTF8],
  ]
  await storesNothing(t, async () => {
    for (const [name, body, expected] of bodies) {
      refuses(t, await call('POST', IMPORTS, { body }), expected, name)
      refuses(t, await call('PUT', `${IMPORTS}/1`, { body }), expected, `${name}, on a PUT`)
    }
  })
})

t.test('U+0000 and unpaired surrogates are 400 in a known property and ignored in an unknown one', async (t) => {
  const escapes = ['\\u0000', 'a\\u0000b', '\\ud800', 'a\\udc00b', '\\udc00\\ud800', '\\ud83d', '\\ud83d\\u0041']
  const fields = ['source_path', 'title', 'description']
  await storesNothing(t, async () => {
    for (const field of fields) {
      for (const text of escapes) {
        const body = withMore(`"${field}":"${text}"`)
        refuses(
          t,
          await call('POST', IMPORTS, { body }),
          validationErrorBody([`body.${field}`, UNSTORABLE]),
          `${field} ${text}`,
        )
      }
    }
    const type = withMore('"source_type":"local\\u0000"')
    refuses(
      t,
      await call('POST', IMPORTS, { body: type }),
      validationErrorBody(['body.source_type', NO_TYPE]),
      'source_type',
    )
  })
  for (const text of [...escapes, '\\\\u0000']) {
    creates(t, await call('POST', IMPORTS, { body: withMore(`"x":"${text}"`) }), {}, `${text} in an unknown property`)
  }
  creates(t, await call('POST', IMPORTS, { body: withMore('"\\u0000":1,"\\ud800":1') }), {}, 'unknown names')
  const pair = await call('POST', IMPORTS, { body: withMore('"title":"\\ud83d\\ude00 \\ufffe \\u0001"') })
  creates(
    t,
    pair,
    { title: '\u{1f600} \ufffe \u0001' },
    'a surrogate pair, a noncharacter and a control character are valid',
  )
  creates(
    t,
    await call('POST', IMPORTS, { body: `\ufeff${JSON.stringify(LOCAL)}` }),
    {},
    'a byte order mark is ignored',
  )
})

t.test('keys that could pollute a prototype are rejected at any depth', async (t) => {
  const members = ['"__proto__":{}', '"__proto__":null', '"x":{"__proto__":{"title":"y"}}', '"x":[{"__proto__":1}]']
  members.push(
    '"\\u005f_proto__":{}',
    '"constructor":{"prototype":{}}',
    '"x":{"constructor":{"prototype":{"title":1}}}',
  )
  await storesNothing(t, async () => {
    for (const member of members) {
      refuses(t, await call('POST', IMPORTS, { body: withMore(member) }), FORBIDDEN_KEY, member)
    }
  })
  for (const member of ['"constructor":"x"', '"constructor":{"a":1}', '"prototype":{}', '"toString":1']) {
    creates(t, await call('POST', IMPORTS, { body: withMore(member) }), {}, member)
  }
})

t.test('a body nested more than 32 levels deep is 400, and no depth crashes the process', async (t) => {
  creates(t, await call('POST', IMPORTS, { body: nested('x', 31) }), {}, '32 levels, including the body itself')
  const title = validationErrorBody(['body.title', 'must be a string or null'])
  refuses(t, await call('POST', IMPORTS, { body: nested('title', 31) }), title, '32 levels in a known property')
  for (const name of ['x', 'title']) {
    for (const depth of [32, 100, 100_000]) {
      refuses(t, await call('POST', IMPORTS, { body: nested(name, depth) }), TOO_DEEP, `${depth} arrays in ${name}`)
    }
    const objects = withMore(`"${name}":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)
    refuses(t, await call('POST', IMPORTS, { body: objects }), TOO_DEEP, `100000 objects in ${name}`)
  }
  refuses(t, await call('POST', IMPORTS, { body: '['.repeat(100_000) + ']'.repeat(100_000) }), TOO_DEEP, 'arrays alone')
})

t.test('unknown and read-only properties are ignored', async (t) => {
  const readOnly = {
    id: 5,
    neptun_user_id: STRANGER.userId,
    project_id: STRANGER.projectId,
    created_at: 'x',
    updated_at: 0,
  }
  const created = await call('POST', IMPORTS, { body: { ...LOCAL, ...readOnly, unknown: { a: [1] } } })
  creates(t, created, {}, 'create')
  const { id, created_at } = created.body.import
  t.not(id, readOnly.id, 'the service assigns the id')
  const changed = await call('PUT', `${IMPORTS}/${id}`, { body: { ...created.body.import, ...readOnly, title: 'new' } })
  const { updated_at } = changed.body.import ?? {}
  const expected = { ...created.body.import, title: 'new', updated_at }
  t.strictSame([changed.status, changed.body], [200, { import: expected }], 'change')
  t.ok(updated_at > created_at, 'the service sets updated_at')
  const atLeastOne = `must have at least one of ${Object.keys(UpdateImportBody.properties).join(', ')}`
  refuses(
    t,
    await call('PUT', `${IMPORTS}/${id}`, { body: readOnly }),
    validationErrorBody(['body', atLeastOne]),
    'only read-only properties',
  )
})

t.test('values in bodies are not coerced, and the query parameter "limit" must be plain digits', async (t) => {
  const text = 'must be a string or null'
  const values: [name: string, value: unknown, message: string][] = [
    ['title', 5, text],
    ['title', true, text],
    ['title', ['x'], text],
    ['title', {}, text],
    ['description', 0, text],
    ['description', false, text],
    ['source_path', null, 'must be a string'],
    ['source_path', 5, 'must be a string'],
    ['source_path', ['/srv'], 'must be a string'],
    ['source_type', 'LOCAL', NO_TYPE],
    ['source_type', ' local', NO_TYPE],
    ['source_type', '', NO_TYPE],
  ]
  await storesNothing(t, async () => {
    for (const [name, value, message] of values) {
      const body = { ...LOCAL, [name]: value }
      const expected = validationErrorBody([`body.${name}`, message])
      refuses(t, await call('POST', IMPORTS, { body }), expected, `${name} ${JSON.stringify(value)}`)
    }
  })
  for (const limit of ['0', '101', '-1', '1.0', '1e1', '0x1', '', '%201', 'true', '1&limit=2', '[1]']) {
    const expected = validationErrorBody(['query.limit', 'must be an integer from 1 to 100'])
    refuses(t, await call('GET', `${IMPORTS}?limit=${limit}`), expected, `limit ${limit}`)
  }
})

t.test('if a key occurs more than once in an object, the last value is used', async (t) => {
  const twice = '{"source_type":"github","source_path":"a b","source_type":"local","source_path":"/srv/app"}'
  creates(t, await call('POST', IMPORTS, { body: twice }), {}, 'the last value is stored, as in JSON.parse')
  const body = withMore('"source_type":"url"')
  refuses(
    t,
    await call('POST', IMPORTS, { body }),
    validationErrorBody(['body.source_path', 'must be an absolute http or https URL']),
    'the value that would be stored is validated',
  )
})

t.test('a request has a session only if it has exactly one well-formed cookie neptun-session', async (t) => {
  const { token } = OWNER
  const rejected: [name: string, ...headers: string[]][] = [
    ['no cookie'],
    ['an empty header', 'Cookie:'],
    ['another cookie', 'Cookie: a=b'],
    ['no value', 'Cookie: neptun-session'],
    ['an empty value', 'Cookie: neptun-session='],
    ['another letter case', `Cookie: Neptun-Session=${token}`],
    ['a prefix in its name', `Cookie: x-neptun-session=${token}`],
    ['a suffix in its name', `Cookie: neptun-session-x=${token}`],
    ['after a space instead of a semicolon', `Cookie: a=b neptun-session=${token}`],
    ['after a comma instead of a semicolon', `Cookie: a=b,neptun-session=${token}`],
    ['15 characters', `Cookie: neptun-session=${'a'.repeat(15)}`],
    ['4097 characters', `Cookie: neptun-session=${'a'.repeat(4097)}`],
    ['9 KB', `Cookie: neptun-session=${'a'.repeat(9 * 1024)}`],
    ['an unknown token', `Cookie: neptun-session=${'a'.repeat(43)}`],
    ['twice in one header', `Cookie: neptun-session=${token}; neptun-session=${'a'.repeat(43)}`],
    ['twice, the right one last', `Cookie: neptun-session=${'a'.repeat(43)}; neptun-session=${token}`],
    ['twice, once empty', `Cookie: neptun-session=; neptun-session=${token}`],
    ['twice, of the same value', `Cookie: neptun-session=${token};neptun-session=${token}`],
    ['in two headers', `Cookie: neptun-session=${'a'.repeat(43)}`, `Cookie: neptun-session=${token}`],
    ['in two headers, of the same value', SESSION, SESSION],
    ['twice, once in double quotes', `Cookie: neptun-session="${token}"; neptun-session=${token}`],
    ['one double quote', `Cookie: neptun-session="${token}`],
    ['two pairs of double quotes', `Cookie: neptun-session=""${token}""`],
    ['single quotes', `Cookie: neptun-session='${token}'`],
    ['percent-encoded', `Cookie: neptun-session=${token.replace('-', '%2D')}`],
    ['as another header', `Authorization: Bearer ${token}`],
  ]
  const characters = [
    ' ',
    '\t',
    '"',
    "'",
    '%',
    '%20',
    '%zz',
    '%00',
    '%3B',
    '+',
    '/',
    '=',
    '.',
    ',',
    '\\',
    '~',
    '<',
    '*',
    ':',
  ]
  characters.push('é', '\u{1f600}', '\x80')
  for (const char of characters) {
    rejected.push([`${JSON.stringify(char)} within the token`, `Cookie: neptun-session=your${char}session-cookie`])
    if (char.trim())
      rejected.push([`${JSON.stringify(char)} after the token`, `Cookie: neptun-session=${token}${char}`])
  }
  for (const [name, ...headers] of rejected) {
    refuses(t, await exchange(service, head('GET', `${IMPORTS}/1`, ...headers)), UNAUTHORIZED, name)
  }
  const accepted: [name: string, ...headers: string[]][] = [
    ['alone', SESSION],
    ['in double quotes', `Cookie: neptun-session="${token}"`],
    ['in double quotes beside others', `Cookie: a="b"; neptun-session="${token}" ; c=d`],
    ['a semicolon after it', `${SESSION};`],
    ['other cookies beside it', `Cookie: a=b; neptun-session=${token}; c=d`],
    ['no space after the semicolon', `Cookie: a=b;neptun-session=${token};c=d`],
    ['other cookies in separate headers', 'Cookie: a=b', SESSION, 'Cookie: c=d'],
    ['ill-formed cookies beside it', `Cookie: a="; =; ;; %zz=%zz; neptun-session=${token}; \u00e9=\u00e9`],
    ['one of a similar name beside it', `Cookie: x-neptun-session=foo; neptun-session=${token}; neptun-session-x=bar`],
    ['a large one beside it', `Cookie: a=${'a'.repeat(9 * 1024)}; neptun-session=${token}`],
    ['prototype keys beside it', `Cookie: __proto__=x; constructor=y; neptun-session=${token}`],
  ]
  for (const [name, ...headers] of accepted) {
    const response = await exchange(service, head('GET', `${IMPORTS}/2147483647`, ...headers))
    refuses(t, response, IMPORT_NOT_FOUND, name)
  }
})

t.test('a token may have any format that consists of cookie-octets', async (t) => {
  const octets = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index)).join('')
  const tokens: [name: string, token: string][] = [
    ['a sealed cookie', `Fe26.2*1*${'a9'.repeat(30)}*${'Zz_-'.repeat(20)}**${'0f'.repeat(100)}*~2`],
    ['a JWT', `${'eyJhbGciOiJIUzI1NiJ9'}.${'a'.repeat(100)}.${'b'.repeat(43)}`],
    ['base64', 'q83v+/q83v+/q83v+/q83v+/q80='],
    ['signed', `s:${'a'.repeat(32)}.${'b'.repeat(43)}`],
    ['percent-encoded', `s%3A${'a'.repeat(32)}.${'b'.repeat(43)}%2F`],
    ['every cookie-octet', octets.replaceAll(/[",;\\]/g, '')],
    ['16 characters', '0123456789.*!=:+'],
    ['4096 characters', 'x*.y'.repeat(1024)],
  ]
  for (const [name, token] of tokens) {
    for (const value of [token, `"${token}"`]) {
      const request = head('GET', `${IMPORTS}/2147483647`, `Cookie: a=b; neptun-session=${value}`)
      refuses(t, await exchange(service, request), UNAUTHORIZED, `${name}, without a session: ${value}`)
    }
    await createSession(sql, OWNER.userId, { token })
    for (const value of [token, `"${token}"`]) {
      const request = head('GET', `${IMPORTS}/2147483647`, `Cookie: a=b; neptun-session=${value}`)
      refuses(t, await exchange(service, request), IMPORT_NOT_FOUND, `${name}: ${value}`)
    }
  }
})

t.test('without a session, a known route returns 401, whatever is wrong with path, query and body', async (t) => {
  const requests: [
    name: string,
    method: string,
    path: string,
    options?: { body: string; headers?: Record<string, string> },
  ][] = [
    ['bad ids', 'GET', '/api/users/0/projects/x/resources/imports/1e3'],
    ['another user', 'GET', resources('/imports', STRANGER)],
    ['no such project', 'GET', '/api/users/1/projects/5/resources/imports'],
    ['a bad query', 'GET', `${IMPORTS}?limit=0&source_type=svn`],
    ['malformed percent-encoding', 'GET', '/api/users/%zz/projects/789/resources/imports'],
    ['malformed percent-encoding of an import', 'DELETE', `${IMPORTS}/%ff`],
    ['an id of 5000 digits', 'GET', `${IMPORTS}/${'9'.repeat(5000)}`],
    ['bad ids with a body', 'PUT', '/api/users/0/projects/x/resources/imports/%', { body: '{}' }],
    ['malformed JSON', 'POST', IMPORTS, { body: '{' }],
    ['malformed JSON on a DELETE', 'DELETE', `${IMPORTS}/1`, { body: '{' }],
    ['a prototype key', 'POST', IMPORTS, { body: '{"__proto__":1}' }],
    ['another content type', 'POST', IMPORTS, { body: 'x', headers: { 'content-type': 'text/plain' } }],
    ['a body of 3 MiB', 'POST', IMPORTS, { body: ' '.repeat(3 * MIB) }],
    ['a body of 3 MiB on a PUT', 'PUT', `${IMPORTS}/1`, { body: ' '.repeat(3 * MIB) }],
    ['no body', 'POST', IMPORTS],
  ]
  for (const token of [null, 'short', 'a'.repeat(43)]) {
    for (const [name, method, path, options] of requests) {
      refuses(t, await call(method, path, { token, ...options }), UNAUTHORIZED, `${name}, with ${token ?? 'no'} token`)
    }
  }
})

t.test('a 401 is sent before the body arrives', async (t) => {
  for (const cookie of [[], ['Cookie: neptun-session=short'], [`Cookie: neptun-session=${'a'.repeat(43)}`]]) {
    for (const length of ['Content-Length: 1000000', 'Transfer-Encoding: chunked']) {
      for (const [method, path] of [
        ['POST', IMPORTS],
        ['PUT', `${IMPORTS}/1`],
      ] as const) {
        const unfinished = head(method, path, ...cookie, JSON_TYPE, length)
        refuses(
          t,
          await exchange(service, unfinished),
          UNAUTHORIZED,
          `${method}, ${length}, ${cookie[0] ?? 'no cookie'}`,
        )
      }
    }
  }
})

t.test('invalid HTTP gets an error of the usual shape, and the connection is closed', async (t) => {
  const requests: [name: string, bytes: string | Uint8Array, expected: { statusCode: number }][] = [
    ['words', 'hello\r\n\r\n', NO_HTTP],
    ['a TLS handshake', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3), NO_HTTP],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', NO_HTTP],
    ['the version 9.9', head('GET', IMPORTS).replace('1.1', '9.9'), NO_HTTP],
    ['an unknown method', head('BREW', IMPORTS), ROUTE_NOT_FOUND],
    ['a method in lower case', head('get', IMPORTS), ROUTE_NOT_FOUND],
    ['CONNECT', head('CONNECT', 'example.com:443'), ROUTE_NOT_FOUND],
    ['HTTP/0.9', `GET ${IMPORTS}\r\n\r\n`, NO_HTTP],
    ['the version 0.9', head('GET', IMPORTS, SESSION).replace('1.1', '0.9'), NO_HTTP],
    ['the version 2.0', head('GET', IMPORTS, SESSION).replace('1.1', '2.0'), NO_HTTP],
    ['two Hosts', head('GET', IMPORTS, SESSION, 'Host: localhost'), NO_HTTP],
    ['two Hosts of HTTP/1.0', head('GET', IMPORTS, SESSION, 'HOST: other').replace('1.1', '1.0'), NO_HTTP],
    ['a Host with a path', head('GET', IMPORTS, SESSION).replace('localhost', 'localhost/x'), NO_HTTP],
    ['a Host with a user', head('GET', IMPORTS, SESSION).replace('localhost', 'a@localhost'), NO_HTTP],
    ['no Host', head('GET', IMPORTS).replace('Host: localhost\r\n', ''), NO_HTTP],
    ['a header without a colon', head('GET', IMPORTS, 'nope'), NO_HTTP],
    ['a NUL in a header', head('GET', IMPORTS, 'X-A: \0'), NO_HTTP],
    ['two lengths', head('POST', IMPORTS, 'Content-Length: 5', 'Content-Length: 6'), NO_HTTP],
    ['a length and chunks', head('POST', IMPORTS, 'Content-Length: 5', 'Transfer-Encoding: chunked'), NO_HTTP],
    ['a negative length', head('POST', IMPORTS, 'Content-Length: -1'), NO_HTTP],
    ['a bad chunk', `${head('POST', IMPORTS, SESSION, JSON_TYPE, 'Transfer-Encoding: chunked')}zz\r\n`, NO_HTTP],
    ['a cookie of 20 KB', head('GET', IMPORTS, `Cookie: a=${'a'.repeat(20 * 1024)}`), HEADERS_TOO_LARGE],
    ['headers of 20 KB', head('GET', IMPORTS, ...Array(200).fill(`X-A: ${'a'.repeat(95)}`)), HEADERS_TOO_LARGE],
    ['a path of 20 KB', head('GET', `${IMPORTS}/${'1'.repeat(20 * 1024)}`), HEADERS_TOO_LARGE],
  ]
  for (const [name, bytes, expected] of requests) refuses(t, await exchange(service, bytes), expected, name)
})

t.test('a chunked body without any bytes counts as no body, whatever its content type', async (t) => {
  const chunked = (method: string, chunks: string) =>
    exchange(
      service,
      `${head(method, `${IMPORTS}/4711`, SESSION, 'Content-Type: text/plain', 'Transfer-Encoding: chunked')}${chunks}0\r\n\r\n`,
    )
  refuses(t, await chunked('DELETE', ''), IMPORT_NOT_FOUND, 'no bytes')
  refuses(t, await chunked('DELETE', '1\r\nx\r\n'), UNSUPPORTED, 'one byte')
})

t.test('a client that disconnects in the middle of a body is not logged as a server error', async (t) => {
  const { url, log } = await startApp(t)
  log.length = 0
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const request = head('POST', IMPORTS, SESSION, JSON_TYPE, 'Content-Length: 1000', 'Expect: 100-continue')
  socket.write(`${request}{`)
  // The service sends 100 just before it reads the body.
  await once(socket, 'data')
  socket.destroy()
  const lines = () => log.map((line) => JSON.parse(line))
  await until(() => lines().some(({ msg }) => msg === 'request'), 'the request is logged')
  t.match(
    lines().filter(({ level }) => level > 20),
    [{ level: 40, msg: 'request', method: 'POST', status: 400, event: 'request_refused' }],
  )
})

t.test('HEAD of the list of imports has the headers of GET and no body', async (t) => {
  const get = await call('GET', IMPORTS)
  const head = await call('HEAD', IMPORTS)
  t.strictSame(
    [head.status, head.text, head.headers.get('content-type'), head.headers.get('content-length')],
    [200, '', 'application/json; charset=utf-8', String(Buffer.byteLength(get.text))],
  )
  const refused = await call('HEAD', IMPORTS, { token: null })
  t.strictSame([refused.status, refused.text], [401, ''])
})

t.test('no response repeats an invalid value', async (t) => {
  const mark = 'Mark-7f3a9c'
  const body = (fields: object) => ({ body: { ...LOCAL, ...fields } })
  const calls: [
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string>; token?: string },
  ][] = [
    ['GET', `/${mark}`],
    ['GET', `/api/users/${mark}/projects/789/resources/imports`],
    ['GET', `/api/users/1/projects/${mark}/resources/imports`],
    ['GET', `${IMPORTS}/${mark}`],
    ['GET', `${IMPORTS}/%zz${mark}`],
    ['GET', resources(`/${mark}`)],
    ['GET', `${IMPORTS}?limit=${mark}&source_type=${mark}&cursor=${mark}`],
    ['GET', `${IMPORTS}?limit=0&${mark}=1`],
    ['GET', IMPORTS, { token: mark.repeat(2) }],
    ['GET', IMPORTS, { headers: { cookie: `neptun-session=${mark}; ${mark}=${mark}` } }],
    ['POST', IMPORTS, { body: mark }],
    ['POST', IMPORTS, { body: `{"${mark}` }],
    ['POST', IMPORTS, { body: JSON.stringify(mark) }],
    ['POST', IMPORTS, { body: JSON.stringify([mark]) }],
    ['POST', IMPORTS, { body: mark, headers: { 'content-type': mark } }],
    ['POST', IMPORTS, { body: { [mark]: mark } }],
    ['POST', IMPORTS, body({ source_type: mark })],
    ['POST', IMPORTS, body({ source_path: { [mark]: mark } })],
    ['POST', IMPORTS, body({ source_path: `${mark}\0` })],
    ['POST', IMPORTS, body({ title: mark.repeat(30) })],
    ['POST', IMPORTS, body({ title: [mark] })],
    ['POST', IMPORTS, body({ title: `${mark}\ud800` })],
    ['POST', IMPORTS, body({ description: mark.repeat(1000) })],
    ['POST', IMPORTS, { body: `{"__proto__":"${mark}"}` }],
    ['PUT', `${IMPORTS}/2147483647`, { body: { [mark]: mark } }],
    ['PUT', `${IMPORTS}/2147483647`, { body: { title: mark } }],
  ]
  for (const source_type of ['github', 'gitlab', 'bitbucket', 'git', 'url']) {
    for (const source_path of [mark, `https://${mark}:${mark}@github.com/${mark}`, `${mark}/../${mark}?${mark}#`]) {
      calls.push(['POST', IMPORTS, body({ source_type, source_path })])
    }
  }
  calls.push(['POST', IMPORTS, body({ source_path: `file:///${mark}` })])
  for (const [method, path, options] of calls) {
    const { status, headers, text } = await call(method, path, options)
    const response = `${text}${JSON.stringify([...headers])}`
    t.ok(status >= 400 && status < 500, `${method} ${path} ${JSON.stringify(options ?? {}).slice(0, 80)}: ${status}`)
    t.notMatch(response.toLowerCase(), mark.toLowerCase(), 'the response does not contain the value')
  }
  const raw = await exchange(service, `${mark} /${mark} ${mark}\r\n\r\n`)
  t.strictSame(raw.body, NO_HTTP)
})

t.test('an unexpected error is a 500 without details, and is logged with its stack and request id', async (t) => {
  const broken = await startApp(t)
  const internal = errorBody(500, 'INTERNAL', 'Internal Server Error')
  refuses(t, await broken.call('GET', `${IMPORTS}/1`), IMPORT_NOT_FOUND, 'a request before the failure')
  await broken.sql('ALTER TABLE imports RENAME COLUMN project_id TO elsewhere')
  const calls: [method: string, path: string, options?: object][] = [
    ['GET', IMPORTS],
    ['GET', `${IMPORTS}/1`],
    ['POST', IMPORTS, { body: LOCAL }],
    ['PUT', `${IMPORTS}/1`, { body: LOCAL }],
    ['DELETE', `${IMPORTS}/1`],
  ]
  for (const [method, path, options] of calls) {
    refuses(t, await broken.call(method, path, options), internal, `${method} ${path}`)
  }
  const lines = () => broken.log.map((line) => JSON.parse(line))
  const requests = () => lines().filter(({ msg, status }) => msg === 'request' && status === 500)
  await until(() => requests().length === calls.length, 'every request is logged')
  for (const [index, { request_id, method }] of requests().entries()) {
    const errors = lines().filter((line) => line.request_id === request_id && line.level === 50)
    t.equal(method, calls[index]?.[0])
    t.strictSame(
      errors.map(({ msg, err }) => [msg, err.meta?.driverAdapterError.cause.originalCode ?? err.code]),
      [['Internal Server Error', '42703']],
      'the error is logged once, with the SQLSTATE',
    )
    t.match(errors[0]?.err.stack, /\n {4}at .*repository/, 'the error is logged with a stack')
  }
  await broken.sql('ALTER TABLE imports RENAME COLUMN elsewhere TO project_id')
  refuses(t, await broken.call('GET', `${IMPORTS}/1`), IMPORT_NOT_FOUND, 'a request after the repair')
  logsNoToken(t, broken)
})

t.test('session tokens are not logged', async (t) => {
  await until(() => service.log.some((line) => line.includes('"status":413')), 'the requests are logged')
  logsNoToken(t, service)
})

function logsNoToken(t: Test, { log }: TestApp) {
  const text = log.join('')
  for (const { token } of [OWNER, STRANGER]) {
    const hash = hashToken(token) as Buffer
    for (const secret of [token, hash.toString('hex'), hash.toString('base64')]) t.notOk(text.includes(secret))
  }
  t.notOk(text.includes('neptun-session='), 'no cookie is logged')
}

t.end()
