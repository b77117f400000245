import t, { type Test } from 'tap'
import { RESOURCE_DESCRIPTORS } from '../../src/projects-resources/resources/index.js'
import { resources, startApp, type TestApp } from '../support/app.js'
import { isConditional, tagOf } from '../support/conditional.js'
import { startNginx, upstream, withoutNginx } from '../support/nginx.js'

const IMPORTS = resources('/imports')
const LOCAL = { source_type: 'local', source_path: 'folder' }

const shared = await startApp(t)

/**
 * Creates a function that reads a path, asserts that the ETag identifies the state, and returns the number of different
 * states so far.
 */
function watch({ call }: TestApp, path: string) {
  const seen = new Map<string, string>()
  return async (t: Test, name: string) => {
    const response = await call('GET', path)
    const { body, headers } = response
    const state = JSON.stringify([body, headers.get('link'), headers.get('x-imports-withheld')])
    t.equal(response.status, 200, name)
    const sameTag = [...seen].find(([, tag]) => tag === tagOf(response))?.[0]
    t.ok(sameTag === undefined || sameTag === state, `${name}: no other state has this tag`)
    t.ok(!seen.has(state) || seen.get(state) === tagOf(response), `${name}: the state keeps its tag`)
    seen.set(state, tagOf(response))
    return seen.size
  }
}

t.test('an import, the list of imports and a page of it support conditional requests', async (t) => {
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

t.test('a resource of each type, its list and a page of it support conditional requests', async (t) => {
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

t.test('a streamed list supports conditional requests', async (t) => {
  const service = await shared.reset()
  const { sql } = service
  await sql(`
    INSERT INTO imports (source_type, source_path, neptun_user_id, project_id)
    SELECT 'local', 'folder/' || n, 1, 789 FROM generate_series(1, 600) n`)
  await isConditional(t, service, IMPORTS)
  await sql(`
    INSERT INTO user_files (id, title, text, language, extension, neptun_user_id)
    SELECT n, 'f' || n, 'x', 'c', 'c', 1 FROM generate_series(1, 600) n`)
  await sql(`INSERT INTO project_user_files (user_file_id, project_id, neptun_user_id)
    SELECT n, 789, 1 FROM generate_series(1, 600) n`)
  await isConditional(t, service, resources('/user-files'))
})

t.test('every change of a list of imports changes its ETag', async (t) => {
  for (const [kind, count] of [
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
    const countStates = watch(service, IMPORTS)
    const title = `${count - 1}`
    const steps: [string, () => Promise<unknown>][] = [
      ['the initial list', async () => {}],
      ['a change of the last import', () => call('PUT', `${IMPORTS}/${count}`, { body: { title } })],
      ['a change of the first import', () => call('PUT', `${IMPORTS}/1`, { body: { title } })],
      ['a change of nothing but the time', () => call('PUT', `${IMPORTS}/${count}`, { body: { title } })],
      ['a change by another service', () => sql(`UPDATE imports SET title = 'x' WHERE id = $1`, [count - 2])],
      ['a create', () => call('POST', IMPORTS, { body: LOCAL })],
      ['a delete', () => call('DELETE', `${IMPORTS}/${count - 1}`)],
      [
        'the creation of a withheld import',
        () =>
          sql(`INSERT INTO imports (source_type, source_path, neptun_user_id, project_id)
                                       VALUES ('github', 'other/x', 1, 789)`),
      ],
      [
        'the creation of another withheld import',
        () =>
          sql(`INSERT INTO imports (source_type, source_path, neptun_user_id, project_id)
                             VALUES ('github', 'other/x', 1, 789)`),
      ],
      ['a suspension', () => sql('UPDATE github_installations SET suspended_at = now()')],
    ]
    for (const [index, [name, change]] of steps.entries()) {
      await change()
      t.equal(await countStates(t, `${kind}: ${name}`), index + 1, `${kind}: ${name} is a new state`)
    }
    await sql('UPDATE github_installations SET suspended_at = NULL')
    t.equal(
      await countStates(t, `${kind}: the state before the suspension`),
      steps.length,
      'a restored state has its former tag',
    )
  }
})

t.test('every change of a list of resources changes its ETag', async (t) => {
  for (const [kind, count] of [
    ['in one batch', 5],
    ['streamed', 400],
  ] as const) {
    const service = await shared.reset()
    const { sql, call } = service
    const list = resources('/template-collections')
    await sql(`INSERT INTO template_collections (id, name, neptun_user_id)
      SELECT n, 'c' || n, 1 FROM generate_series(1, ${count + 1}) n`)
    await sql(`INSERT INTO project_template_collections (template_collection_id, project_id, neptun_user_id)
      SELECT n, 789, 1 FROM generate_series(1, ${count}) n`)
    await sql(`SELECT setval('template_collections_id_seq', 10000)`)
    const countStates = watch(service, list)
    const rename = (id: number) => sql(`UPDATE template_collections SET name = name || '!' WHERE id = ${id}`)
    const steps: [string, () => Promise<unknown>][] = [
      ['the initial list', async () => {}],
      ['a change of the newest, by another service', () => rename(count)],
      ['a change of the oldest', () => rename(1)],
      ['a link', () => call('POST', list, { body: { template_collection_id: count + 1 } })],
      ['a create', () => call('POST', list, { body: { name: 'new', description: null } })],
      ['an unlink', () => call('DELETE', `${list}/2`)],
      [
        'the same resource linked again, as the newest',
        () => call('POST', list, { body: { template_collection_id: 2 } }),
      ],
    ]
    for (const [index, [name, change]] of steps.entries()) {
      await change()
      t.equal(await countStates(t, `${kind}: ${name}`), index + 1, `${kind}: ${name} is a new state`)
    }
  }
})

t.test('the ETag of a page changes when a next page is added or removed', async (t) => {
  const service = await shared.reset()
  const { call } = service
  const countStates = watch(service, `${IMPORTS}?limit=1`)
  await call('POST', IMPORTS, { body: LOCAL })
  t.equal(await countStates(t, 'one import'), 1)
  const { body } = await call('POST', IMPORTS, { body: LOCAL })
  t.equal(await countStates(t, 'two imports'), 2)
  await call('DELETE', `${IMPORTS}/${body.import.id}`)
  t.equal(await countStates(t, 'one import again'), 2)
})

t.test('a row created while a list is streamed is not in the response, whose ETag was sent before', async (t) => {
  const { call, sql, url } = await shared.reset()
  await sql(`
    INSERT INTO imports (source_type, source_path, description, neptun_user_id, project_id)
    SELECT 'local', 'folder/' || n, repeat('x', 10000), 1, 789 FROM generate_series(1, 1000) n`)
  const before = await call('GET', IMPORTS)
  await sql(`DELETE FROM imports WHERE source_path = 'folder/1000'`)
  const response = await fetch(url + IMPORTS, { headers: { cookie: 'neptun-session=your-session-cookie' } })
  // The headers have arrived. Most of the 10 MB is sent only after the client reads.
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

t.test('conditional requests are authenticated, validated and authorized like other requests', async (t) => {
  const { call } = await shared.reset()
  const headers = { 'if-none-match': '*' }
  const { body } = await call('POST', IMPORTS, { body: LOCAL })
  const one = `${IMPORTS}/${body.import.id}`
  t.equal((await call('GET', one, { headers, token: null })).status, 401)
  t.equal((await call('GET', `${IMPORTS}?limit=0`, { headers })).status, 400)
  t.equal((await call('GET', one.replace('users/1', 'users/2'), { headers })).status, 403)
  t.equal((await call('GET', `${IMPORTS}/4711`, { headers })).status, 404)
  const missing = await call('GET', `${IMPORTS}/4711`)
  t.equal(missing.headers.get('etag'), null, 'an error has no ETag')
  t.equal((await call('GET', '/health/live', { headers })).status, 200)
  const created = await call('POST', IMPORTS, { headers, body: LOCAL })
  t.equal(created.status, 201, 'a create ignores If-None-Match')
})

t.test('a 201 has a relative Location, and the ETag that reading the new object returns', async (t) => {
  const service = await shared.reset()
  const { call, url } = service
  const creates: [path: string, body: object][] = [[IMPORTS, LOCAL]]
  for (const { slug, example } of RESOURCE_DESCRIPTORS) creates.push([resources(`/${slug}`), example])
  for (const [path, body] of creates) {
    for (const [index, query] of ['', '?unknown=a/b'].entries()) {
      // Recording the same installation again would be a 200.
      const other = 'installation_id' in body ? { installation_id: 1000 + index } : {}
      const created = await call('POST', path + query, { body: { ...body, ...other } })
      t.equal(created.status, 201, path)
      const id = created.body.import?.id ?? created.body.id
      const location = created.headers.get('location') ?? ''
      t.notMatch(
        location,
        /^\/|:/,
        'Location is relative, because a proxy may strip a prefix from the path of the request',
      )
      const target = new URL(location, `${url}${path}${query}`)
      t.equal(target.href, `${url}${path}/${id}`)
      t.equal(new URL(location, `https://example.com/prefix${path}${query}`).pathname, `/prefix${path}/${id}`)
      const read = await call('GET', target.pathname)
      t.strictSame([read.status, read.body], [200, created.body])
      t.equal(tagOf(created), tagOf(read))
    }
  }
})

t.test('responses to a POST that links a resource, and to a PUT, have the ETag of a later GET', async (t) => {
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

t.test('the OpenAPI document supports conditional requests', async (t) => {
  await isConditional(t, shared, '/openapi.json')
})

t.test('conditional requests work through a proxy that compresses', { skip: withoutNginx }, async (t) => {
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
  t.strictSame([read.status, await read.json()], [200, await created.json()], 'the Location is valid with the prefix')
  t.equal(read.headers.get('content-encoding'), 'gzip')
  let tag = read.headers.get('etag') ?? ''
  t.match(tag, /^W\/"/, 'nginx makes the ETag weak')
  const unchanged = await send('GET', one, { 'if-none-match': tag })
  t.equal(unchanged.status, 304)
  const changed = await send('PUT', one, { 'if-match': tag }, { title: 'changed' })
  t.equal(changed.status, 200)
  t.equal((await send('PUT', one, { 'if-match': tag }, { title: 'late' })).status, 412)
  t.equal((await send('GET', one, { 'if-none-match': tag })).status, 200)
  tag = changed.headers.get('etag') ?? ''
  t.equal((await send('DELETE', one, { 'if-match': tag })).status, 204)
})
