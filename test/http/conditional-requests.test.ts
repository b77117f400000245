import t, { type Test } from 'tap'
import { RESOURCE_DESCRIPTORS } from '../../src/projects-resources/resources/index.js'
import { resources, startApp, type TestApp } from '../support/app.js'
import { isConditional, tagOf } from '../support/conditional.js'
import { startNginx, upstream, withoutNginx } from '../support/nginx.js'

const IMPORTS = resources('/imports')
const LOCAL = { source_type: 'local', source_path: 'folder' }

const shared = await startApp(t)

/** Expects a change to move the tag of a path. */
function watch({ call }: TestApp, path: string) {
  const seen = new Map<string, string>()
  return async (t: Test, what: string) => {
    const answer = await call('GET', path)
    const state = JSON.stringify([answer.body, answer.headers.get('link'), answer.headers.get('x-imports-withheld')])
    t.equal(answer.status, 200, what)
    const before = [...seen].find(([, tag]) => tag === tagOf(answer))?.[0]
    t.ok(before === undefined || before === state, `${what}: no other state has this tag`)
    t.ok(!seen.has(state) || seen.get(state) === tagOf(answer), `${what}: a state keeps its tag`)
    seen.set(state, tagOf(answer))
    return seen.size
  }
}

t.test('an import, a list of imports and a page of it can be read conditionally', async (t) => {
  const service = await shared.reset()
  const { headers } = await service.call('GET', IMPORTS)
  t.same([headers.get('cache-control'), headers.get('vary')], ['private, no-cache', 'Cookie'])
  await isConditional(t, service, IMPORTS)
  const { body } = await service.call('POST', IMPORTS, { body: LOCAL })
  await service.call('POST', IMPORTS, { body: { ...LOCAL, title: '👩‍👩‍👧 عربي' } })
  for (const path of ['', '?source_type=local', '?source_type=git', '?limit=1', `/${body.import.id}`]) {
    await isConditional(t, service, IMPORTS + path)
  }
})

t.test('so can a resource of each type, a list of them and a page', async (t) => {
  const service = await shared.reset()
  for (const { slug, example } of RESOURCE_DESCRIPTORS) {
    const list = resources(`/${slug}`)
    await isConditional(t, service, list)
    const { body } = await service.call('POST', list, { body: example })
    await isConditional(t, service, list)
    await isConditional(t, service, `${list}?limit=1`)
    await isConditional(t, service, `${list}/${body.id}`)
  }
})

t.test('a list of more than one batch can, too, and costs no rows after the first batch', async (t) => {
  const service = await shared.reset()
  const { sql } = service
  await sql(`
    INSERT INTO imports (source_type, source_path, neptun_user_id, project_id)
    SELECT 'local', 'folder/' || n, 1, 789 FROM generate_series(1, 600) n`)
  await isConditional(t, service, IMPORTS)
  await sql(`
    INSERT INTO user_files (id, title, text, language, extension, neptun_user_id)
    SELECT n, 'f' || n, 'x', 'c', 'c', 1 FROM generate_series(1, 250) n`)
  await sql(`INSERT INTO project_user_files (user_file_id, project_id, neptun_user_id)
    SELECT n, 789, 1 FROM generate_series(1, 250) n`)
  await isConditional(t, service, resources('/user-files'))
})

t.test('whatever changes a list of imports changes its tag', async (t) => {
  for (const [what, count] of [
    ['in one batch', 5],
    ['streamed', 700],
  ] as const) {
    const service = await shared.reset()
    const { sql, call } = service
    await sql(
      `INSERT INTO imports (id, source_type, source_path, created_at, neptun_user_id, project_id)
       SELECT n, 'github', 'username/' || n, timestamptz '2025-01-01' + n * interval '1 ms', 1, 789
       FROM generate_series(1, $1) n`,
      [count],
    )
    await sql(`SELECT setval('imports_id_seq', 10000)`)
    const look = watch(service, IMPORTS)
    const title = `${count - 1}`
    const steps: [string, () => Promise<unknown>][] = [
      ['at first', async () => {}],
      ['a change of the last one', () => call('PUT', `${IMPORTS}/${count}`, { body: { title } })],
      ['a change of the first one', () => call('PUT', `${IMPORTS}/1`, { body: { title } })],
      ['a change that changes nothing but the time', () => call('PUT', `${IMPORTS}/${count}`, { body: { title } })],
      ['a change around the service', () => sql(`UPDATE imports SET title = 'x' WHERE id = $1`, [count - 2])],
      ['a create', () => call('POST', IMPORTS, { body: LOCAL })],
      ['a removal', () => call('DELETE', `${IMPORTS}/${count - 1}`)],
      [
        'a withheld create',
        () =>
          sql(`INSERT INTO imports (source_type, source_path, neptun_user_id, project_id)
                                       VALUES ('github', 'nobody/x', 1, 789)`),
      ],
      [
        'another',
        () =>
          sql(`INSERT INTO imports (source_type, source_path, neptun_user_id, project_id)
                             VALUES ('github', 'nobody/x', 1, 789)`),
      ],
      ['a suspension', () => sql('UPDATE github_installations SET suspended_at = now()')],
    ]
    for (const [index, [name, change]] of steps.entries()) {
      await change()
      t.equal(await look(t, `${what}: ${name}`), index + 1, `${what}: ${name} is another state`)
    }
    await sql('UPDATE github_installations SET suspended_at = NULL')
    t.equal(await look(t, `${what}: as before the suspension`), steps.length, 'a state that is back has its tag again')
  }
})

t.test('whatever changes a list of resources changes its tag', async (t) => {
  for (const [what, count] of [
    ['in one batch', 5],
    ['streamed', 250],
  ] as const) {
    const service = await shared.reset()
    const { sql, call } = service
    const list = resources('/template-collections')
    await sql(`INSERT INTO template_collections (id, name, neptun_user_id)
      SELECT n, 'c' || n, 1 FROM generate_series(1, ${count + 1}) n`)
    await sql(`INSERT INTO project_template_collections (template_collection_id, project_id, neptun_user_id)
      SELECT n, 789, 1 FROM generate_series(1, ${count}) n`)
    await sql(`SELECT setval('template_collections_id_seq', 10000)`)
    const look = watch(service, list)
    const rename = (id: number) => sql(`UPDATE template_collections SET name = name || '!' WHERE id = ${id}`)
    const steps: [string, () => Promise<unknown>][] = [
      ['at first', async () => {}],
      ['a change of the newest, by another service', () => rename(count)],
      ['a change of the oldest', () => rename(1)],
      ['a link', () => call('POST', list, { body: { template_collection_id: count + 1 } })],
      ['a create', () => call('POST', list, { body: { name: 'new', description: null } })],
      ['an unlink', () => call('DELETE', `${list}/2`)],
      ['the same linked again, as the newest', () => call('POST', list, { body: { template_collection_id: 2 } })],
    ]
    for (const [index, [name, change]] of steps.entries()) {
      await change()
      t.equal(await look(t, `${what}: ${name}`), index + 1, `${what}: ${name} is another state`)
    }
  }
})

t.test('a page that becomes the last one, or is not any more, has another tag', async (t) => {
  const service = await shared.reset()
  const { call } = service
  const look = watch(service, `${IMPORTS}?limit=1`)
  await call('POST', IMPORTS, { body: LOCAL })
  t.equal(await look(t, 'one import'), 1)
  const { body } = await call('POST', IMPORTS, { body: LOCAL })
  t.equal(await look(t, 'two imports'), 2)
  await call('DELETE', `${IMPORTS}/${body.import.id}`)
  t.equal(await look(t, 'one again'), 2)
})

t.test('a row that appears while a list is streamed is not in a body with the earlier tag', async (t) => {
  const { call, sql, url } = await shared.reset()
  await sql(`
    INSERT INTO imports (source_type, source_path, description, neptun_user_id, project_id)
    SELECT 'local', 'folder/' || n, repeat('x', 10000), 1, 789 FROM generate_series(1, 1000) n`)
  const before = await call('GET', IMPORTS)
  await sql(`DELETE FROM imports WHERE source_path = 'folder/1000'`)
  const response = await fetch(url + IMPORTS, { headers: { cookie: 'neptun-session=your-session-cookie' } })
  // The headers are here, and the rest of 10 MB waits for this client to read.
  await sql(
    `INSERT INTO imports (source_type, source_path, neptun_user_id, project_id) VALUES ('local', 'late', 1, 789)`,
  )
  const { imports } = (await response.json()) as { imports: { source_path: string }[] }
  t.equal(imports.length, 999)
  t.notOk(imports.some(({ source_path }) => source_path === 'late'))
  const after = await call('GET', IMPORTS)
  t.equal(after.body.imports.length, 1000)
  t.equal(new Set([before, after].map(tagOf).concat(response.headers.get('etag') ?? '')).size, 3)
})

t.test('no check is skipped for a conditional request', async (t) => {
  const { call } = await shared.reset()
  const headers = { 'if-none-match': '*' }
  const { body } = await call('POST', IMPORTS, { body: LOCAL })
  const one = `${IMPORTS}/${body.import.id}`
  t.equal((await call('GET', one, { headers, token: null })).status, 401)
  t.equal((await call('GET', `${IMPORTS}?limit=0`, { headers })).status, 400)
  t.equal((await call('GET', one.replace('users/1', 'users/2'), { headers })).status, 403)
  t.equal((await call('GET', `${IMPORTS}/4711`, { headers })).status, 404)
  const refused = await call('GET', `${IMPORTS}/4711`)
  t.equal(refused.headers.get('etag'), null, 'an error has no tag')
  t.equal((await call('GET', '/health/live', { headers })).status, 200)
  const posted = await call('POST', IMPORTS, { headers, body: LOCAL })
  t.equal(posted.status, 201, 'the precondition of a read is none of a create')
})

t.test(
  'a 201 has the Location of the new object, relative to the request, and the ETag that reading it returns',
  async (t) => {
    const service = await shared.reset()
    const { call, url } = service
    const creates: [path: string, body: object][] = [[IMPORTS, LOCAL]]
    for (const { slug, example } of RESOURCE_DESCRIPTORS) creates.push([resources(`/${slug}`), example])
    for (const [path, body] of creates) {
      for (const [index, query] of ['', '?unknown=a/b'].entries()) {
        // A user has each installation once.
        const other = 'installation_id' in body ? { installation_id: 1000 + index } : {}
        const created = await call('POST', path + query, { body: { ...body, ...other } })
        t.equal(created.status, 201, path)
        const id = created.body.import?.id ?? created.body.id
        const location = created.headers.get('location') ?? ''
        t.notMatch(location, /^\/|:/, 'neither an origin nor a path that a proxy may strip')
        const target = new URL(location, `${url}${path}${query}`)
        t.equal(target.href, `${url}${path}/${id}`)
        t.equal(new URL(location, `https://example.com/prefix${path}${query}`).pathname, `/prefix${path}/${id}`)
        const read = await call('GET', target.pathname)
        t.strictSame([read.status, read.body], [200, created.body])
        t.equal(tagOf(created), tagOf(read))
      }
    }
  },
)

t.test('a link that is new or not, and a change, have the ETag that reading returns', async (t) => {
  const { call } = await shared.reset()
  const list = resources('/github-installations')
  for (const status of [201, 200]) {
    const linked = await call('POST', list, { body: { github_installation_id: 123 } })
    t.equal(linked.status, status)
    t.equal(tagOf(linked), tagOf(await call('GET', `${list}/123`)))
    t.equal(linked.headers.get('location'), status === 201 ? 'github-installations/123' : null)
  }
  const { body } = await call('POST', IMPORTS, { body: LOCAL })
  const one = `${IMPORTS}/${body.import.id}`
  const changed = await call('PUT', one, { body: { title: 'x' } })
  t.equal(tagOf(changed), tagOf(await call('GET', one)))
  t.equal(tagOf(await call('DELETE', one)), '')
})

t.test('the OpenAPI document can be read conditionally', async (t) => {
  await isConditional(t, shared, '/openapi.json')
})

t.test('tags survive a proxy that compresses', { skip: withoutNginx }, async (t) => {
  const service = await shared.reset()
  const proxy = await startNginx(
    t,
    `location /prefix/ { ${upstream(service.url)}/; gzip on; gzip_types application/json; gzip_proxied any; gzip_min_length 1; }`,
  )
  const cookie = 'neptun-session=your-session-cookie'
  const send = async (method: string, url: string | URL, headers = {}, body?: object) =>
    await fetch(url, {
      method,
      headers: { cookie, 'accept-encoding': 'gzip', 'content-type': 'application/json', ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  const created = await send('POST', `${proxy}/prefix${IMPORTS}`, {}, { ...LOCAL, title: 'x'.repeat(255) })
  t.equal(created.status, 201)
  const one = new URL(created.headers.get('location') ?? '', created.url)
  const read = await send('GET', one)
  t.strictSame(
    [read.status, await read.json()],
    [200, await created.json()],
    'the Location leads there through a prefix',
  )
  t.equal(read.headers.get('content-encoding'), 'gzip')
  let tag = read.headers.get('etag') ?? ''
  t.match(tag, /^W\/"/, 'nginx makes the tag weak')
  const unchanged = await send('GET', one, { 'if-none-match': tag })
  t.equal(unchanged.status, 304)
  const changed = await send('PUT', one, { 'if-match': tag }, { title: 'changed' })
  t.equal(changed.status, 200)
  t.equal((await send('PUT', one, { 'if-match': tag }, { title: 'late' })).status, 412)
  t.equal((await send('GET', one, { 'if-none-match': tag })).status, 200)
  tag = changed.headers.get('etag') ?? ''
  t.equal((await send('DELETE', one, { 'if-match': tag })).status, 204)
})
