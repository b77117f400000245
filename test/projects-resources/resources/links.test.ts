import { once } from 'node:events'
import { get } from 'node:http'
import t from 'tap'
import {
  errorBody,
  OWNER,
  paginate,
  readPages,
  resources,
  startApp,
  type TestApp,
  until,
  validationErrorBody,
} from '../../support/app.js'
import { fillLinks, hasProperties, RESOURCE_TYPES, writeResource } from '../../support/resources.js'

const shared = await startApp(t)

const NOT_FOUND = errorBody(404, 'RESOURCE_NOT_FOUND', 'Resource not found')

for (const type of RESOURCE_TYPES) {
  const { slug, idField, table, linkTable, create, created, keys } = type
  const all = resources(`/${slug}`)

  t.test(`${slug}: links, lists, reads and unlinks a resource of the user`, async (t) => {
    const service = await shared.reset()
    const { call, sql } = service
    await writeResource(service, type, { id: 500 })

    t.equal((await call('GET', all)).text, '[]', 'nothing is linked at first')
    const linked = await call('POST', all, { body: { [idField]: 500 } })
    t.equal(linked.status, 201)
    t.strictSame(Object.keys(linked.body), keys)
    const times = { created_at: '2025-02-16T17:42:11.000Z', updated_at: '2025-02-16T18:42:11.000Z' }
    hasProperties(t, linked.body, { ...created, ...times, id: 500, neptun_user_id: 1 })
    t.strictSame((await call('GET', all)).body, [linked.body])
    t.strictSame((await call('GET', `${all}/500`)).body, linked.body)

    const again = await call('POST', all, { body: { [idField]: 500 } })
    t.strictSame([again.status, again.body], [200, linked.body], 'linking again is idempotent')
    t.strictSame((await call('GET', all)).body, [linked.body])

    const unlinked = await call('DELETE', `${all}/500`)
    t.strictSame([unlinked.status, unlinked.text], [204, ''])
    t.strictSame((await call('DELETE', `${all}/500`)).body, NOT_FOUND)
    t.strictSame((await call('GET', `${all}/500`)).body, NOT_FOUND)
    t.equal((await call('GET', all)).text, '[]')
    t.equal((await sql(`SELECT FROM ${table} WHERE id = 500`)).length, 1, 'the user keeps the resource')
  })

  t.test(`${slug}: creates a resource and links it`, async (t) => {
    const { call, sql } = await shared.reset()
    const response = await call('POST', all, { body: { ...create, id: 1, neptun_user_id: 2, unknown: 1 } })
    t.equal(response.status, 201)
    t.strictSame(Object.keys(response.body), keys)
    hasProperties(t, response.body, { ...created, neptun_user_id: 1 })
    t.equal(response.body.created_at, response.body.updated_at)
    t.match(response.body.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.strictSame((await call('GET', `${all}/${response.body.id}`)).body, response.body)
    t.strictSame(await sql(`SELECT project_id, ${idField} AS id, neptun_user_id FROM ${linkTable}`), [
      { project_id: 789, id: response.body.id, neptun_user_id: 1 },
    ])
  })

  t.test(`${slug}: lists the newest link first, regardless of the age of the resources`, async (t) => {
    const service = await shared.reset()
    const order = [503, 501, 504, 502]
    for (const id of order) {
      await writeResource(service, type, { id })
      await service.call('POST', all, { body: { [idField]: id } })
    }
    const { body } = await service.call('GET', all)
    t.strictSame(
      body.map(({ id }: { id: number }) => id),
      order.toReversed(),
    )
  })

  t.test(`${slug}: linking a missing resource and one of another user return the same 404`, async (t) => {
    const service = await shared.reset()
    await writeResource(service, type, { id: 600, userId: 2 })
    const foreign = await service.call('POST', all, { body: { [idField]: 600 } })
    const unknown = await service.call('POST', all, { body: { [idField]: 601 } })
    t.strictSame(foreign.body, NOT_FOUND)
    t.equal(foreign.text, unknown.text)
    const volatile = ['date', 'x-request-id', 'ratelimit-remaining', 'ratelimit-reset']
    const stable = ({ headers }: typeof foreign) => [...headers].filter(([name]) => !volatile.includes(name))
    t.strictSame(stable(foreign), stable(unknown))
    t.strictSame(await service.sql(`SELECT FROM ${linkTable}`), [])
  })

  t.test(`${slug}: links of one resource to two projects are independent`, async (t) => {
    const service = await shared.reset()
    const { call, sql } = service
    await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (791, 'another', 1)`)
    await writeResource(service, type, { id: 500 })
    const other = resources(`/${slug}`, { userId: 1, projectId: 791, token: '' })
    await call('POST', all, { body: { [idField]: 500 } })
    t.strictSame(
      (await call('DELETE', `${other}/500`)).body,
      NOT_FOUND,
      'the resource is not linked to the other project yet',
    )
    t.equal((await call('POST', other, { body: { [idField]: 500 } })).status, 201)
    t.equal((await call('DELETE', `${all}/500`)).status, 204)
    t.equal((await call('GET', `${other}/500`)).status, 200)
  })

  t.test(`${slug}: fifty concurrent POSTs of one resource create one link`, async (t) => {
    const service = await shared.reset()
    await writeResource(service, type, { id: 500 })
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => service.call('POST', all, { body: { [idField]: 500 } })),
    )
    t.equal(responses.filter(({ status }) => status === 201).length, 1)
    t.equal(responses.filter(({ status }) => status === 200).length, 49)
    t.equal((await service.sql(`SELECT FROM ${linkTable}`)).length, 1)
  })

  t.test(`${slug}: concurrent POSTs and DELETEs all succeed or are 404, and leave at most one link`, async (t) => {
    const service = await shared.reset()
    await writeResource(service, type, { id: 500 })
    const responses = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        index % 2 ? service.call('POST', all, { body: { [idField]: 500 } }) : service.call('DELETE', `${all}/500`),
      ),
    )
    const countOf = (status: number) => responses.filter((response) => response.status === status).length
    t.equal(countOf(200) + countOf(201), 30, 'every POST succeeds')
    t.equal(countOf(204) + countOf(404), 30, 'every DELETE succeeds or is 404')
    const linked = (await service.sql(`SELECT FROM ${linkTable}`)).length
    t.equal(linked, countOf(201) - countOf(204))
    t.equal((await service.call('GET', `${all}/500`)).status, linked === 1 ? 200 : 404)
  })

  t.test(`${slug}: while a project is deleted, a POST is 404, or its link is deleted with the project`, async (t) => {
    const service = await shared.reset()
    const { call, sql } = service
    await writeResource(service, type, { id: 500 })
    const body = (index: number) => ({ body: index % 2 ? create : { [idField]: 500 } })
    const responses = await Promise.all([
      ...Array.from({ length: 15 }, (_, index) => call('POST', all, body(index))),
      sql('DELETE FROM projects WHERE id = 789'),
      ...Array.from({ length: 15 }, (_, index) => call('POST', all, body(index))),
    ])
    const posts = responses.flatMap((response) => ('status' in response ? [response] : []))
    for (const { status, text } of posts) t.ok([200, 201, 404].includes(status), `${status} ${text}`)
    t.strictSame((await call('GET', all)).body, errorBody(404, 'PROJECT_NOT_FOUND', 'Project not found'))
    t.strictSame(await sql(`SELECT FROM ${linkTable}`), [])
    const returned = new Set(posts.filter(({ status }) => status < 300).map(({ body }) => body.id))
    const rows = await sql<{ id: number }>(`SELECT id FROM ${table} WHERE id NOT IN (123, 500)`)
    const stored = new Set(rows.map(({ id }) => id))
    t.strictSame(stored, new Set([...returned].filter((id) => id !== 500)), 'a create that fails leaves no resource')
  })

  t.test(`${slug}: while a resource is deleted, a POST is 404, or its link is deleted with the resource`, async (t) => {
    const service = await shared.reset()
    await writeResource(service, type, { id: 500 })
    const responses = await Promise.all([
      ...Array.from({ length: 10 }, () => service.call('POST', all, { body: { [idField]: 500 } })),
      service.sql(`DELETE FROM ${table} WHERE id = 500`),
      ...Array.from({ length: 10 }, () => service.call('POST', all, { body: { [idField]: 500 } })),
    ])
    for (const response of responses)
      if ('status' in response) t.ok([200, 201, 404].includes(response.status), response.text)
    t.strictSame((await service.call('POST', all, { body: { [idField]: 500 } })).body, NOT_FOUND)
    t.equal((await service.call('GET', all)).text, '[]')
  })

  t.test(`${slug}: a list of 1000 links is complete and in order`, async (t) => {
    const service = await shared.reset()
    const { sql, call } = service
    await fillLinks(service, type, 1000)
    const { body } = await call('GET', all)
    const order = await sql<{ id: number }>(`SELECT ${idField} AS id FROM ${linkTable} ORDER BY id DESC`)
    t.strictSame(
      body.map(({ id }: { id: number }) => id),
      order.map(({ id }) => id),
    )
    t.strictSame(Object.keys(body[999]), keys)
  })
}

t.test('a list of long texts of different sizes is complete', async (t) => {
  const { sql, call } = await shared.reset()
  const all = resources('/user-files')
  const write = (id: number, text: string) =>
    sql(
      `WITH made AS (
         INSERT INTO user_files (id, neptun_user_id, title, text, language, extension)
         VALUES ($1, 1, 'file', $2, 'x', 'x') RETURNING id
       )
       INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id) SELECT 789, id, 1 FROM made`,
      [id, text],
    )
  const texts = async (query = '') => (await call('GET', all + query)).body.map(({ text }: { text: string }) => text)
  const [half, other] = ['a'.repeat(512 * 1024), 'é'.repeat(256 * 1024)]
  await write(1, half)
  await write(2, other)
  t.strictSame(await texts(), [other, half])
  await write(3, '!')
  t.strictSame(await texts(), ['!', other, half])
  t.strictSame(await texts('?limit=2'), ['!', other])
  await write(4, half)
  t.strictSame(await texts('?limit=3'), [half, '!', other])
  const response = await call('GET', `${all}?limit=2`)
  t.match(response.headers.get('link'), /rel="next"/)
})

t.test('all pages of links together are the whole list, newest link first', async (t) => {
  const service = await shared.reset()
  const { sql, call } = service
  const all = resources('/user-files')
  await sql(`
    WITH made AS (
      INSERT INTO user_files (neptun_user_id, title, text, language, extension)
      SELECT 1, 'file ' || n, '', 'x', 'x' FROM generate_series(1, 23) n RETURNING id
    )
    INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id) SELECT 789, id, 1 FROM made ORDER BY id`)
  const whole = (await call('GET', all)).body
  t.equal(whole.length, 23)
  for (const limit of [1, 5, 22, 23, 100]) {
    const pages = await readPages(service, `${all}?limit=${limit}`)
    t.strictSame(
      pages.map(({ body }) => body),
      paginate(whole, limit),
      `limit=${limit}`,
    )
  }
  for (const [query, path, message] of [
    ['limit=0', 'query.limit', 'must be an integer from 1 to 100'],
    ['limit=101', 'query.limit', 'must be an integer from 1 to 100'],
    ['limit=5&cursor=nonsense', 'query.cursor', 'is not a cursor of this list'],
    ['cursor=MQ', 'query.limit', 'is required with a cursor'],
  ] as const) {
    const response = await call('GET', `${all}?${query}`)
    t.strictSame(response.body, validationErrorBody([path, message]), query)
  }
  t.equal((await call('GET', `${all}?limit=5&cursor=MQ`)).text, '[]', 'no link is older than the first one')
})

/** Links 15 files of 1 MiB to project 789. The limit of each of its lists is 16 MiB. */
const writeLargeFiles = (sql: TestApp['sql']) =>
  sql(`
    WITH made AS (
      INSERT INTO user_files (neptun_user_id, title, text, language, extension)
      SELECT 1, 'big', repeat('0123456789abcdef', 65536), 'x', 'x' FROM generate_series(1, 15) RETURNING id
    )
    INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id) SELECT 789, id, 1 FROM made`)

t.test('fifteen files of 1 MiB are listed', async (t) => {
  const { sql, call } = await startApp(t)
  await writeLargeFiles(sql)
  const response = await call('GET', resources('/user-files'))
  t.equal(response.status, 200)
  t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  t.equal(response.body.length, 15)
  const text = '0123456789abcdef'.repeat(65_536)
  t.ok(response.body.every((file: { text: string }) => file.text === text))
})

t.test('HEAD of a large list has the content type of GET and no body', async (t) => {
  const { sql, call } = await startApp(t)
  await writeLargeFiles(sql)
  const { status, headers, text } = await call('HEAD', resources('/user-files'))
  t.strictSame([status, headers.get('content-type'), text], [200, 'application/json; charset=utf-8', ''])
})

t.test('a client that does not read a large list does not occupy a database connection', async (t) => {
  const { url, sql, call, database } = await startApp(t, { DATABASE_POOL_SIZE: '3' })
  await writeLargeFiles(sql)
  const readers = Array.from({ length: 2 }, () => {
    const headers = { cookie: `neptun-session=${OWNER.token}` }
    return get(url + resources('/user-files'), { headers, agent: false })
  })
  await Promise.all(readers.map((reader) => once(reader, 'response')))
  const { pool } = database
  await until(() => pool.idleCount === pool.totalCount && pool.waitingCount === 0, 'every connection is idle')
  t.equal((await call('GET', resources('/imports'))).status, 200, 'other requests are served')
  for (const reader of readers) reader.destroy()
})

t.test('a text of 1 MiB round-trips byte for byte, and one byte more is rejected', async (t) => {
  const { call } = await shared.reset()
  const all = resources('/user-files')
  const body = (text: string) => ({ body: { title: 'x', text, language: 'x', extension: 'x' } })
  for (const text of ['a'.repeat(1_048_576), '🦉'.repeat(262_144), `${'\\"\n\u2028'.repeat(1000)}`]) {
    const response = await call('POST', all, body(text))
    t.equal(response.status, 201)
    t.ok(response.body.text === text, 'POST')
    t.ok((await call('GET', `${all}/${response.body.id}`)).body.text === text, 'GET')
  }
  for (const [text, message] of [
    ['a'.repeat(1_048_577), 'must have 0 to 1048576 characters'],
    ['🦉'.repeat(262_145), 'must have at most 1048576 bytes in UTF-8'],
  ] as const) {
    t.strictSame((await call('POST', all, body(text))).body, validationErrorBody(['body.text', message]))
  }
  t.equal((await call('POST', all, body('a'.repeat(2 * 1024 * 1024)))).status, 413)
})

t.test('an unknown resource type is 400 for every method, and 401 without a session', async (t) => {
  const { call } = await shared.reset()
  const INVALID = errorBody(400, 'INVALID_RESOURCE_TYPE', 'Invalid resource type')
  for (const type of [
    'nonsense',
    'user-file',
    'user-filess',
    'USER-FILES',
    'Imports',
    '%75ser-files%20',
    '%zz',
    '..%2f',
  ]) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      for (const path of [`/${type}`, `/${type}/5`, `/${type}/x`]) {
        t.strictSame((await call(method, resources(path))).body, INVALID, `${method} ${path}`)
        t.equal((await call(method, resources(path), { token: null })).status, 401)
      }
    }
    t.strictSame(
      (await call('POST', resources(`/${type}`), { body: '{', headers: { 'content-type': 'x/y' } })).body,
      INVALID,
    )
  }
})

t.test('a method that a resource type does not support is 404 ROUTE_NOT_FOUND', async (t) => {
  const { call } = await shared.reset()
  const table = [
    ['PUT', '/user-files'],
    ['PATCH', '/user-files/5'],
    ['PUT', '/chat-conversations/5'],
    ['POST', '/template-collections/5'],
    ['DELETE', '/github-installations'],
    ['DELETE', '/imports'],
    ['POST', '/imports/5'],
    ['PATCH', '/imports/5'],
    ['GET', '/user-files/5/6'],
    ['GET', '/nonsense/5/6'],
  ] as const
  for (const [method, path] of table) {
    const response = await call(method, resources(path))
    t.strictSame(response.body, errorBody(404, 'ROUTE_NOT_FOUND', 'Route not found'), `${method} ${path}`)
  }
})

t.test('in production without a GitHub App, installations can be linked but not recorded', async (t) => {
  const { call, sql } = await startApp(t, { NODE_ENV: 'production' })
  const all = resources('/github-installations')
  const response = await call('POST', all, {
    body: { installation_id: 1, account_name: 'torvalds', repository_selection: 'all' },
  })
  const message = 'Installations cannot be recorded: no GitHub App is configured to verify them'
  t.strictSame(response.body, errorBody(403, 'GITHUB_ACCESS_DENIED', message))
  t.equal((await sql('SELECT FROM github_installations')).length, 1, 'no row was inserted')
  t.equal((await call('POST', all, { body: { github_installation_id: 123 } })).status, 201)
})
