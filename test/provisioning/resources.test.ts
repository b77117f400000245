import t from 'tap'
import { RESOURCE_DESCRIPTORS } from '../../src/projects-resources/resources/index.js'
import { errorBody, faultBody, OWNER, resources, STRANGER } from '../support/app.js'
import { RESOURCE_TYPES } from '../support/resources.js'
import { startService } from '../support/service.js'

const started = startService(t)

t.strictSame(
  RESOURCE_TYPES.map(({ slug }) => slug),
  RESOURCE_DESCRIPTORS.map(({ slug }) => slug),
  'every type is tested',
)

for (const { slug, idField, table, linkTable, create, created, keys } of RESOURCE_TYPES) {
  const own = slug === 'github-installations' ? { suspended_at: null } : {}
  const path = `/users/1/${slug}/4000`

  t.test(`${slug}: created, left as it is, changed, linked and deleted`, async (t) => {
    const service = await started
    await service.reset()
    const { api, call, sql } = service
    const first = await api('PUT', path, create)
    t.equal(first.status, 201)
    t.strictSame(Object.keys(first.body), [...keys, ...Object.keys(own)])
    t.match(first.body, { ...created, ...own, id: 4000, neptun_user_id: 1 })
    t.equal(first.body.created_at, first.body.updated_at)
    t.equal((await sql(`SELECT FROM ${linkTable}`)).length, 0, 'it is linked to no project')

    const again = await api('PUT', path, { ...first.body, ...create, id: 9, neptun_user_id: 2, created_at: 'x' })
    t.strictSame([again.status, again.body], [200, first.body], 'nothing has changed')

    const linked = await call('POST', resources(`/${slug}`), { body: { [idField]: 4000 } })
    t.equal(linked.status, 201)
    const text = Object.keys(create).find((name) => ['title', 'name', 'account_name'].includes(name)) as string
    const changed = await api('PUT', path, { ...create, [text]: 'another one, and longer' })
    t.equal(changed.status, 200)
    t.equal(changed.body[text], 'another one, and longer')
    t.ok(changed.body.updated_at > first.body.updated_at)
    t.equal(changed.body.created_at, first.body.created_at)
    const seen = await call('GET', resources(`/${slug}/4000`))
    t.strictSame({ ...seen.body, ...own }, changed.body, 'the project shows it')
    const list = await call('GET', resources(`/${slug}`))
    const [project] = await sql(`SELECT ${idField.replace(/_id$/, '_bytes')} AS bytes FROM projects WHERE id = 789`)
    t.equal(Number(project?.['bytes']), Buffer.byteLength(list.text), 'the bytes of the list are counted exactly')

    const removed = await api('DELETE', path)
    t.strictSame([removed.status, removed.body], [200, { removed: { [table]: 1, [linkTable]: 1 } }])
    const none = await api('DELETE', path)
    t.strictSame([none.status, none.body], [200, { removed: { [table]: 0, [linkTable]: 0 } }])
    t.equal((await call('GET', resources(`/${slug}/4000`))).status, 404)
  })

  t.test(`${slug}: validated like the body of a create`, async (t) => {
    const service = await started
    await service.reset()
    const empty = await service.api('PUT', path, {})
    t.strictSame(
      [empty.status, empty.body],
      [400, faultBody(...Object.keys(create).map((name): [string, string] => [`body.${name}`, 'is required']))],
    )
    const none = await service.api('PUT', `/users/77/${slug}/1`, create)
    t.strictSame([none.status, none.body], [404, errorBody(404, 'USER_NOT_FOUND', 'User not found')])
    const wrong = await service.api('PUT', `/users/1/${slug}/0`, create)
    t.equal(wrong.status, 400)
  })

  t.test(`${slug}: ids that the caller chose and those of the sequence do not collide`, async (t) => {
    const service = await started
    await service.reset()
    const { api, call, sql } = service
    const values = (id: number) => ({
      ...create,
      ...('installation_id' in create && { installation_id: 100_000 + id }),
    })
    const [sequence] = await sql(`SELECT last_value::integer + is_called::integer AS next FROM ${table}_id_seq`)
    const next = sequence?.['next'] as number
    for (let id = next; id < next + 5; id += 1) {
      t.equal((await api('PUT', `/users/2/${slug}/${id}`, values(id))).status, 201)
    }
    t.equal((await api('PUT', `/users/2/${slug}/2147483647`, values(7))).status, 201, 'the last id of all')
    const made = await call('POST', resources(`/${slug}`), { body: values(90_000) })
    t.strictSame([made.status, made.body.id], [201, next + 5], 'the public API takes the next free one')
    await sql(
      `INSERT INTO ${table} (${Object.keys(create).join(', ')}, neptun_user_id) VALUES
      (${Object.keys(create)
        .map((_, index) => `$${index + 1}`)
        .join(', ')}, 1)`,
      Object.values(values(90_001)),
    )

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
    const taken = puts.filter(({ status }) => status === 201).map(({ body }) => body.id)
    const all = [...taken, ...posts.map(({ body }) => body.id)]
    t.equal(new Set(all).size, all.length, 'no id twice')
  })
}

t.test('a suspended installation withholds imports in the public API, until it is suspended no more', async (t) => {
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
  const kept = await put({})
  t.strictSame([kept.status, kept.body], [200, suspended.body], 'absent: as it is')
  const shown = await put({ suspended_at: null })
  t.match([shown.status, shown.body.suspended_at], [200, null])
  t.strictSame(await list(), [1, null])
  const wrong = await put({ suspended_at: 'yesterday' })
  t.strictSame(
    [wrong.status, wrong.body],
    [
      400,
      faultBody(['body.suspended_at', 'must be a time in ISO 8601 with a time zone, like 2025-02-16T17:42:11.000Z']),
    ],
  )
})

t.test('a suspension is at a time that exists, in the years 0001 to 9999 of UTC', async (t) => {
  const service = await started
  await service.reset()
  const values = { installation_id: 777, account_name: 'username', repository_selection: 'all' }
  const put = (suspended_at: unknown) =>
    service.api('PUT', '/users/1/github-installations/4000', { ...values, suspended_at })
  for (const [given, shown] of [
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0001-01-01T00:01:00+00:01', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:58:59.999-00:01', '9999-12-31T23:59:59.999Z'],
    [null, null],
  ]) {
    const { body } = await put(given)
    t.equal(body.suspended_at, shown, String(given))
  }
  const INSTANT = 'must be a time in ISO 8601 with a time zone, like 2025-02-16T17:42:11.000Z'
  for (const wrong of [
    '0001-01-01T00:00:00+00:01',
    '0000-12-31T23:59:59Z',
    '9999-12-31T23:59:59-00:01',
    '2023-02-29T00:00:00Z',
  ]) {
    const { status, body } = await put(wrong)
    t.strictSame([status, body], [400, faultBody(['body.suspended_at', INSTANT])], wrong)
  }
})

t.test('an installation that the user has under another id is a conflict', async (t) => {
  const service = await started
  await service.reset()
  const { api, sql } = service
  const before = await sql('SELECT * FROM github_installations ORDER BY id')
  const values = { installation_id: '456789', account_name: 'username', repository_selection: 'all' }
  const CONFLICT = errorBody(409, 'CONFLICT', 'The user already has a GitHub installation with this installation_id')
  const put = await api('PUT', '/users/1/github-installations/5', values)
  t.strictSame([put.status, put.body], [409, CONFLICT])
  t.strictSame(await sql('SELECT * FROM github_installations ORDER BY id'), before)
  t.equal((await api('PUT', '/users/2/github-installations/5', values)).status, 201, 'another user may have it too')
  t.equal((await api('PUT', '/users/2/github-installations/6', { ...values, installation_id: 7 })).status, 201)
  t.equal((await api('PUT', '/users/2/github-installations/6', values)).status, 409)
})

t.test('the rows of users and projects do not collide with ids that the caller chose either', async (t) => {
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

t.test('one user can change a resource of their own only', async (t) => {
  const service = await started
  await service.reset()
  const { api, call } = service
  const file = { title: 'a', text: 'b', language: 'c', extension: 'd' }
  const made = await call('POST', resources('/user-files'), { body: file })
  const put = await api('PUT', `/users/1/user-files/${made.body.id}`, { ...file, title: 'changed' })
  t.match([put.status, put.body.title], [200, 'changed'], 'also one that the public API created')
  t.equal((await api('PUT', `/users/2/user-files/${made.body.id}`, file)).status, 409)
  t.equal((await call('GET', resources('/user-files', STRANGER), { token: STRANGER.token })).body.length, 0)
  t.equal((await call('GET', resources(`/user-files/${made.body.id}`, OWNER))).body.title, 'changed')
})
