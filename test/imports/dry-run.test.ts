import t from 'tap'
import { errorBody, faultBody, resources, startApp, type TestApp } from '../support/app.js'

const imports = resources('/imports')

const shared = await startApp(t)

const post = ({ call }: TestApp, body: object, query = '?dry_run=true') => call('POST', imports + query, { body })

/** Every import as it is stored, to see that a dry run leaves all of it as it was. */
const stored = async ({ sql }: TestApp) =>
  await sql('SELECT imports.*, import_count FROM imports JOIN projects ON projects.id = project_id ORDER BY imports.id')

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

t.test('a dry run of POST shows the import as it would be, and stores nothing', async (t) => {
  const service = await shared.reset()
  const body = {
    source_type: 'github',
    source_path: 'https://github.com/username/repository.git',
    title: 'My GitHub Import',
  }
  const answer = await post(service, body)
  t.equal(answer.status, 200)
  const { created_at } = answer.body.import
  t.match(created_at, ISO_TIME)
  t.same(answer.body, {
    import: {
      id: null,
      source_type: 'github',
      source_path: 'username/repository',
      title: 'My GitHub Import',
      description: null,
      created_at,
      updated_at: created_at,
      neptun_user_id: 1,
      project_id: 789,
    },
    duplicates: [],
  })
  t.same(Object.keys(answer.body.import)[0], 'id', 'in the same order of keys')
  t.same(await stored(service), [])

  const written = await post(service, body, '?dry_run=false')
  t.equal(written.status, 201)
  t.same(Object.keys(written.body), ['import'])
  t.equal((await post(service, body, '')).status, 201)
})

t.test('it names the imports of the same source, oldest first', async (t) => {
  const service = await shared.reset()
  const { sql } = service
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
    const answer = await post(service, { source_type, source_path })
    t.same(answer.body.duplicates, duplicates, `${source_type} ${source_path}`)
  }
  const put = await service.call('PUT', `${imports}/3?dry_run=true`, { body: { title: 'x' } })
  t.same(put.body.duplicates, [2, 1], 'a changed one is no duplicate of itself')
  const moved = await service.call('PUT', `${imports}/3?dry_run=true`, { body: { source_path: 'username/other' } })
  t.same(moved.body.duplicates, [4], 'by the path that it would have')
  t.same(await stored(service), before)
})

t.test('a dry run of PUT shows the import as it would be, with its own id, and changes nothing', async (t) => {
  const service = await shared.reset()
  const { call } = service
  const { import: written } = (await post(service, { source_type: 'github', source_path: 'username/a' }, '')).body
  const path = `${imports}/${written.id}`
  const before = await stored(service)
  const table: [body: object, expected: object][] = [
    [{ title: 'new' }, { title: 'new' }],
    [
      { title: null, description: '' },
      { title: null, description: '' },
    ],
    [{ source_path: 'https://github.com/username/other' }, { source_path: 'username/other' }],
    [{ source_type: 'gitlab' }, { source_type: 'gitlab' }],
    [
      { source_type: 'local', source_path: ' /x' },
      { source_type: 'local', source_path: '/x' },
    ],
  ]
  for (const [body, expected] of table) {
    const answer = await call('PUT', `${path}?dry_run=true`, { body })
    t.equal(answer.status, 200)
    const { updated_at } = answer.body.import
    t.ok(updated_at > written.updated_at, 'updated_at would move')
    t.same(answer.body, { import: { ...written, ...expected, updated_at }, duplicates: [] })
  }
  t.same(await stored(service), before)
  const real = await call('PUT', `${path}?dry_run=false`, { body: { title: 'real' } })
  t.same(Object.keys(real.body), ['import'])
  t.equal((await call('GET', path)).body.import.title, 'real')
})

t.test('every check runs', async (t) => {
  const service = await startApp(t, { MAX_IMPORTS_PER_PROJECT: '1' })
  const { call, sql } = service
  const local = { source_type: 'local', source_path: 'x' }
  const denied = (repository: string) =>
    errorBody(
      403,
      'GITHUB_ACCESS_DENIED',
      `No access to ${repository} on GitHub: install the GitHub App on the account ${repository.split('/')[0]} for ` +
        'this repository, or lift its suspension, record the installation, and try again',
    )
  t.match((await post(service, { ...local, source_type: 'url' })).body, {
    statusCode: 400,
    errors: [{ path: 'body.source_path' }],
  })
  t.same((await post(service, { source_type: 'github', source_path: 'nobody/x' })).body, denied('nobody/x'))
  for (const [ids, expected] of [
    [{ userId: 2, projectId: 790 }, errorBody(403, 'USER_MISMATCH', 'Forbidden')],
    [{ userId: 1, projectId: 790 }, errorBody(404, 'PROJECT_NOT_FOUND', 'Project not found')],
  ] as const) {
    const path = `${resources('/imports', { ...ids, token: '' })}?dry_run=true`
    t.same((await call('POST', path, { body: local })).body, expected)
  }
  t.equal((await call('POST', `${imports}?dry_run=true`, { token: null, body: local })).status, 401)

  const { id } = (await post(service, local, '')).body.import
  const full = errorBody(409, 'IMPORT_LIMIT_REACHED', 'The project holds the maximum number of imports')
  t.same((await post(service, local)).body, full)

  const put = (body: object, target = id) => call('PUT', `${imports}/${target}?dry_run=true`, { body })
  t.equal((await put({})).status, 400)
  t.equal((await put({ source_type: 'url' })).status, 400, 'the pair that would result')
  t.same((await put({ title: 'x' }, 4711)).body, errorBody(404, 'IMPORT_NOT_FOUND', 'Import not found'))
  const toGithub = { source_type: 'github', source_path: 'nobody/x' }
  t.same((await put(toGithub)).body, denied('nobody/x'))
  await call('PUT', `${imports}/${id}`, { body: { source_type: 'github', source_path: 'username/x' } })
  await sql('UPDATE github_installations SET suspended_at = now()')
  t.same((await put({ title: 'x' })).body, denied('username/x'), 'a withheld one is not shown')
})

t.test('dry_run is true or false', async (t) => {
  const service = await shared.reset()
  const { import: written } = (await post(service, { source_type: 'local', source_path: 'x' }, '')).body
  const fault: [string, string] = ['query.dry_run', 'must be true or false']
  for (const value of ['', '1', '0', 'TRUE', 'yes', 'true%20', 'null', 'true&dry_run=true']) {
    const query = `?dry_run=${value}`
    t.same((await post(service, { source_type: 'local', source_path: 'y' }, query)).body, faultBody(fault), value)
    const answer = await service.call('PUT', `${imports}/${written.id}${query}`, { body: { title: 'x' } })
    t.same(answer.body, faultBody(fault), value)
  }
  const both = await post(service, { source_type: 'local' }, '?dry_run=1')
  t.same(both.body, faultBody(fault, ['body.source_path', 'is required']), 'beside the other faults')
  t.equal((await stored(service)).length, 1)
})
