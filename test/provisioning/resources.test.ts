import t from 'tap'
import { errorBody, OWNER, resources, STRANGER, validationErrorBody } from '../support/app.js'
import { distinct, hasProperties, RESOURCE_TYPES } from '../support/resources.js'
import { startService } from '../support/service.js'

const started = startService(t)

for (const type of RESOURCE_TYPES) {
  const { slug, idField, counter, table, linkTable, create, created, keys } = type
  const own = Object.fromEntries(Object.keys(type.provisioned.properties).map((name) => [name, null]))
  const path = `/users/1/${slug}/4000`

  t.test(`${slug}: PUT creates or changes a resource and is idempotent, DELETE counts the deleted rows`, async (t) => {
    const service = await started
    await service.reset()
    const { api, call, sql } = service
    const first = await api('PUT', path, create)
    t.equal(first.status, 201)
    t.strictSame(Object.keys(first.body), [...keys, ...Object.keys(own)])
    hasProperties(t, first.body, { ...created, ...own, id: 4000, neptun_user_id: 1 })
    t.equal(first.body.created_at, first.body.updated_at)
    t.equal((await sql(`SELECT FROM ${linkTable}`)).length, 0, 'the resource is linked to no project')

    const again = await api('PUT', path, { ...first.body, ...create, id: 9, neptun_user_id: 2, created_at: 'x' })
    t.strictSame([again.status, again.body], [200, first.body], 'nothing has changed, not even updated_at')

    const linked = await call('POST', resources(`/${slug}`), { body: { [idField]: 4000 } })
    t.equal(linked.status, 201)
    const [text = ''] = type.texts
    const changed = await api('PUT', path, { ...create, [text]: 'another one, and longer' })
    t.equal(changed.status, 200)
    t.equal(changed.body[text], 'another one, and longer')
    t.ok(changed.body.updated_at > first.body.updated_at)
    t.equal(changed.body.created_at, first.body.created_at)
    const seen = await call('GET', resources(`/${slug}/4000`))
    t.strictSame({ ...seen.body, ...own }, changed.body, 'the public API returns the change')
    const list = await call('GET', resources(`/${slug}`))
    const [project] = await sql(`SELECT ${counter}_bytes AS bytes FROM projects WHERE id = 789`)
    t.equal(Number(project?.['bytes']), Buffer.byteLength(list.text), 'the counter of the project has the new size')

    const removed = await api('DELETE', path)
    t.strictSame([removed.status, removed.body], [200, { removed: { [table]: 1, [linkTable]: 1 } }])
    const repeated = await api('DELETE', path)
    t.strictSame([repeated.status, repeated.body], [200, { removed: { [table]: 0, [linkTable]: 0 } }])
    t.equal((await call('GET', resources(`/${slug}/4000`))).status, 404)
  })

  t.test(`${slug}: PUT validates the body and the id, and requires the user to exist`, async (t) => {
    const service = await started
    await service.reset()
    const empty = await service.api('PUT', path, {})
    t.strictSame(
      [empty.status, empty.body],
      [
        400,
        validationErrorBody(...Object.keys(create).map((name): [string, string] => [`body.${name}`, 'is required'])),
      ],
    )
    const unknownUser = await service.api('PUT', `/users/77/${slug}/1`, create)
    t.strictSame([unknownUser.status, unknownUser.body], [404, errorBody(404, 'USER_NOT_FOUND', 'User not found')])
    const invalid = await service.api('PUT', `/users/1/${slug}/0`, create)
    const ID: [string, string] = ['path.resource_id', 'must be an integer from 1 to 2147483647']
    t.strictSame([invalid.status, invalid.body], [400, validationErrorBody(ID)])
  })

  t.test(`${slug}: ids chosen by the caller do not collide with those of the sequence`, async (t) => {
    const service = await started
    await service.reset()
    const { api, call, sql } = service
    const values = (id: number) => distinct(type, id)
    const [sequence] = await sql(`SELECT last_value::integer + is_called::integer AS next FROM ${table}_id_seq`)
    const next = sequence?.['next'] as number
    for (let id = next; id < next + 5; id += 1) {
      t.equal((await api('PUT', `/users/2/${slug}/${id}`, values(id))).status, 201)
    }
    t.equal((await api('PUT', `/users/2/${slug}/2147483647`, values(7))).status, 201, 'the maximum id')
    // Inserted directly, because the API would hide a collision by retrying with another id.
    await sql(
      `INSERT INTO ${table} (${Object.keys(create).join(', ')}, neptun_user_id) VALUES
      (${Object.keys(create)
        .map((_, index) => `$${index + 1}`)
        .join(', ')}, 1)`,
      Object.values(values(90_001)),
    )
    const made = await call('POST', resources(`/${slug}`), { body: values(90_000) })
    t.strictSame([made.status, made.body.id], [201, next + 6], 'the public API uses the next free id')

    const ids = Array.from({ length: 40 }, (_, index) => next + 7 + index)
    const [puts, posts] = await Promise.all([
      Promise.all(ids.map((id) => api('PUT', `/users/2/${slug}/${id}`, values(id)))),
      Promise.all(ids.map((id) => call('POST', resources(`/${slug}`), { body: values(50_000 + id) }))),
    ])
    t.strictSame([...new Set(posts.map(({ status }) => status))], [201], 'every create of the public API succeeds')
    t.strictSame(
      [...new Set(puts.map(({ status }) => status))].filter((status) => ![201, 409].includes(status)),
      [],
    )
    const putIds = puts.filter(({ status }) => status === 201).map(({ body }) => body.id)
    const all = [...putIds, ...posts.map(({ body }) => body.id)]
    t.equal(new Set(all).size, all.length, 'no id is used twice')
  })
}

t.test('the public API withholds imports while the installation is suspended', async (t) => {
  const service = await started
  await service.reset()
  const { api, call, sql } = service
  await sql(
    `INSERT INTO imports (source_type, source_path, project_id, neptun_user_id) VALUES ('github', 'username/x', 789, 1)`,
  )
  const list = async () => {
    const { body, headers } = await call('GET', resources('/imports'))
    return [body.imports.length, headers.get('x-imports-withheld')]
  }
  t.strictSame(await list(), [1, null])
  const values = { installation_id: 456789, account_name: 'username', repository_selection: 'all' }
  const put = (more: object) => api('PUT', '/users/1/github-installations/123', { ...values, ...more })
  const suspended = await put({ suspended_at: '2026-01-02T03:04:05.678+01:00' })
  t.match([suspended.status, suspended.body.suspended_at], [200, '2026-01-02T02:04:05.678Z'])
  t.strictSame(await list(), [0, '1'])
  const unchanged = await put({})
  t.strictSame(
    [unchanged.status, unchanged.body],
    [200, suspended.body],
    'a body without suspended_at does not change the installation',
  )
  const active = await put({ suspended_at: null })
  t.strictSame([active.status, active.body.suspended_at], [200, null])
  t.strictSame(await list(), [1, null])
  const invalid = await put({ suspended_at: 'yesterday' })
  t.strictSame(
    [invalid.status, invalid.body],
    [
      400,
      validationErrorBody([
        'body.suspended_at',
        'must be a time in ISO 8601 with a time zone, like 2025-02-16T17:42:11.000Z',
      ]),
    ],
  )
})

t.test('suspended_at must be a valid time in the years 0001 to 9999 UTC', async (t) => {
  const service = await started
  await service.reset()
  const values = { installation_id: 777, account_name: 'username', repository_selection: 'all' }
  const put = (suspended_at: unknown) =>
    service.api('PUT', '/users/1/github-installations/4000', { ...values, suspended_at })
  for (const [input, normalized] of [
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0001-01-01T00:01:00+00:01', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:58:59.999-00:01', '9999-12-31T23:59:59.999Z'],
    [null, null],
  ]) {
    const { body } = await put(input)
    t.equal(body.suspended_at, normalized, String(input))
  }
  const INSTANT = 'must be a time in ISO 8601 with a time zone, like 2025-02-16T17:42:11.000Z'
  for (const wrong of [
    '0001-01-01T00:00:00+00:01',
    '0000-12-31T23:59:59Z',
    '9999-12-31T23:59:59-00:01',
    '2023-02-29T00:00:00Z',
  ]) {
    const { status, body } = await put(wrong)
    t.strictSame([status, body], [400, validationErrorBody(['body.suspended_at', INSTANT])], wrong)
  }
})

t.test('PUT of an installation_id that the user has under another id is 409 CONFLICT', async (t) => {
  const service = await started
  await service.reset()
  const { api, sql } = service
  const before = await sql('SELECT * FROM github_installations ORDER BY id')
  const values = { installation_id: '456789', account_name: 'username', repository_selection: 'all' }
  const CONFLICT = errorBody(409, 'CONFLICT', 'The user already has a GitHub installation with this installation_id')
  const put = await api('PUT', '/users/1/github-installations/5', values)
  t.strictSame([put.status, put.body], [409, CONFLICT])
  t.strictSame(await sql('SELECT * FROM github_installations ORDER BY id'), before)
  t.equal(
    (await api('PUT', '/users/2/github-installations/5', values)).status,
    201,
    'another user may have the same installation_id',
  )
  t.equal((await api('PUT', '/users/2/github-installations/6', { ...values, installation_id: 7 })).status, 201)
  t.strictSame((await api('PUT', '/users/2/github-installations/6', values)).body, CONFLICT)
})

t.test('ids of users and projects chosen by the caller do not collide with those of the sequences', async (t) => {
  const service = await started
  await service.reset()
  const { api, sql } = service
  await sql(`SELECT setval('users_id_seq', 10), setval('projects_id_seq', 10)`)
  for (const id of [11, 12, 2_147_483_647]) {
    t.equal((await api('PUT', `/users/${id}`, { email: `${id}@example.com` })).status, 201)
    t.equal((await api('PUT', `/users/1/projects/${id}`, { name: 'x' })).status, 201)
  }
  t.strictSame(await sql(`INSERT INTO users (email) VALUES ('x@example.com') RETURNING id`), [{ id: 13 }])
  t.strictSame(await sql(`INSERT INTO projects (name, neptun_user_id) VALUES ('x', 1) RETURNING id`), [{ id: 13 }])
})

t.test('PUT can change a resource that the public API created, but not for another user', async (t) => {
  const service = await started
  await service.reset()
  const { api, call } = service
  const file = { title: 'a', text: 'b', language: 'c', extension: 'd' }
  const created = await call('POST', resources('/user-files'), { body: file })
  const { id } = created.body
  const put = await api('PUT', `/users/1/user-files/${id}`, { ...file, title: 'changed' })
  t.strictSame([put.status, put.body.title], [200, 'changed'])
  const ID_TAKEN = errorBody(409, 'ID_TAKEN', 'The id belongs to another user')
  t.strictSame((await api('PUT', `/users/2/user-files/${id}`, file)).body, ID_TAKEN)
  t.strictSame((await call('GET', resources('/user-files', STRANGER), { token: STRANGER.token })).body, [])
  t.strictSame((await call('GET', resources(`/user-files/${id}`, OWNER))).body, put.body)
})
