import t from 'tap'
import { errorBody, resources, startApp, type TestApp, validationErrorBody } from '../../support/app.js'
import { UNSET } from '../../support/imports.js'

const IMPORTS = resources('/imports')
const PREVIEW = `${IMPORTS}/preview`
const LOCAL = { source_type: 'local', source_path: 'folder' }

const shared = await startApp(t)

/** Every row and counter that a create changes. */
const stored = async ({ sql }: TestApp) => [
  await sql('SELECT * FROM imports ORDER BY id'),
  await sql('SELECT * FROM projects ORDER BY id'),
]

t.test('a preview returns the import as it would be stored, without id and times, and creates nothing', async (t) => {
  const service = await shared.reset()
  const { call } = service
  const before = await stored(service)
  const body = {
    source_type: 'github',
    source_path: 'https://github.com/username/repository.git',
    title: 'Mine',
    id: 7,
  }
  const response = await call('POST', PREVIEW, { body })
  const expected = {
    ...UNSET,
    source_type: 'github',
    source_path: 'username/repository',
    title: 'Mine',
    neptun_user_id: 1,
    project_id: 789,
  }
  t.strictSame([response.status, response.body], [200, { import: expected, duplicates: [] }])
  t.equal(response.headers.get('etag'), null, 'a preview has no ETag, because nothing is stored')
  t.equal(response.headers.get('location'), null)
  t.strictSame(await stored(service), before)

  const created = await call('POST', IMPORTS, { body })
  const { id, created_at, updated_at, ...rest } = created.body.import
  t.strictSame(rest, expected, 'a create returns the same import')
  t.equal(id, 1, 'the preview did not use an id of the sequence')
})

t.test('a preview returns texts byte for byte', async (t) => {
  const { call } = await shared.reset()
  const texts = { title: '👩‍👩‍👧 "\\\u202eعربي', description: `e\u0301 \u{10ffff}${'x'.repeat(9000)}` }
  const { body } = await call('POST', PREVIEW, { body: { ...LOCAL, ...texts } })
  const ids = { neptun_user_id: 1, project_id: 789 }
  t.strictSame(body, { import: { ...UNSET, ...LOCAL, ...texts, ...ids }, duplicates: [] })
})

t.test('duplicates are the imports of the same source in this project, oldest first', async (t) => {
  const service = await shared.reset()
  const { sql, call } = service
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (791, 'another', 1)`)
  await sql(`
    INSERT INTO imports (id, source_type, source_path, project_id, neptun_user_id, created_at) VALUES
      (1, 'github', 'username/repository', 789, 1, '2025-01-03Z'),
      (2, 'github', 'UserName/Repository', 789, 1, '2025-01-01Z'),
      (3, 'github', 'username/repository', 789, 1, '2025-01-02Z'),
      (4, 'github', 'username/other', 789, 1, '2025-01-01Z'),
      (5, 'github', 'username/repository', 791, 1, '2025-01-01Z'),
      (6, 'github', 'username/repository', 790, 2, '2025-01-01Z'),
      (7, 'gitlab', 'username/repository', 789, 1, '2025-01-01Z'),
      (8, 'local', '/Folder', 789, 1, '2025-01-01Z'),
      (9, 'local', '/folder', 789, 1, '2025-01-01Z')`)
  const table: [source_type: string, source_path: string, duplicates: number[]][] = [
    ['github', 'username/repository', [2, 3, 1]],
    ['github', 'git@github.com:USERNAME/repository.git', [2, 3, 1]],
    ['github', 'username/third', []],
    ['gitlab', 'https://gitlab.com/username/repository', [7]],
    ['bitbucket', 'username/repository', []],
    ['local', ' /folder ', [9]],
  ]
  const before = await stored(service)
  for (const [source_type, source_path, duplicates] of table) {
    const { body } = await call('POST', PREVIEW, { body: { source_type, source_path } })
    t.strictSame(body.duplicates, duplicates, `${source_type} ${source_path}`)
  }
  t.strictSame(await stored(service), before)
})

t.test('a preview fails with the same error as a create', async (t) => {
  const service = await startApp(t, { MAX_PROJECT_BYTES: '300' })
  const { call, sql } = service
  const fails = async (error: string, what: string, body: unknown, path = IMPORTS, options = {}) => {
    const [created, previewed] = [
      await call('POST', path, { body, ...options }),
      await call('POST', `${path}/preview`, { body, ...options }),
    ]
    t.equal(`${created.status} ${created.body.code}`, error, `${what}: a create`)
    t.strictSame([previewed.status, previewed.body], [created.status, created.body], `${what}: a preview`)
    const type = 'content-type'
    t.equal(previewed.headers.get(type), created.headers.get(type))
  }
  const of = (userId: number, projectId: number) => resources('/imports', { userId, projectId, token: '' })
  const INVALID = '400 INVALID_REQUEST'
  const DENIED = '403 GITHUB_ACCESS_DENIED'
  const github = (source_path: string) => ({ source_type: 'github', source_path })
  await fails('401 UNAUTHORIZED', 'no session', LOCAL, IMPORTS, { token: null })
  await fails(INVALID, 'no body', undefined)
  await fails(INVALID, 'malformed JSON', '{')
  await fails(INVALID, 'not an object', [])
  await fails(INVALID, 'invalid fields', { source_type: 'svn', source_path: '', title: 5 })
  await fails(INVALID, 'a path of another type', { ...LOCAL, source_type: 'url' })
  await fails(INVALID, 'a URL inside a repository', github('https://github.com/o/r/tree/main'))
  const xml = { headers: { 'content-type': 'text/xml' } }
  await fails('415 UNSUPPORTED_MEDIA_TYPE', 'another content type', '<xml/>', IMPORTS, xml)
  const large = JSON.stringify({ ...LOCAL, description: 'x'.repeat(2 * 1024 * 1024) })
  await fails('413 PAYLOAD_TOO_LARGE', 'a body over the limit', large)
  const crossSite = { headers: { 'sec-fetch-site': 'cross-site' } }
  await fails('403 CROSS_SITE_REQUEST', 'another site', LOCAL, IMPORTS, crossSite)
  await fails(INVALID, 'an invalid id', LOCAL, resources('/imports').replace('789', '01'))
  await fails('403 USER_MISMATCH', 'another user', LOCAL, of(2, 790))
  await fails('404 PROJECT_NOT_FOUND', "another user's project", LOCAL, of(1, 790))
  await fails(DENIED, 'no access to the repository', github('not-installed/x'))
  t.equal((await call('POST', IMPORTS, { body: LOCAL })).status, 201)
  const before = await stored(service)
  await fails('409 PROJECT_FULL', 'a full project', LOCAL)
  t.strictSame(await stored(service), before)
  await sql(`UPDATE github_installations SET suspended_at = now()`)
  await fails(DENIED, 'a suspended installation', github('username/x'))
})

t.test('concurrent previews and creates of one project succeed, and only the creates are stored', async (t) => {
  const { call, sql } = await shared.reset()
  const calls = Array.from({ length: 20 }, (_, index) =>
    call('POST', index % 2 === 0 ? IMPORTS : PREVIEW, { body: { ...LOCAL, title: `${index}` } }),
  )
  const statuses = (await Promise.all(calls)).map(({ status }) => status)
  t.strictSame(
    statuses,
    Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 201 : 200)),
  )
  const titles = (await sql('SELECT title FROM imports')).map(({ title }) => Number(title))
  t.strictSame(
    titles.sort((one, other) => one - other),
    [0, 2, 4, 6, 8, 10, 12, 14, 16, 18],
  )
})

t.test('"preview" is not an import id: GET, HEAD, PUT and DELETE are 400, PATCH and OPTIONS are 404', async (t) => {
  const { call } = await shared.reset()
  const noId = validationErrorBody(['path.import_id', 'must be an integer from 1 to 2147483647'])
  t.strictSame((await call('GET', PREVIEW)).body, noId)
  t.equal((await call('HEAD', PREVIEW)).status, 400)
  t.strictSame((await call('PUT', PREVIEW, { body: { title: 'x' } })).body, noId)
  t.strictSame((await call('DELETE', PREVIEW)).body, noId)
  for (const method of ['PATCH', 'OPTIONS']) {
    t.strictSame((await call(method, PREVIEW)).body, errorBody(404, 'ROUTE_NOT_FOUND', 'Route not found'))
  }
})

t.test('the query parameter dry_run is unknown, and is ignored', async (t) => {
  const { call, sql } = await shared.reset()
  for (const query of ['?dry_run=true', '?dry_run=maybe', '?dry_run']) {
    const created = await call('POST', IMPORTS + query, { body: LOCAL })
    t.strictSame([created.status, Object.keys(created.body)], [201, ['import']], query)
    const one = `${IMPORTS}/${created.body.import.id}${query}`
    const changed = await call('PUT', one, { body: { title: query } })
    t.strictSame([changed.status, Object.keys(changed.body), changed.body.import.title], [200, ['import'], query])
  }
  t.equal((await sql('SELECT FROM imports WHERE title IS NOT NULL')).length, 3)
})
