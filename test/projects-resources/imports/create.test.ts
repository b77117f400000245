import t from 'tap'
import { errorBody, faultBody, resources, startApp } from '../../support/app.js'

/** One service for all; each test begins with its tables as they were. */
const shared = await startApp(t)

const imports = resources('/imports')

t.test('POST stores an import and returns all of it', async (t) => {
  const { call, sql } = await shared.reset()
  const body = {
    source_type: 'github',
    source_path: 'username/repository',
    title: 'My GitHub Import',
    description: 'Importing from GitHub repository',
  }
  const response = await call('POST', imports, { body })
  t.equal(response.status, 201)
  t.match(response.headers.get('content-type'), 'application/json; charset=utf-8')
  const { id, created_at, updated_at } = response.body.import
  t.strictSame(response.body, { import: { id, ...body, created_at, updated_at, neptun_user_id: 1, project_id: 789 } })
  t.strictSame(Object.keys(response.body.import), [
    'id',
    'source_type',
    'source_path',
    'title',
    'description',
    'created_at',
    'updated_at',
    'neptun_user_id',
    'project_id',
  ])
  t.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.equal(created_at, updated_at)
  const age = Date.now() - Date.parse(created_at)
  t.ok(age > -1000 && age < 60_000, 'it was now')
  const [row] = await sql(
    'SELECT source_type, source_path, title, description, project_id FROM imports WHERE id = $1',
    [id],
  )
  t.strictSame(row, { ...body, project_id: 789 })
  t.strictSame((await call('GET', `${imports}/${id}`)).body, response.body)
})

t.test('a title or description that is not given is null', async (t) => {
  const { call } = await shared.reset()
  for (const extra of [{}, { title: null, description: null }]) {
    const { body } = await call('POST', imports, { body: { source_type: 'local', source_path: 'folder', ...extra } })
    t.strictSame([body.import.title, body.import.description], [null, null])
  }
  const empty = await call('POST', imports, { body: { source_type: 'local', source_path: 'folder', description: '' } })
  t.equal(empty.body.import.description, '', 'a description may be empty')
})

t.test('each source type stores its canonical form', async (t) => {
  const { call } = await shared.reset()
  const table: [type: string, given: string, stored: string][] = [
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
  for (const [source_type, source_path, stored] of table) {
    const { status, body } = await call('POST', imports, { body: { source_type, source_path } })
    t.equal(status, 201, source_path)
    t.equal(body.import.source_path, stored)
  }
})

t.test('strings come back byte for byte', async (t) => {
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
    t.strictSame([response.body.import.title, response.body.import.description], [text, text], `number ${index}`)
  }
})

t.test('what is wrong with a body is said, all of it, by its path', async (t) => {
  const { call, sql } = await shared.reset()
  const TYPE: [string, string] = ['body.source_type', 'must be one of github, gitlab, bitbucket, git, url, local']
  const NUL = 'must not contain U+0000 or unpaired surrogates'
  const local = { source_type: 'local', source_path: 'x' }
  const table: [name: string, body: unknown, ...validationErrors: [string, string][]][] = [
    ['nothing', {}, ['body.source_type', 'is required'], ['body.source_path', 'is required']],
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
    ['an empty title', { ...local, title: '' }, ['body.title', 'must have 1 to 255 characters']],
    ['a long title', { ...local, title: 'a'.repeat(256) }, ['body.title', 'must have 1 to 255 characters']],
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
      ['body.title', 'must have 1 to 255 characters'],
      ['body.description', 'must be a string or null'],
    ],
  ]
  for (const [name, body, ...validationErrors] of table) {
    const response = await call('POST', imports, { body })
    t.equal(response.status, 400, name)
    const order = (list: { path: string; message: string }[]) => list.map((one) => JSON.stringify(one)).sort()
    t.strictSame(order(response.body.errors), order(faultBody(...validationErrors).errors), name)
  }
  t.strictSame(await sql('SELECT id FROM imports'), [], 'nothing was stored')
})

t.test('characters are counted as people count them', async (t) => {
  const { call } = await shared.reset()
  const body = { source_type: 'local', source_path: 'x', title: '🦉'.repeat(255), description: '🦉'.repeat(10_000) }
  t.equal((await call('POST', imports, { body })).status, 201)
  t.equal((await call('POST', imports, { body: { ...body, title: '🦉'.repeat(256) } })).status, 400)
})

t.test('a path that is not in the format of its type is refused with the reason', async (t) => {
  const { call } = await shared.reset()
  const table: [type: string, path: string, reason: RegExp][] = [
    ['github', '../repository', /owner/],
    ['github', 'owner/..', /repo/],
    ['github', 'https://github.com/owner/repo/tree/main', /URL of the repository itself/],
    ['github', 'https://gitlab.com/owner/repo', /github\.com/],
    ['github', 'https://user:token@github.com/owner/repo', /password/],
    ['github', 'own%65r/repo', /percent/],
    ['url', 'ftp://example.com/x', /http/],
    ['git', 'owner/repo', /URL/],
  ]
  for (const [source_type, source_path, reason] of table) {
    const { status, body } = await call('POST', imports, { body: { source_type, source_path } })
    t.equal(status, 400, source_path)
    t.equal(body.errors.length, 1)
    t.equal(body.errors[0].path, 'body.source_path')
    t.match(body.errors[0].message, reason)
  }
})

t.test('what is read-only or unknown is ignored', async (t) => {
  const { call } = await shared.reset()
  const body = {
    id: 1,
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
  t.match(response.body.import, { neptun_user_id: 1, project_id: 789 })
  t.not(response.body.import.created_at, body.created_at)
})

t.test('a github import needs an installation that grants it', async (t) => {
  const { call, sql } = await shared.reset()
  await sql(`
    INSERT INTO github_installations
      (id, installation_id, account_name, repository_selection, suspended_at, neptun_user_id)
    VALUES
      (1, 1, 'chosen', 'selected', NULL, 1), (2, 2, 'suspended', 'all', now(), 1), (3, 3, 'foreign', 'all', NULL, 2)`)
  const post = (source_path: string) => call('POST', imports, { body: { source_type: 'github', source_path } })

  t.equal((await post('UserName/any')).status, 201, 'of an account that is installed, in any letter case')
  for (const owner of ['chosen', 'suspended', 'foreign', 'nobody']) {
    const response = await post(`${owner}/repository`)
    t.strictSame(
      response.body,
      errorBody(
        403,
        'GITHUB_ACCESS_DENIED',
        `No access to ${owner}/repository on GitHub: install the GitHub App on the account ${owner} for this ` +
          'repository, or lift its suspension, record the installation, and try again',
      ),
    )
  }
  t.strictSame(await sql('SELECT source_path FROM imports'), [{ source_path: 'UserName/any' }])
})
