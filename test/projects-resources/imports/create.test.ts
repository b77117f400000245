import t from 'tap'
import { Import } from '../../../src/projects-resources/imports/schemas.js'
import { exampleOf, SOURCE_TYPES } from '../../../src/projects-resources/imports/source-path/index.js'
import { accessDeniedBody, resources, startApp, validationErrorBody } from '../../support/app.js'
import { UNSET } from '../../support/imports.js'

const shared = await startApp(t)

const imports = resources('/imports')
const TITLE_LENGTH: [string, string] = ['body.title', 'must have 1 to 255 characters']

t.test('POST creates an import and returns it with the current time', async (t) => {
  const { call, sql } = await shared.reset()
  const body = {
    source_type: 'github',
    source_path: 'username/repository',
    title: 'My GitHub Import',
    description: 'Importing from GitHub repository',
  }
  const now = async () => (await sql<{ now: Date }>(`SELECT date_trunc('milliseconds', now()) AS now`))[0]?.now as Date
  const before = await now()
  const response = await call('POST', imports, { body })
  const after = await now()
  t.equal(response.status, 201)
  t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  const { id, created_at, updated_at } = response.body.import
  const identity = { id, created_at, updated_at, neptun_user_id: 1, project_id: 789 }
  t.strictSame(response.body, { import: { ...UNSET, ...body, ...identity } })
  t.strictSame(Object.keys(response.body.import), Object.keys(Import.properties))
  t.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.equal(created_at, updated_at)
  t.ok(before <= new Date(created_at) && new Date(created_at) <= after, 'created_at is the time of the database')
  const rows = await sql('SELECT id, source_type, source_path, title, description, project_id FROM imports')
  t.strictSame(rows, [{ id, ...body, project_id: 789 }])
  t.strictSame((await call('GET', `${imports}/${id}`)).body, response.body)
})

t.test('title and description are null when unset; a description may be empty', async (t) => {
  const { call } = await shared.reset()
  for (const extra of [{}, { title: null, description: null }]) {
    const { body } = await call('POST', imports, { body: { source_type: 'local', source_path: 'folder', ...extra } })
    t.strictSame([body.import.title, body.import.description], [null, null])
  }
  const empty = await call('POST', imports, { body: { source_type: 'local', source_path: 'folder', description: '' } })
  t.equal(empty.body.import.description, '')
})

t.test('source_path is stored in the canonical form of its source_type', async (t) => {
  const { call } = await shared.reset()
  const table: [type: string, path: string, canonical: string][] = [
    ['github', 'https://github.com/UserName/Repository.git/', 'UserName/Repository'],
    ['github', 'git@github.com:username/repository.git', 'username/repository'],
    ['github', 'https://user@www.github.com/username/repository', 'username/repository'],
    ['gitlab', 'git@gitlab.com:group/sub/issues.git', 'group/sub/issues'],
    ['bitbucket', 'https://user@bitbucket.org/workspace/repo.git', 'workspace/repo'],
    ['git', 'https://org@dev.azure.com/org/project/_git/repo', 'https://org@dev.azure.com/org/project/_git/repo'],
    ['gitlab', 'https://gitlab.com/group/sub/project.git', 'group/sub/project'],
    ['bitbucket', 'git@bitbucket.org:workspace/repo.git', 'workspace/repo'],
    ['git', ' https://git.example.com/a/b.git ', 'https://git.example.com/a/b.git'],
    ['url', 'HTTP://Example.COM:80/a/../b?q=1#f', 'http://example.com/b?q=1#f'],
    ['local', ' C:\\Users\\me\\code ', 'C:\\Users\\me\\code'],
  ]
  for (const [source_type, source_path, canonical] of table) {
    const { status, body } = await call('POST', imports, { body: { source_type, source_path } })
    t.strictSame([status, body.import?.source_path], [201, canonical], source_path)
    t.strictSame((await call('GET', `${imports}/${body.import?.id}`)).body, body, `${source_path}: stored`)
  }
})

t.test('the example of each source type is in canonical form, and can be stored, filtered and changed', async (t) => {
  const { call, sql } = await shared.reset()
  await sql(`UPDATE github_installations SET account_name = $1`, [exampleOf('github').split('/')[0]])
  for (const source_type of SOURCE_TYPES) {
    const source = { source_type, source_path: exampleOf(source_type) }
    const created = await call('POST', imports, { body: source })
    t.equal(created.status, 201, source_type)
    t.match(created.body.import, source)
    const listed = await call('GET', `${imports}?source_type=${source_type}`)
    t.strictSame(listed.body, { imports: [created.body.import] })
    const other = await call('POST', imports, { body: { source_type: 'local', source_path: 'x' } })
    const one = `${imports}/${other.body.import.id}`
    const changed = await call('PUT', one, { body: source })
    t.equal(changed.status, 200, source_type)
    t.match(changed.body.import, source)
    t.equal((await call('DELETE', one)).status, 204)
  }
})

t.test('titles and descriptions round-trip byte for byte', async (t) => {
  const { call } = await shared.reset()
  const strings = [
    '👩‍👩‍👧‍👦 𝒳 🇩🇪',
    'مرحبا \u202Eabc\u202C',
    'e\u0301 vs \u00e9',
    `"quotes" 'single' \\ back\\slash \\u0000`,
    ' \t\n leading and trailing \r\n ',
    '\u0001\u001f\u007f\u0085\u2028\u2029\ufeff\ufffe\uffff',
    "Robert'); DROP TABLE imports;--",
    '%00 %s $x {{y}} $1 :name ?',
    '<script>alert(1)</script>&amp;',
  ]
  for (const [index, text] of strings.entries()) {
    const body = { source_type: 'local', source_path: 'x', title: text, description: text }
    const response = await call('POST', imports, { body })
    t.equal(response.status, 201)
    t.strictSame([response.body.import.title, response.body.import.description], [text, text], `text ${index}`)
    const stored = await call('GET', `${imports}/${response.body.import.id}`)
    t.strictSame(stored.text, response.text, `text ${index}: stored`)
  }
})

t.test('all validation errors of an import are reported, and nothing is stored', async (t) => {
  const { call, sql } = await shared.reset()
  const TYPE: [string, string] = ['body.source_type', `must be one of ${SOURCE_TYPES.join(', ')}`]
  const NUL = 'must not contain U+0000 or unpaired surrogates'
  const local = { source_type: 'local', source_path: 'x' }
  const table: [name: string, body: unknown, ...validationErrors: [string, string][]][] = [
    ['an empty object', {}, ['body.source_type', 'is required'], ['body.source_path', 'is required']],
    ['an unknown type', { ...local, source_type: 'svn' }, TYPE],
    ['a type in capitals', { ...local, source_type: 'GitHub' }, TYPE],
    ['a null type', { ...local, source_type: null }, TYPE],
    ['an empty path', { ...local, source_path: '' }, ['body.source_path', 'must have 1 to 2048 characters']],
    [
      'a long path',
      { ...local, source_path: 'a'.repeat(2049) },
      ['body.source_path', 'must have 1 to 2048 characters'],
    ],
    ['a path that is a number', { ...local, source_path: 5 }, ['body.source_path', 'must be a string']],
    ['an empty title', { ...local, title: '' }, TITLE_LENGTH],
    ['a long title', { ...local, title: 'a'.repeat(256) }, TITLE_LENGTH],
    ['a title that is a number', { ...local, title: 5 }, ['body.title', 'must be a string or null']],
    ['a title that is true', { ...local, title: true }, ['body.title', 'must be a string or null']],
    ['a title that is a list', { ...local, title: ['x'] }, ['body.title', 'must be a string or null']],
    ['NUL in a title', { ...local, title: 'a\0b' }, ['body.title', NUL]],
    ['half a surrogate pair', { ...local, title: '\ud83d' }, ['body.title', NUL]],
    ['NUL in a path', { ...local, source_path: 'a\0b' }, ['body.source_path', NUL]],
    [
      'a long description',
      { ...local, description: 'a'.repeat(10_001) },
      ['body.description', 'must have 0 to 10000 characters'],
    ],
    [
      'several validation errors at once',
      { source_type: 'svn', title: '', description: 5 },
      ['body.source_path', 'is required'],
      TYPE,
      TITLE_LENGTH,
      ['body.description', 'must be a string or null'],
    ],
  ]
  for (const [name, body, ...validationErrors] of table) {
    const response = await call('POST', imports, { body })
    t.strictSame([response.status, response.body], [400, validationErrorBody(...validationErrors)], name)
  }
  t.strictSame(await sql('SELECT id FROM imports'), [])
})

t.test('lengths are counted in code points, not in UTF-16 code units', async (t) => {
  const { call } = await shared.reset()
  const body = { source_type: 'local', source_path: 'x', title: '🦉'.repeat(255), description: '🦉'.repeat(10_000) }
  t.equal((await call('POST', imports, { body })).status, 201)
  const long = { ...body, title: '🦉'.repeat(256) }
  t.strictSame((await call('POST', imports, { body: long })).body, validationErrorBody(TITLE_LENGTH))
})

t.test('a source_path that does not have the format of its source_type is rejected with the reason', async (t) => {
  const { call } = await shared.reset()
  const table: [type: string, path: string, reason: string][] = [
    [
      'github',
      '../repository',
      'must name an owner of 1 to 39 letters and digits, with single hyphens and at most one _ between them',
    ],
    [
      'github',
      'https://github.com/owner/repo/tree/main',
      'must be the URL of the repository itself, not of something inside it',
    ],
    [
      'github',
      'https://user:token@github.com/owner/repo',
      'must not contain a password: source paths are stored in clear text',
    ],
    ['url', 'ftp://example.com/x', 'must be an absolute http or https URL'],
    ['git', 'owner/repo', 'must be a clone URL: https://host/path, ssh://user@host/path or user@host:path'],
  ]
  for (const [source_type, source_path, reason] of table) {
    const { status, body } = await call('POST', imports, { body: { source_type, source_path } })
    t.strictSame([status, body], [400, validationErrorBody(['body.source_path', reason])], source_path)
  }
})

t.test('read-only and unknown properties are ignored', async (t) => {
  const { call, sql } = await shared.reset()
  const body = {
    id: 4711,
    neptun_user_id: 2,
    project_id: 790,
    created_at: '2000-01-01T00:00:00.000Z',
    updated_at: null,
    import_count: 5,
    unknown: { deep: true },
    source_type: 'local',
    source_path: 'x',
  }
  const response = await call('POST', imports, { body })
  t.equal(response.status, 201)
  const { id, created_at, ...rest } = response.body.import
  t.not(id, 4711)
  t.not(created_at, body.created_at)
  t.strictSame(rest, {
    ...UNSET,
    source_type: 'local',
    source_path: 'x',
    updated_at: created_at,
    neptun_user_id: 1,
    project_id: 789,
  })
  t.strictSame(await sql('SELECT import_count FROM projects ORDER BY id'), [{ import_count: 1 }, { import_count: 0 }])
})

t.test(
  'in recorded mode, a github import requires an active installation of the user with access to all repositories',
  async (t) => {
    const { call, sql } = await shared.reset()
    await sql(`
    INSERT INTO github_installations
      (id, installation_id, account_name, repository_selection, suspended_at, neptun_user_id)
    VALUES
      (1, 1, 'chosen', 'selected', NULL, 1), (2, 2, 'suspended', 'all', now(), 1), (3, 3, 'foreign', 'all', NULL, 2)`)
    const post = (source_path: string) => call('POST', imports, { body: { source_type: 'github', source_path } })

    t.equal((await post('UserName/any')).status, 201, 'account names are case-insensitive')
    for (const owner of ['chosen', 'suspended', 'foreign', 'not-installed']) {
      const { status, body } = await post(`${owner}/repository`)
      t.strictSame([status, body], [403, accessDeniedBody(`${owner}/repository`)])
    }
    t.strictSame(await sql('SELECT source_path FROM imports'), [{ source_path: 'UserName/any' }])
  },
)
