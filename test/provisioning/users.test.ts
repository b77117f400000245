import t from 'tap'
import { errorBody, OWNER, resources, until, validationErrorBody } from '../support/app.js'
import { holdTransaction, LOCK_WAITS } from '../support/database.js'
import { distinct, RESOURCE_TYPES } from '../support/resources.js'
import { startService, type TestService } from '../support/service.js'

const EMAIL = 'someone@example.com'
const ID_TAKEN = errorBody(409, 'ID_TAKEN', 'The id belongs to another user')
const USER_NOT_FOUND = errorBody(404, 'USER_NOT_FOUND', 'User not found')

const rowsOf = (service: TestService, table: string) => service.sql(`SELECT * FROM ${table} ORDER BY id`)

const started = startService(t)

t.test('PUT creates a user, is idempotent, and changes the user', async (t) => {
  const service = await started
  await service.reset()
  const { api, sql } = service
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
  t.strictSame([created.headers.get('cache-control'), created.headers.get('vary')], ['no-store', 'Authorization'])

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
  t.strictSame([removed.body.github_account_id, removed.body.github_account_name], [null, null])
  t.equal((await sql('SELECT FROM users WHERE id = 5000')).length, 1)
})

t.test('all validation errors of a user are reported, and nothing is stored', async (t) => {
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
    t.strictSame(
      [response.status, response.body],
      [400, validationErrorBody(...validationErrors)],
      JSON.stringify(body),
    )
  }
  for (const email of ['x', 'a b@c', 'a@', '@b', 'a@b@c', 'a\u0000@b', 'a\n@b']) {
    const { status, body } = await api('PUT', '/users/5000', { email })
    const paths = new Set(body.errors?.map(({ path }: { path: string }) => path))
    t.strictSame([status, paths], [400, new Set(['body.email'])], JSON.stringify(email))
  }
  for (const id of ['0', '-1', '01', '1.0', '1e3', '2147483648', 'abc', '%201']) {
    const { status, body } = await api('PUT', `/users/${id}`, { email: EMAIL })
    t.strictSame(
      [status, body],
      [400, validationErrorBody(['path.user_id', 'must be an integer from 1 to 2147483647'])],
      id,
    )
  }
  t.equal((await rowsOf(service, 'users')).length, 2)
})

t.test('an email address can belong to only one user, even with concurrent requests', async (t) => {
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
  t.strictSame(statuses, [201, 409, 409, 409, 409])
})

t.test('PUT creates a project, is idempotent, and renames the project without affecting its imports', async (t) => {
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
  const project = { ...OWNER, projectId: 4000 }
  const local = { source_type: 'local', source_path: 'x' }
  t.equal((await call('POST', resources('/imports', project), { body: local })).status, 201)
  const again = await api('PUT', '/users/1/projects/4000', { name: 'First' })
  t.strictSame([again.status, again.body], [200, created.body])
  const renamed = await api('PUT', '/users/1/projects/4000', { name: 'Second' })
  const { updated_at } = renamed.body
  t.strictSame([renamed.status, renamed.body], [200, { ...created.body, name: 'Second', updated_at }])
  t.ok(updated_at > created.body.updated_at)
  t.equal((await call('GET', resources('/imports', project))).body.imports.length, 1)
  const unknownUser = await api('PUT', '/users/77/projects/4001', { name: 'x' })
  t.strictSame([unknownUser.status, unknownUser.body], [404, USER_NOT_FOUND])
  const wrong = await api('PUT', '/users/77/projects/x', { name: '' })
  t.strictSame(
    [wrong.status, wrong.body.errors.map(({ path }: { path: string }) => path)],
    [400, ['path.project_id', 'body.name']],
  )
})

t.test('PUT and DELETE of an id of another user are 409 ID_TAKEN, and change nothing', async (t) => {
  const service = await started
  await service.reset()
  const { api } = service
  for (const { slug, create } of RESOURCE_TYPES) await api('PUT', `/users/2/${slug}/50`, create)
  const { body: session } = await api('POST', '/users/2/sessions', { ttl: 60 })
  const tables = ['projects', 'sessions', ...RESOURCE_TYPES.map(({ table }) => table)]
  const read = () => Promise.all(tables.map((table) => rowsOf(service, table)))
  const before = await read()
  const values: Record<string, object> = {
    'projects/790': { name: 'x' },
    ...Object.fromEntries(RESOURCE_TYPES.map((type) => [`${type.slug}/50`, distinct(type, 1)])),
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

t.test('of two users who concurrently PUT the same id, one gets it and the other 409', async (t) => {
  const service = await started
  await service.reset()
  const { api, sql } = service
  for (let id = 7000; id < 7010; id += 1) {
    const put = (user: number) => api('PUT', `/users/${user}/projects/${id}`, { name: `of ${user}` })
    const responses = await Promise.all([put(1), put(2), put(1), put(2)])
    const [row] = await sql(`SELECT name, neptun_user_id FROM projects WHERE id = ${id}`)
    const statuses = responses.map(({ status }) => status).sort()
    t.strictSame(statuses, [200, 201, 409, 409], `concurrent PUTs of project ${id}`)
    t.equal(row?.['name'], `of ${row?.['neptun_user_id']}`)
    t.strictSame(responses.find(({ status }) => status === 409)?.body, ID_TAKEN)
  }
})

t.test('deleting a user or a project returns the number of deleted rows per table', async (t) => {
  const service = await started
  await service.reset()
  const { api, call, sql } = service
  const file = { title: 'a', text: 'b', language: 'c', extension: 'd' }
  await api('PUT', '/users/1/projects/791', { name: 'empty' })
  await api('PUT', '/users/1/user-files/1', file)
  await api('PUT', '/users/1/template-collections/1', { name: 'a', description: null })
  for (const projectId of [789, 791]) {
    const project = { ...OWNER, projectId }
    t.equal((await call('POST', resources('/user-files', project), { body: { user_file_id: 1 } })).status, 201)
  }
  await sql(`INSERT INTO imports (source_type, source_path, project_id, neptun_user_id)
    SELECT 'local', 'folder ' || n, 789, 1 FROM generate_series(1, 250) AS n`)
  const context = { title: 'a', original_path: 'b', context_file_category: 'c', context_file_type: 'd', text: 'e' }
  t.equal((await call('POST', resources('/files'), { body: context })).status, 201)

  /** Counts the rows whose `column` has the value `id`, in each table that has this column. */
  async function countRows(column: string, id: number): Promise<Record<string, number>> {
    const tables = await sql(
      `SELECT table_name FROM information_schema.columns WHERE column_name = $1 AND table_schema = 'public'`,
      [column],
    )
    const counts: Record<string, number> = {}
    for (const { table_name } of tables) {
      counts[table_name] = (await sql(`SELECT FROM ${table_name} WHERE ${column} = $1`, [id])).length
    }
    return counts
  }
  const toZeros = (counts: object) => Object.fromEntries(Object.keys(counts).map((table) => [table, 0]))

  const ofProject = { projects: 1, ...(await countRows('project_id', 789)) }
  t.match(ofProject, { imports: 250, context_files: 1, project_user_files: 1 })
  const project = await api('DELETE', '/users/1/projects/789')
  t.strictSame([project.status, project.body], [200, { removed: ofProject }])
  const again = await api('DELETE', '/users/1/projects/789')
  t.strictSame([again.status, again.body], [200, { removed: toZeros(ofProject) }])

  const ofUser = { users: 1, ...(await countRows('neptun_user_id', 1)) }
  t.match(ofUser, { projects: 1, user_files: 1, project_user_files: 1, github_installations: 1, sessions: 1 })
  const user = await api('DELETE', '/users/1')
  t.strictSame([user.status, user.body], [200, { removed: ofUser }])
  t.equal((await call('GET', resources('/imports'))).status, 401, 'the sessions are deleted')
  t.strictSame(await countRows('neptun_user_id', 1), toZeros(await countRows('neptun_user_id', 1)))
  const repeated = await api('DELETE', '/users/1')
  t.strictSame([repeated.status, repeated.body], [200, { removed: toZeros(ofUser) }])
  t.strictSame(await sql('SELECT id FROM users'), [{ id: 2 }])
})

for (const [path, table, values] of [
  ['/user-files', 'user_files', { text: 'x', language: 'x', extension: 'x' }],
  ['/files', 'context_files', { original_path: 'x', context_file_category: 'x', context_file_type: 'x', text: 'x' }],
  ['/imports', 'imports', { source_type: 'local', source_path: 'x' }],
] as const) {
  t.test(`the deletion of a user counts ${path.slice(1)} that the user creates concurrently`, async (t) => {
    const service = await started
    await service.reset()
    const { api, call, sql } = service
    const posts = Array.from({ length: 30 }, (_, n) =>
      call('POST', resources(path), { body: { ...values, title: `${n}` } }),
    )
    await until(async () => (await sql(`SELECT FROM ${table}`)).length > 0, 'a row is created')
    const [deleted, ...responses] = await Promise.all([api('DELETE', '/users/1'), ...posts])
    t.equal(deleted?.status, 200)
    const created = responses.filter(({ status }) => status === 201).length
    t.strictSame(
      [...new Set(responses.map(({ status }) => status))].filter((status) => ![201, 401, 404].includes(status)),
      [],
    )
    t.equal(deleted?.body.removed[table], created, 'every created row is counted')
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
  t.test(`DELETE ${path} waits for another transaction that inserts into ${table}, and counts its row`, async (t) => {
    const service = await started
    await service.reset()
    const { api, sql, databaseUrl } = service
    const file = { title: 'x', text: 'x', language: 'x', extension: 'x' }
    t.equal((await api('PUT', '/users/1/user-files/7', file)).status, 201)
    const commit = await holdTransaction(t, databaseUrl, insert)
    const deletion = api('DELETE', path)
    await until(async () => (await sql(LOCK_WAITS)).length > 0, 'the deletion waits')
    await commit()
    const { status, body } = await deletion
    t.strictSame([status, body.removed[table]], [200, 1])
    t.equal((await sql(`SELECT FROM ${table}`)).length, 0)
  })
}
