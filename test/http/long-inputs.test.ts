import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { findExcess } from '../../src/http/json-limits.js'
import { SOURCE_TYPES } from '../../src/projects-resources/imports/source-path/index.js'
import { OWNER, resources, startApp, validationErrorBody } from '../support/app.js'
import { toChunk } from '../support/raw.js'

const shared = await startApp(t)
const IMPORTS = resources('/imports')
const LOCAL = '"source_type":"local","source_path":"/srv"'
const TOO_MANY = 'must not have more than 10000 values'

t.test('a JSON text of more than 10000 values or 32 levels is detected without parsing it', async (t) => {
  const excessOf = (text: string) => findExcess(Buffer.from(text))
  const accepted = [
    '',
    '{}',
    'null',
    `[${'1,'.repeat(9_999)}1]`,
    `{"a":"${',[{'.repeat(20_000)}"}`,
    `{"a":"${'\\"'.repeat(20_000)},"}`,
    `{"${'\\\\'.repeat(20_000)}":","}`,
    `{"a":"\\\\","b":"${','.repeat(20_000)}"}`,
    `${'['.repeat(32)}${']'.repeat(32)}`,
    `[${'[],'.repeat(5_000)}[]]`,
    ','.repeat(9_999),
    '"unfinished \\',
  ]
  for (const text of accepted) t.equal(excessOf(text), undefined, text.slice(0, 30))
  const rejected: [text: string, excess: string][] = [
    [`[${'1,'.repeat(10_000)}1]`, TOO_MANY],
    [`{${'"a":1,'.repeat(10_000)}"a":1}`, TOO_MANY],
    [`{"a":"\\\\",${'"a":1,'.repeat(10_000)}"a":1}`, TOO_MANY],
    [`{"a":[${'"",'.repeat(10_000)}""]}`, TOO_MANY],
    [`${'['.repeat(33)}${']'.repeat(33)}`, 'is nested too deeply'],
    [`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, 'is nested too deeply'],
    ['['.repeat(1000), 'must be valid JSON'],
    [`["${'a'.repeat(10)}${'",'.repeat(20_001)}`, 'must be valid JSON'],
  ]
  for (const [text, excess] of rejected) t.equal(excessOf(text), excess, text.slice(0, 30))
})

t.test('a body with too many values or levels is 400, and nothing is stored', async (t) => {
  const { call, sql } = await shared.reset()
  const distinct = Array.from({ length: 10_001 }, (_, index) => `"k${index}":1`).join()
  const bodies: [name: string, body: string, message: string][] = [
    ['distinct keys', `{${LOCAL},${distinct}}`, TOO_MANY],
    ['a repeated key', `{${'"a":1,'.repeat(300_000)}${LOCAL}}`, TOO_MANY],
    ['an array', `{${LOCAL},"a":[${'1,'.repeat(900_000)}1]}`, TOO_MANY],
    ['objects', `{${LOCAL},"a":[${'{},'.repeat(600_000)}{}]}`, TOO_MANY],
    ['a deep array', `{${LOCAL},"a":${'['.repeat(900_000)}${']'.repeat(900_000)}}`, 'is nested too deeply'],
  ]
  for (const [name, body, message] of bodies) {
    t.same((await call('POST', IMPORTS, { body })).body, validationErrorBody(['body', message]), name)
  }
  t.same(await sql('SELECT id FROM imports'), [])
})

t.test('a body with almost 10000 values, and numbers of any length, are accepted', async (t) => {
  const { call } = await shared.reset()
  const distinct = Array.from({ length: 9_990 }, (_, index) => `"k${index}":1`).join()
  for (const more of [
    distinct,
    `"a":${'9'.repeat(1_000_000)}`,
    `"a":1e${'9'.repeat(1_000_000)}`,
    `"a":0.${'0'.repeat(1_000_000)}1`,
  ]) {
    const response = await call('POST', IMPORTS, { body: `{${more},${LOCAL}}` })
    t.equal(response.status, 201, more.slice(0, 20))
  }
})

t.test(
  'rules beyond the schema are checked for every field that passes the schema, even if other fields are invalid',
  async (t) => {
    const { call } = await shared.reset()
    const long = `http://a${'\u0301\u0316'.repeat(100_000)}`
    const title: [string, string] = ['body.title', 'must have 1 to 255 characters']
    const table: [body: object, ...validationErrors: [string, string][]][] = [
      [{ source_type: 'url', source_path: long }, ['body.source_path', 'must have 1 to 2048 characters']],
      [
        { source_type: 'url', source_path: long, title: '' },
        ['body.source_path', 'must have 1 to 2048 characters'],
        title,
      ],
      [
        { source_type: 'url', source_path: 'x', title: '' },
        title,
        ['body.source_path', 'must be an absolute http or https URL'],
      ],
      [{ source_type: 'svn', source_path: 'x', title: '' }, ['body.source_type', TYPES], title],
    ]
    for (const [body, ...validationErrors] of table) {
      const sort = (errors: object[]) => errors.map((error) => JSON.stringify(error)).sort()
      const response = await call('POST', IMPORTS, { body })
      t.equal(response.status, 400)
      t.same(sort(response.body.errors), sort(validationErrorBody(...validationErrors).errors))
    }
    const cursor = await call('GET', `${IMPORTS}?cursor=${'a'.repeat(65)}`)
    t.same(
      cursor.body,
      validationErrorBody(
        ['query.cursor', 'must have 1 to 64 characters'],
        ['query.limit', 'is required with a cursor'],
      ),
    )
    const text = '🦊'.repeat(262_145)
    const file = { title: '', text, language: 'x', extension: 'x' }
    t.same(
      (await call('POST', resources('/user-files'), { body: file })).body,
      validationErrorBody(title, ['body.text', 'must have at most 1048576 bytes in UTF-8']),
    )
  },
)

const TYPES = `must be one of ${SOURCE_TYPES.join(', ')}`

t.test('a chunked body is read completely, whatever the size of its chunks, and is 413 over the limit', async (t) => {
  const { url, sql } = await shared.reset()
  const post = async (text: string, size: number) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => {})
    let response = ''
    socket.on('data', (bytes) => (response += bytes))
    const headers = [
      'Host: x',
      'Connection: close',
      `Cookie: neptun-session=${OWNER.token}`,
      'Content-Type: application/json',
    ]
    socket.write(`POST ${IMPORTS} HTTP/1.1\r\n${headers.join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\n`)
    const chunks = [...text.matchAll(new RegExp(`[^]{1,${size}}`, 'g'))].map(([part]) => toChunk(part))
    socket.write(`${chunks.join('')}0\r\n\r\n`)
    await once(socket, 'close')
    return response
  }
  const titled = (length: number) => `{${LOCAL},"description":"${'d'.repeat(length)}"}`
  for (const size of [1, 7, 16_383, 16_384, 16_385, 100_000]) {
    const response = await post(titled(10_000) + ' '.repeat(size === 1 ? 20_000 : 200_000), size)
    t.match(response, /^HTTP\/1\.1 201 /, `chunks of ${size} bytes`)
  }
  t.equal((await sql(`SELECT FROM imports WHERE description = repeat('d', 10000)`)).length, 6)
  for (const size of [512, 100_000]) {
    const response = await post(titled(10) + ' '.repeat(2 * 1024 * 1024), size)
    t.match(response, /^HTTP\/1\.1 413 [\s\S]*PAYLOAD_TOO_LARGE/, `over the limit, in chunks of ${size} bytes`)
  }
})
