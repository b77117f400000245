import t from 'tap'
import { errorBody, OWNER, resources, until, validationErrorBody } from '../support/app.js'
import { holdTransaction, LOCK_WAITS } from '../support/database.js'
import { startService, type TestService } from '../support/service.js'

const started = startService(t)
const SYNC = '/users/5000/sync'
const EMAIL = 'someone@example.com'
const FILE = { title: 'a', text: 'b', language: 'c', extension: 'd' }

const snapshot = ({ sql }: TestService) =>
  Promise.all(['users', 'projects', 'user_files', 'sessions'].map((table) => sql(`SELECT * FROM ${table} ORDER BY id`)))

t.test('a sync performs all kinds of operations, in order', async (t) => {
  const service = await started
  await service.reset()
  const { api, call } = service
  const operations = [
    { method: 'PUT', path: '', body: { email: EMAIL } },
    { method: 'PUT', path: 'projects/4000', body: { name: 'First' } },
    { method: 'PUT', path: '/user-files/4000', body: FILE },
    {
      method: 'PUT',
      path: 'github-installations/4000',
      body: {
        installation_id: '77',
        account_name: 'a',
        repository_selection: 'all',
        suspended_at: '2026-01-01T00:00:00Z',
      },
    },
    { method: 'DELETE', path: 'chat-conversations/4000' },
    { method: 'POST', path: 'sessions', body: { ttl: 60 } },
    { method: 'PUT', path: 'projects/4000', body: { name: 'First' } },
  ]
  const { status, body } = await api('POST', SYNC, { operations })
  t.equal(status, 200)
  t.strictSame(
    body.results.map((result: { status: number }) => result.status),
    [201, 201, 201, 201, 200, 201, 200],
  )
  const [user, project, file, installation, removed, session, again] = body.results.map(
    (result: { body: object }) => result.body,
  )
  const { created_at } = user
  t.strictSame(user, {
    id: 5000,
    email: EMAIL,
    github_account_id: null,
    github_account_name: null,
    created_at,
    updated_at: created_at,
  })
  t.strictSame(project, { id: 4000, name: 'First', created_at, updated_at: created_at, neptun_user_id: 5000 })
  t.strictSame(file, { id: 4000, ...FILE, created_at, updated_at: created_at, neptun_user_id: 5000 })
  t.match(installation, { installation_id: '77', suspended_at: '2026-01-01T00:00:00.000Z' })
  t.strictSame(removed, { removed: { chat_conversations: 0, project_chat_conversations: 0 } })
  t.strictSame(again, project)
  const owner = { userId: 5000, projectId: 4000, token: '' }
  const linked = await call('POST', resources('/user-files', owner), {
    token: session.token,
    body: { user_file_id: 4000 },
  })
  t.equal(linked.status, 201)
  const deleted = await api('POST', SYNC, {
    operations: [
      { method: 'DELETE', path: '' },
      { method: 'DELETE', path: 'sessions' },
    ],
  })
  t.match(deleted.body.results, [
    { status: 200, body: { removed: { users: 1, projects: 1 } } },
    { status: 200, body: { revoked: 0 } },
  ])
})

t.test('a sync has 1 to 1000 operations, and at most 8 MiB', async (t) => {
  const service = await started
  await service.reset()
  const { api, sql } = service
  const operations = Array.from({ length: 1000 }, (_, index) => ({
    method: 'PUT',
    path: `user-files/${index + 1}`,
    body: {
      ...FILE,
      text: 'x'.repeat(4000),
      id: index,
      neptun_user_id: 1,
      created_at: 'x',
      updated_at: 'x',
      more: [1, 2],
    },
  }))
  const { status, body } = await api('POST', '/users/1/sync', { operations })
  t.strictSame([status, body.results.length], [200, 1000])
  t.equal((await sql('SELECT FROM user_files')).length, 1000)
  const again = await api('POST', '/users/1/sync', { operations })
  t.strictSame([...new Set(again.body.results.map((result: { status: number }) => result.status))], [200])
  t.strictSame(again.body.results[999].body, body.results[999].body)
  const more = await api('POST', '/users/1/sync', { operations: [...operations, operations[0]] })
  t.strictSame([more.status, more.body], [400, validationErrorBody(['body.operations', 'must have 1 to 1000 items'])])
  const empty = await api('POST', '/users/1/sync', { operations: [] })
  t.strictSame([empty.status, empty.body], [400, validationErrorBody(['body.operations', 'must have 1 to 1000 items'])])
  const large = await api('POST', '/users/1/sync', {
    operations: [{ method: 'PUT', path: 'user-files/1', body: 'x'.repeat(9 * 1024 * 1024) }],
  })
  t.equal(large.status, 413)
})

t.test('all validation errors of a sync are reported, with the index of the operation', async (t) => {
  const service = await started
  await service.reset()
  const before = await snapshot(service)
  const operations = [
    { method: 'PUT', path: 'projects/4000', body: { name: 'fine' } },
    { method: 'PUT', path: 'projects/4001', body: { name: 5 } },
    { method: 'PUT', path: 'projects/x', body: { name: '' } },
    { method: 'PUT', path: 'nothing/1', body: {} },
    { method: 'POST', path: 'sync', body: {} },
    { method: 'PUT', path: 'user-files/1' },
    { method: 'POST', path: 'sessions', body: {} },
    { method: 'DELETE', path: 'user-files/2147483648' },
    { method: 'PUT', path: '../../2/projects/4000', body: { name: 'x' } },
  ]
  const { status, body } = await service.api('POST', '/users/1/sync', { operations })
  const id = 'must contain an integer from 1 to 2147483647'
  t.strictSame(
    [status, body],
    [
      400,
      validationErrorBody(
        ['body.operations[1].body.name', 'must be a string'],
        ['body.operations[2].path', id],
        ['body.operations[2].body.name', 'must have 1 to 255 characters'],
        ['body.operations[3].path', 'is not the path of a PUT operation'],
        ['body.operations[4].path', 'is not the path of a POST operation'],
        ['body.operations[5].body', 'must be an object'],
        ['body.operations[6].body', 'must have either ttl or expires_at'],
        ['body.operations[7].path', id],
        ['body.operations[8].path', 'is not the path of a PUT operation'],
      ),
    ],
  )
  const shapes: [body: unknown, path: string, message: string][] = [
    [{}, 'body.operations', 'is required'],
    [[], 'body', 'must be an object'],
    [{ operations: {} }, 'body.operations', 'must be an array'],
    [
      { operations: [{ method: 'GET', path: 'sessions' }] },
      'body.operations[0].method',
      'must be one of PUT, POST, DELETE',
    ],
    [{ operations: [{ method: 'PUT' }] }, 'body.operations[0].path', 'is required'],
    [{ operations: [null] }, 'body.operations[0]', 'must be an object'],
  ]
  for (const [wrong, path, message] of shapes) {
    const response = await service.api('POST', '/users/1/sync', wrong)
    t.strictSame([response.status, response.body], [400, validationErrorBody([path, message])], JSON.stringify(wrong))
  }
  t.strictSame(await snapshot(service), before)
})

t.test('a sync in which operations fail changes nothing, and reports each of them', async (t) => {
  const service = await started
  await service.reset()
  const { api } = service
  await api('PUT', '/users/2/user-files/50', FILE)
  const before = await snapshot(service)
  const operations = [
    { method: 'PUT', path: '', body: { email: 'new@example.com' } },
    { method: 'PUT', path: 'projects/790', body: { name: 'x' } },
    { method: 'PUT', path: 'projects/4000', body: { name: 'x' } },
    { method: 'PUT', path: 'user-files/50', body: FILE },
    { method: 'DELETE', path: 'projects/789' },
    { method: 'PUT', path: '', body: { email: 'stranger@example.com' } },
  ]
  const { status, body } = await api('POST', '/users/1/sync', { operations })
  const ID_TAKEN = 'ID_TAKEN: The id belongs to another user'
  t.strictSame(
    [status, body],
    [
      409,
      {
        ...errorBody(409, 'ID_TAKEN', 'The id belongs to another user'),
        errors: [
          { path: 'body.operations[1]', message: ID_TAKEN },
          { path: 'body.operations[3]', message: ID_TAKEN },
          { path: 'body.operations[5]', message: 'CONFLICT: Another user has this email address' },
        ],
      },
    ],
  )
  t.strictSame(await snapshot(service), before, 'nothing has changed')
  const unknown = await api('POST', '/users/77/sync', {
    operations: [operations[2], { method: 'DELETE', path: 'projects/1' }],
  })
  t.strictSame(
    [unknown.status, unknown.body],
    [
      404,
      {
        ...errorBody(404, 'USER_NOT_FOUND', 'User not found'),
        errors: [{ path: 'body.operations[0]', message: 'USER_NOT_FOUND: User not found' }],
      },
    ],
  )
})

t.test(
  'a write is retried while another instance has locked the user for longer than DATABASE_LOCK_TIMEOUT',
  async (t) => {
    const { api, databaseUrl, sql } = await startService(t, { DATABASE_LOCK_TIMEOUT: '100' })
    const release = await holdTransaction(t, databaseUrl, 'SELECT FROM users WHERE id = 1 FOR NO KEY UPDATE')
    const sessions = () => sql('SELECT FROM sessions WHERE neptun_user_id = 1')
    const { length: count } = await sessions()
    const body = { operations: [{ method: 'PUT', path: 'projects/5000', body: { name: 'Waited' } }] }
    const writes = Promise.all([
      api('PUT', '/users/1/projects/5001', { name: 'Waited' }),
      api('POST', '/users/1/sessions', { ttl: 60 }),
      api('POST', '/users/1/sync', body),
    ])
    // The service executes the transactions of a user one at a time: the second write begins when the first has ended.
    // Until the lock is released, every transaction that waits for it is therefore an attempt of the first write.
    const attempts = new Set<number>()
    await until(async () => {
      for (const { started_at } of await sql<{ started_at: number }>(LOCK_WAITS)) attempts.add(started_at)
      return attempts.size > 2
    }, 'the first write is retried twice')
    await release()
    t.strictSame(
      (await writes).map(({ status }) => status),
      [201, 201, 200],
    )
    t.equal((await sql('SELECT FROM projects WHERE id IN (5000, 5001)')).length, 2)
    t.equal((await sessions()).length, count + 1, 'the retried POST creates one session')
  },
)

t.test('concurrent syncs of one user are serialized, and do not block reads', async (t) => {
  const service = await started
  await service.reset()
  const { api, call } = service
  const sync = (name: string) =>
    api('POST', '/users/1/sync', {
      operations: Array.from({ length: 50 }, (_, index) => ({
        method: 'PUT',
        path: `projects/${5000 + index}`,
        body: { name },
      })),
    })
  const [responses, read] = await Promise.all([
    Promise.all(['a', 'b', 'c', 'd'].map(sync)),
    Promise.all(Array.from({ length: 20 }, () => call('GET', resources('/imports', OWNER)))),
  ])
  t.strictSame(
    responses.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  t.strictSame([...new Set(read.map(({ status }) => status))], [200], 'reads succeed')
  const names = await service.sql('SELECT name, count(*)::integer FROM projects WHERE id >= 5000 GROUP BY name')
  t.strictSame(names, [{ name: names[0]?.['name'], count: 50 }], 'all projects have the name of the last sync')
})
