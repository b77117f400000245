import pg from 'pg'
import t from 'tap'
import { errorBody, faultBody, OWNER, resources, until } from '../support/app.js'
import { startService, type TestService } from '../support/service.js'

const EMAIL = 'someone@example.com'
const ID_TAKEN = errorBody(409, 'ID_TAKEN', 'The id belongs to another user')
const USER_NOT_FOUND = errorBody(404, 'USER_NOT_FOUND', 'User not found')

const rowsOf = (service: TestService, table: string) => service.sql(`SELECT * FROM ${table} ORDER BY id`)

const started = startService(t)

t.test('a user is created, left as it is, and changed', async (t) => {
  const { api, sql } = await (await started).reset().then(() => started)
  const created = await api('PUT', '/users/5000', { email: EMAIL })
  t.equal(created.status, 201)
  t.strictSame(created.body, {
    id: 5000,
    email: EMAIL,
    github_account_id: null,
    github_account_name: null,
    created_at: created.body.created_at,
    updated_at: created.body.created_at,
  })
  t.match(created.body.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.match([created.headers.get('cache-control'), created.headers.get('vary')], ['no-store', 'Authorization'])

  const again = await api('PUT', '/users/5000', { email: EMAIL })
  t.strictSame([again.status, again.body], [200, created.body], 'nothing has changed, not even updated_at')

  const account = { github_account_id: '583231', github_account_name: 'octocat' }
  const changed = await api('PUT', '/users/5000', { ...created.body, email: 'new@example.com', ...account })
  t.strictSame(
    [changed.status, { ...changed.body, updated_at: '' }],
    [200, { ...created.body, email: 'new@example.com', ...account, updated_at: '' }],
  )
  t.ok(changed.body.updated_at > created.body.updated_at)
  const removed = await api('PUT', '/users/5000', { email: 'new@example.com', github_account_id: null })
  t.match(removed.body, { github_account_id: null, github_account_name: null })
  t.equal((await sql('SELECT FROM users WHERE id = 5000')).length, 1)
})

t.test('values that a user must not have are refused, all at once', async (t) => {
  const service = await started
  await service.reset()
  const { api } = service
  const table: [body: unknown, ...validationErrors: [string, string][]][] = [
    [{}, ['body.email', 'is required']],
    [[], ['body', 'must be an object']],
    [undefined, ['body', 'must be an object']],
    [
      { email: 5, github_account_id: 'x', github_account_name: '-' },
      ['body.email', 'must be a string'],
      ['body.github_account_id', 'must match ^[1-9][0-9]{0,18}$'],
      ['body.github_account_name', 'must match ^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$'],
    ],
    [
      { email: EMAIL, github_account_id: '1' },
      ['body.github_account_name', 'is required: github_account_id and github_account_name must be sent together'],
    ],
    [{ email: `${'x'.repeat(320)}@example.com` }, ['body.email', 'must have 3 to 320 characters']],
  ]
  for (const [body, ...validationErrors] of table) {
    const response = await api('PUT', '/users/5000', body)
    t.strictSame([response.status, response.body], [400, faultBody(...validationErrors)], JSON.stringify(body))
  }
  for (const email of ['x', 'a b@c', 'a@', '@b', 'a@b@c', 'a\u0000@b', 'a\n@b']) {
    t.equal((await api('PUT', '/users/5000', { email })).status, 400, JSON.stringify(email))
  }
  for (const id of ['0', '-1', '01', '1.0', '1e3', '2147483648', 'abc', '%201']) {
    const { status, body } = await api('PUT', `/users/${id}`, { email: EMAIL })
    t.strictSame([status, body.errors[0].path], [400, 'path.user_id'], id)
  }
  t.equal((await rowsOf(service, 'users')).length, 2)
})

t.test('an email address is of one user', async (t) => {
  const service = await started
  await service.reset()
  const { api } = service
  const before = await rowsOf(service, 'users')
  const CONFLICT = errorBody(409, 'CONFLICT', 'Another user has this email address')
  for (const path of ['/users/5000', '/users/2']) {
    const { status, body } = await api('PUT', path, { email: 'owner@example.com' })
    t.strictSame([status, body], [409, CONFLICT], path)
  }
  t.strictSame(await rowsOf(service, 'users'), before)
  const responses = await Promise.all(
    [1, 2, 3, 4, 5].map((n) => api('PUT', `/users/600${n}`, { email: 'race@example.com' })),
  )
  const statuses = responses.map(({ status }) => status).sort()
  t.strictSame(statuses, [201, 409, 409, 409, 409], 'also at the same time')
})

t.test('a project is created, left as it is, and changed; its content stays', async (t) => {
  const service = await started
  await service.reset()
  const { api, call } = service
  const created = await api('PUT', '/users/1/projects/4000', { name: 'First' })
  t.equal(created.status, 201)
  t.strictSame(created.body, {
    id: 4000,
    name: 'First',
    created_at: created.body.created_at,
    updated_at: created.body.created_at,
    neptun_user_id: 1,
  })
  const place = { ...OWNER, projectId: 4000 }
  const made = await call('POST', resources('/imports', place), { body: { source_type: 'local', source_path: 'x' } })
  t.equal(made.status, 201, 'the public API has it at once')
  const again = await api('PUT', '/users/1/projects/4000', { name: 'First' })
  t.strictSame([again.status, again.body], [200, created.body])
  const renamed = await api('PUT', '/users/1/projects/4000', { name: 'Second' })
  t.match([renamed.status, renamed.body], [200, { id: 4000, name: 'Second', created_at: created.body.created_at }])
  t.ok(renamed.body.updated_at > created.body.updated_at)
  t.equal((await call('GET', resources('/imports', place))).body.imports.length, 1)
  const none = await api('PUT', '/users/77/projects/4001', { name: 'x' })
  t.strictSame([none.status, none.body], [404, USER_NOT_FOUND])
  const wrong = await api('PUT', '/users/77/projects/x', { name: '' })
  t.strictSame(
    [wrong.status, wrong.body.errors.map(({ path }: { path: string }) => path)],
    [400, ['path.project_id', 'body.name']],
  )
})

t.test('an id of another user is refused, and changes nothing', async (t) => {
  const service = await started
  await service.reset()
  const { api } = service
  await api('PUT', '/users/2/user-files/50', { title: 'a', text: 'b', language: 'c', extension: 'd' })
  await api('PUT', '/users/2/template-collections/50', { name: 'a', description: null })
  await api('PUT', '/users/2/github-installations/50', {
    installation_id: 9,
    account_name: 'a',
    repository_selection: 'all',
  })
  await api('PUT', '/users/2/chat-conversations/50', {
    name: 'a',
    description: null,
    model_publisher: 'b',
    model_name: 'c',
  })
  const { body: session } = await api('POST', '/users/2/sessions', { ttl: 60 })
  const tables = [
    'projects',
    'user_files',
    'template_collections',
    'github_installations',
    'chat_conversations',
    'sessions',
  ]
  const read = () => Promise.all(tables.map((table) => rowsOf(service, table)))
  const before = await read()
  const values: Record<string, object> = {
    'projects/790': { name: 'x' },
    'user-files/50': { title: 'x', text: 'x', language: 'x', extension: 'x' },
    'template-collections/50': { name: 'x', description: 'x' },
    'github-installations/50': { installation_id: 10, account_name: 'x', repository_selection: 'all' },
    'chat-conversations/50': { name: 'x', description: 'x', model_publisher: 'x', model_name: 'x' },
  }
  for (const [path, body] of Object.entries(values)) {
    const put = await api('PUT', `/users/1/${path}`, body)
    t.strictSame([put.status, put.body], [409, ID_TAKEN], `PUT ${path}`)
  }
  for (const path of [...Object.keys(values), `sessions/${session.id}`]) {
    const removed = await api('DELETE', `/users/1/${path}`)
    t.strictSame([removed.status, removed.body], [409, ID_TAKEN], `DELETE ${path}`)
  }
  t.strictSame(await read(), before)
})

t.test('two users who put the same id at the same time: one gets it', async (t) => {
  const service = await started
  await service.reset()
  const { api, sql } = service
  for (let id = 7000; id < 7010; id += 1) {
    const put = (user: number) => api('PUT', `/users/${user}/projects/${id}`, { name: `of ${user}` })
    const responses = await Promise.all([put(1), put(2), put(1), put(2)])
    const [row] = await sql(`SELECT name, neptun_user_id FROM projects WHERE id = ${id}`)
    const statuses = responses.map(({ status }) => status).sort()
    t.strictSame(statuses, [200, 201, 409, 409], `${id}`)
    t.equal(row?.['name'], `of ${row?.['neptun_user_id']}`)
    t.strictSame(responses.find(({ status }) => status === 409)?.body, ID_TAKEN)
  }
})

t.test('deleting a user or a project counts the rows of every table', async (t) => {
  const service = await started
  await service.reset()
  const { api, call, sql } = service
  const file = { title: 'a', text: 'b', language: 'c', extension: 'd' }
  await api('PUT', '/users/1/projects/791', { name: 'empty' })
  await api('PUT', '/users/1/user-files/1', file)
  await api('PUT', '/users/1/template-collections/1', { name: 'a', description: null })
  for (const projectId of [789, 791]) {
    const place = { ...OWNER, projectId }
    t.equal((await call('POST', resources('/user-files', place), { body: { user_file_id: 1 } })).status, 201)
  }
  await sql(`INSERT INTO imports (source_type, source_path, project_id, neptun_user_id)
    SELECT 'local', 'folder ' || n, 789, 1 FROM generate_series(1, 250) AS n`)
  const context = { title: 'a', original_path: 'b', context_file_category: 'c', context_file_type: 'd', text: 'e' }
  t.equal((await call('POST', resources('/files'), { body: context })).status, 201)

  const links = { project_template_collections: 0, project_github_installations: 0, project_chat_conversations: 0 }
  const project = await api('DELETE', '/users/1/projects/789')
  t.equal(project.status, 200)
  t.match(project.body, { removed: { projects: 1, imports: 250, context_files: 1, project_user_files: 1, ...links } })
  const again = await api('DELETE', '/users/1/projects/789')
  t.equal(again.status, 200)
  t.ok(
    Object.values(again.body.removed).every((count) => count === 0),
    'zeros',
  )
  t.strictSame(Object.keys(again.body.removed), Object.keys(project.body.removed))

  const tables = await sql(`SELECT table_name FROM information_schema.columns
    WHERE column_name = 'neptun_user_id' AND table_schema = 'public' ORDER BY 1`)
  const user = await api('DELETE', '/users/1')
  t.equal(user.status, 200)
  t.strictSame(
    Object.keys(user.body.removed).sort(),
    ['users', ...tables.map(({ table_name }) => table_name)].sort(),
    'every table of which rows belong to a user',
  )
  t.match(user.body.removed, {
    users: 1,
    projects: 1,
    user_files: 1,
    project_user_files: 1,
    github_installations: 1,
    sessions: 1,
  })
  t.equal((await call('GET', resources('/imports'))).status, 401, 'its sessions are gone')
  for (const { table_name } of tables) {
    t.equal((await sql(`SELECT FROM ${table_name} WHERE neptun_user_id = 1`)).length, 0, table_name)
  }
  const none = await api('DELETE', '/users/1')
  t.strictSame([none.status, Object.values(none.body.removed).filter(Boolean)], [200, []])
  t.equal((await sql('SELECT FROM users')).length, 1, 'the other one stays')
})

for (const [path, table, values] of [
  ['/user-files', 'user_files', { text: 'x', language: 'x', extension: 'x' }],
  ['/files', 'context_files', { original_path: 'x', context_file_category: 'x', context_file_type: 'x', text: 'x' }],
  ['/imports', 'imports', { source_type: 'local', source_path: 'x' }],
] as const) {
  t.test(`a user is deleted while it creates ${path.slice(1)}`, async (t) => {
    const service = await started
    await service.reset()
    const { api, call, sql } = service
    const posts = Array.from({ length: 30 }, (_, n) =>
      call('POST', resources(path), { body: { ...values, title: `${n}` } }),
    )
    await until(async () => (await sql(`SELECT FROM ${table}`)).length > 0, 'one was created')
    const [deleted, ...responses] = await Promise.all([api('DELETE', '/users/1'), ...posts])
    t.equal(deleted?.status, 200)
    const created = responses.filter(({ status }) => status === 201).length
    t.strictSame(
      [...new Set(responses.map(({ status }) => status))].filter((status) => ![201, 401, 404].includes(status)),
      [],
    )
    t.equal(deleted?.body.removed[table], created, 'each one that was created is counted')
    t.equal((await sql(`SELECT FROM ${table}`)).length, 0)
  })
}

const LINK = 'INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id) VALUES (789, 7, 1)'
const IMPORT = `INSERT INTO imports (source_type, source_path, project_id, neptun_user_id) VALUES ('local', 'x', 789, 1)`
for (const [path, insert, table] of [
  ['/users/1', IMPORT, 'imports'],
  ['/users/1', LINK, 'project_user_files'],
  ['/users/1/projects/789', IMPORT, 'imports'],
  ['/users/1/projects/789', LINK, 'project_user_files'],
  ['/users/1/user-files/7', LINK, 'project_user_files'],
] as const) {
  t.test(`DELETE ${path} counts what another transaction is inserting into ${table}`, async (t) => {
    const service = await started
    await service.reset()
    const { api, sql, databaseUrl } = service
    const file = { title: 'x', text: 'x', language: 'x', extension: 'x' }
    t.equal((await api('PUT', '/users/1/user-files/7', file)).status, 201)
    const other = new pg.Client({ connectionString: databaseUrl })
    await other.connect()
    t.teardown(() => other.end())
    await other.query('BEGIN')
    await other.query(insert)
    const deletion = api('DELETE', path)
    const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    await until(async () => (await sql(waiting)).length > 0, 'the deletion waits')
    await other.query('COMMIT')
    const { status, body } = await deletion
    t.strictSame([status, body.removed[table]], [200, 1])
    t.equal((await sql(`SELECT FROM ${table}`)).length, 0)
  })
}
