import t from 'tap'
import {
  errorBody,
  OWNER,
  paginate,
  readPages,
  resources,
  STRANGER,
  startApp,
  validationErrorBody,
} from '../../support/app.js'
import { isConditional } from '../../support/conditional.js'
import { race } from '../../support/race.js'

const shared = await startApp(t)

const FILES = resources('/files')
const NOT_FOUND = errorBody(404, 'FILE_NOT_FOUND', 'File not found')
const NUL = 'must not contain U+0000 or unpaired surrogates'
const MAX_TEXT = 1024 * 1024

const FILE = {
  title: 'Dockerfile',
  original_path: 'docker/Dockerfile',
  context_file_category: 'container',
  context_file_type: 'dockerfile',
  text: 'FROM node:20-slim\n',
  language: 'dockerfile',
  extension: 'Dockerfile',
}
const { language: _language, extension: _extension, ...REQUIRED } = FILE

const create = (fields: object = {}) => shared.call('POST', FILES, { body: { ...FILE, ...fields } })

async function createOne(fields: object = {}) {
  const { body, headers } = await create(fields)
  return { one: `${FILES}/${body.file.id}`, created: body.file, etag: headers.get('etag') ?? '' }
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of any shape
const titlesOf = ({ body }: { body: any }): string[] => body.files.map(({ title }: { title: string }) => title)

/** Inserts files directly, with their numbers as titles. */
const writeFiles = (count: number, text: string) =>
  shared.sql(
    `INSERT INTO context_files (title, original_path, context_file_category, context_file_type, text, created_at,
       neptun_user_id, project_id)
     SELECT n::text, 'p', CASE n % 2 WHEN 0 THEN 'even' ELSE 'odd' END, CASE n % 3 WHEN 0 THEN 'third' ELSE 'other' END, $2,
       timestamptz '2025-01-01' + interval '1 ms' * (n / 7), 1, 789
     FROM generate_series(1, $1::integer) n`,
    [count, text],
  )

/** Returns the titles of the `count` files of writeFiles(), without those for which `isListed` returns false. */
const numbers = (count: number, isListed = (_: number) => true) =>
  Array.from({ length: count }, (_, index) => index + 1)
    .filter(isListed)
    .map(String)

t.test('POST creates a file and returns it with Location and ETag; GET returns the same', async (t) => {
  const { call, url } = await shared.reset()
  const response = await create()
  t.equal(response.status, 201)
  const { id, created_at, updated_at } = response.body.file
  t.strictSame(response.body, { file: { id, ...FILE, created_at, updated_at, neptun_user_id: 1, project_id: 789 } })
  t.strictSame(Object.keys(response.body.file), [
    'id',
    'title',
    'original_path',
    'context_file_category',
    'context_file_type',
    'text',
    'language',
    'extension',
    'created_at',
    'updated_at',
    'neptun_user_id',
    'project_id',
  ])
  t.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.equal(created_at, updated_at)
  t.equal(new URL(response.headers.get('location') ?? '', url + FILES).pathname, `${FILES}/${id}`)
  const read = await call('GET', `${FILES}/${id}`)
  t.strictSame([read.status, read.body], [200, response.body])
  t.equal(read.headers.get('etag'), response.headers.get('etag'))
  t.strictSame((await call('GET', `${FILES}/77`)).body, NOT_FOUND)
})

t.test('language and extension are null when unset', async (t) => {
  await shared.reset()
  for (const extra of [{}, { language: null, extension: null }]) {
    const { body } = await shared.call('POST', FILES, { body: { ...REQUIRED, ...extra } })
    t.strictSame([body.file.language, body.file.extension], [null, null])
  }
})

t.test('all validation errors of a file are reported, and nothing is stored', async (t) => {
  const { call, sql } = await shared.reset()
  const pattern = 'must match ^[A-Za-z0-9._-]*$'
  const table: [fields: object, ...validationErrors: [string, string][]][] = [
    [{ title: '' }, ['body.title', 'must have 1 to 255 characters']],
    [{ title: null }, ['body.title', 'must be a string']],
    [{ original_path: 'a'.repeat(2049) }, ['body.original_path', 'must have 1 to 2048 characters']],
    [{ original_path: 'a\0' }, ['body.original_path', NUL]],
    [{ context_file_category: '' }, ['body.context_file_category', 'must have 1 to 64 characters']],
    [{ context_file_category: 'a b' }, ['body.context_file_category', pattern]],
    [{ context_file_type: 'ä' }, ['body.context_file_type', pattern]],
    [{ context_file_type: 'a'.repeat(65) }, ['body.context_file_type', 'must have 1 to 64 characters']],
    [{ text: 5 }, ['body.text', 'must be a string']],
    [{ text: 'é'.repeat(MAX_TEXT / 2 + 1) }, ['body.text', 'must have at most 1048576 bytes in UTF-8']],
    [{ language: '' }, ['body.language', 'must have 1 to 64 characters']],
    [{ extension: 'a/b' }, ['body.extension', 'must match ^[A-Za-z0-9.+_-]*$']],
    [{ extension: 5 }, ['body.extension', 'must be a string or null']],
  ]
  for (const [fields, ...validationErrors] of table) {
    const response = await create(fields)
    t.strictSame(
      [response.status, response.body],
      [400, validationErrorBody(...validationErrors)],
      JSON.stringify(fields).slice(0, 60),
    )
  }
  const missing = await call('POST', FILES, { body: {} })
  const required = Object.keys(REQUIRED).map((name): [string, string] => [`body.${name}`, 'is required'])
  t.strictSame(missing.body, validationErrorBody(...required))
  t.strictSame(await sql('SELECT id FROM context_files'), [])
})

t.test('the text of a file of 1 MiB round-trips byte for byte', async (t) => {
  const { call } = await shared.reset()
  const units = '"\\\n🎉\u0001é\u2028'.repeat(80_000)
  const text = units + 'x'.repeat(MAX_TEXT - Buffer.byteLength(units))
  const { one, created } = await createOne({ text })
  t.ok(created.text === text, 'POST')
  t.ok((await call('GET', one)).body.file.text === text, 'GET')
  t.ok((await call('PUT', one, { body: { title: 'x' } })).body.file.text === text, 'PUT')
  const head = await call('HEAD', one)
  t.strictSame([head.status, head.text], [200, ''])
})

t.test('the list of files is oldest first and can be filtered by category, type or both', async (t) => {
  const { call } = await shared.reset()
  t.equal((await call('GET', FILES)).text, '{"files":[]}')
  await create({ title: 'a', context_file_category: 'one', context_file_type: 'x' })
  await create({ title: 'b', context_file_category: 'one', context_file_type: 'y' })
  await create({ title: 'c', context_file_category: 'two', context_file_type: 'x' })
  const list = async (query: string) => titlesOf(await call('GET', FILES + query))
  t.strictSame(await list(''), ['a', 'b', 'c'])
  t.strictSame(await list('?context_file_category=one'), ['a', 'b'])
  t.strictSame(await list('?context_file_type=x'), ['a', 'c'])
  t.strictSame(await list('?context_file_category=one&context_file_type=y'), ['b'])
  t.strictSame(await list('?context_file_category=ONE'), [])
  t.strictSame(await list('?context_file_type=x&limit=1'), ['a'])
  t.strictSame(
    (await call('GET', `${FILES}?context_file_category=a%20b&context_file_type=`)).body,
    validationErrorBody(
      ['query.context_file_category', 'must match ^[A-Za-z0-9._-]*$'],
      ['query.context_file_type', 'must have 1 to 64 characters'],
    ),
  )
  const twice = await call('GET', `${FILES}?context_file_type=x&context_file_type=y`)
  t.strictSame(twice.body, validationErrorBody(['query.context_file_type', 'must be a string']))
})

t.test('small and streamed lists of files are complete, and so are their pages', async (t) => {
  for (const [total, text] of [
    [53, ''],
    [53, 'x'.repeat(3000)],
    [13, '\u0001'.repeat(33_000)],
  ] as const) {
    const service = await shared.reset()
    const { call } = service
    await writeFiles(total, text)
    const whole = await call('GET', FILES)
    t.strictSame(titlesOf(whole), numbers(total), `${text.length} characters`)
    t.ok(whole.body.files.every((file: { text: string }) => file.text === text))
    const odd = await call('GET', `${FILES}?context_file_category=odd&context_file_type=third`)
    t.strictSame(
      titlesOf(odd),
      numbers(total, (n) => n % 2 === 1 && n % 3 === 0),
    )
    for (const limit of [5, total, 100]) {
      const pages = await readPages(service, `${FILES}?limit=${limit}`)
      t.strictSame(pages.map(titlesOf), paginate(numbers(total), limit), `limit=${limit}`)
    }
    const oddPages = await readPages(service, `${FILES}?context_file_category=odd&limit=4`)
    const oddNumbers = numbers(total, (n) => n % 2 === 1)
    t.strictSame(oddPages.map(titlesOf), paginate(oddNumbers, 4), 'pages of a filtered list')
  }
})

t.test('an invalid cursor, or a cursor without a limit, is rejected with 400', async (t) => {
  const { call } = await shared.reset()
  t.strictSame(
    (await call('GET', `${FILES}?cursor=nonsense`)).body,
    validationErrorBody(['query.cursor', 'is not a cursor of this list'], ['query.limit', 'is required with a cursor']),
  )
})

t.test('conditional reads work for a file, a list, a streamed list and a page', async (t) => {
  const service = await shared.reset()
  await isConditional(t, service, FILES)
  const { one } = await createOne()
  for (const path of [one, FILES, `${FILES}?limit=1`, `${FILES}?context_file_type=x`]) {
    await isConditional(t, service, path)
  }
  const large = await createOne({ text: '\u0001'.repeat(100_000) })
  for (const path of [large.one, FILES, `${FILES}?limit=1`]) await isConditional(t, service, path)
})

t.test(
  'PUT of a file changes only the fields in the body, ignores read-only ones, and requires at least one',
  async (t) => {
    const { call } = await shared.reset()
    const { one, created } = await createOne()
    const table: [body: object, expected: object][] = [
      [{ title: 'new' }, { title: 'new' }],
      [{ text: '' }, { text: '' }],
      [{ language: null }, { language: null }],
      [
        { extension: null, original_path: 'x' },
        { extension: null, original_path: 'x' },
      ],
      [
        {
          title: null,
          original_path: null,
          context_file_category: null,
          context_file_type: null,
          text: null,
          language: 'c',
        },
        { language: 'c' },
      ],
      [
        { ...created, context_file_category: 'b', id: 7, project_id: 790, updated_at: 'x' },
        { ...FILE, context_file_category: 'b' },
      ],
    ]
    let current = created
    for (const [body, expected] of table) {
      const response = await call('PUT', one, { body })
      t.equal(response.status, 200)
      t.strictSame(response.body.file, { ...current, ...expected, updated_at: response.body.file.updated_at })
      t.ok(response.body.file.updated_at > current.updated_at, 'updated_at increases')
      t.strictSame((await call('GET', one)).body, response.body, 'the change is stored')
      current = response.body.file
    }
    const NAMES = 'title, original_path, context_file_category, context_file_type, text, language, extension'
    for (const body of [{}, { id: 5 }, { title: null, text: null }]) {
      t.strictSame(
        (await call('PUT', one, { body })).body,
        validationErrorBody(['body', `must have at least one of ${NAMES}`]),
      )
    }
    t.strictSame(
      (await call('PUT', one, { body: { title: '', text: 'é'.repeat(MAX_TEXT / 2 + 1) } })).body,
      validationErrorBody(
        ['body.title', 'must have 1 to 255 characters'],
        ['body.text', 'must have at most 1048576 bytes in UTF-8'],
      ),
    )
    t.strictSame((await call('PUT', `${FILES}/77`, { body: { title: 'x' } })).body, NOT_FOUND)
  },
)

t.test('DELETE removes one file, and only the first of concurrent requests succeeds', async (t) => {
  const { call } = await shared.reset()
  const { one } = await createOne()
  const { one: other } = await createOne({ title: 'other' })
  const deleted = await call('DELETE', one)
  t.strictSame([deleted.status, deleted.text], [204, ''])
  t.strictSame((await call('DELETE', one)).body, NOT_FOUND)
  t.strictSame((await call('PUT', one, { body: { title: 'x' } })).body, NOT_FOUND)
  t.strictSame(titlesOf(await call('GET', FILES)), ['other'])
  const many = await Promise.all(Array.from({ length: 10 }, () => call('DELETE', other)))
  t.strictSame(many.map(({ status }) => status).sort(), [204, ...Array(9).fill(404)])
})

t.test('PUT and DELETE of a file evaluate If-Match and If-None-Match', async (t) => {
  const { call } = await shared.reset()
  const { one, created, etag } = await createOne()
  const CHANGED = errorBody(412, 'PRECONDITION_FAILED', 'The object has changed since it was read')
  const put = (headers: Record<string, string>) => call('PUT', one, { body: { title: 'changed' }, headers })
  const remove = (headers: Record<string, string>) => call('DELETE', one, { headers })
  t.equal(etag, `"${created.updated_at}"`)
  for (const headers of [
    { 'if-match': '"other"' },
    { 'if-match': etag, 'if-none-match': '*' },
    { 'if-none-match': etag },
  ]) {
    t.strictSame([(await put(headers)).status, (await remove(headers)).status], [412, 412], JSON.stringify(headers))
  }
  t.strictSame((await call('GET', one)).body.file, created, 'nothing was changed')
  const changed = await put({ 'if-match': `"other", W/${etag}` })
  t.strictSame([changed.status, changed.body.file.title], [200, 'changed'])
  t.strictSame((await put({ 'if-match': etag })).body, CHANGED)
  t.strictSame((await remove({ 'if-match': etag })).body, CHANGED)
  t.equal((await put({ 'if-match': '*', 'if-none-match': '"other"' })).status, 200)
  t.equal((await remove({ 'if-match': '*' })).status, 204)
  t.strictSame((await remove({ 'if-match': '*' })).body, NOT_FOUND)
})

t.test('of two concurrent writes of a file with the same If-Match, one succeeds', async (t) => {
  for (const other of ['PUT', 'DELETE']) {
    await shared.reset()
    const { one, created, etag } = await createOne()
    const headers = { 'if-match': etag }
    const lock = `SELECT FROM context_files WHERE id = ${created.id} FOR UPDATE`
    const responses = await race(t, shared, lock, [
      () => shared.call('PUT', one, { body: { title: 'one' }, headers }),
      () => shared.call(other, one, { ...(other === 'PUT' && { body: { title: 'other' } }), headers }),
    ])
    const failed = responses.filter(({ status }) => status >= 300)
    t.equal(failed.length, 1, `PUT and ${other}`)
    t.ok([404, 412].includes(failed[0]?.status ?? 0))
  }
})

t.test('a file belongs to one project, and is deleted with it', async (t) => {
  const { call, sql } = await shared.reset()
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (791, 'third', 1)`)
  const { created } = await createOne()
  const elsewhere = [
    [resources(`/files/${created.id}`, { ...OWNER, projectId: 791 }), OWNER.token],
    [resources(`/files/${created.id}`, STRANGER), STRANGER.token],
  ] as const
  for (const [path, token] of elsewhere) {
    t.strictSame((await call('GET', path, { token })).body, NOT_FOUND)
    t.strictSame((await call('PUT', path, { token, body: { title: 'x' } })).body, NOT_FOUND)
    t.strictSame((await call('DELETE', path, { token })).body, NOT_FOUND)
  }
  await sql('DELETE FROM projects WHERE id = 789')
  t.strictSame(await sql('SELECT id FROM context_files'), [])
})
