import t, { type Test } from 'tap'
import { deleteExpired } from '../../src/database/retention.js'
import {
  type AppResponse,
  accessDeniedBody,
  createSession,
  errorBody,
  OWNER,
  resources,
  STRANGER,
  startApp,
  until,
  validationErrorBody,
} from '../support/app.js'
import { holdTransaction, LOCK_WAITS } from '../support/database.js'
import { startLive } from '../support/live.js'
import { exchange, SESSION, withJson } from '../support/raw.js'
import { RESOURCE_TYPES, writeResource } from '../support/resources.js'

const shared = await startApp(t)

const LOCK_PROJECT = 'SELECT FROM projects WHERE id = 789 FOR UPDATE'
const IMPORTS = resources('/imports')
const LOCAL = { source_type: 'local', source_path: 'folder', title: 'a' }
const FILE = {
  title: 'x',
  original_path: 'x',
  context_file_category: 'x',
  context_file_type: 'x',
  text: 'x',
  language: null,
}
const REUSED = errorBody(422, 'IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for a different request')
const IN_PROGRESS = errorBody(
  409,
  'IDEMPOTENCY_CONFLICT',
  'The first request with this Idempotency-Key is still in progress; try again later',
)

const post = (body: object, key: string, path = IMPORTS, token = OWNER.token) =>
  shared.call('POST', path, { body, token, headers: { 'idempotency-key': key } })

const count = async (table: string) =>
  (await shared.sql<{ count: number }>(`SELECT count(*)::integer FROM ${table}`))[0]?.count

const countLockWaits = async () => (await shared.sql(LOCK_WAITS)).length

const relevant = ({ status, headers, text }: AppResponse) => ({
  status,
  text,
  ...Object.fromEntries(['location', 'etag', 'content-type'].map((name) => [name, headers.get(name)])),
})

/** Expects the retry of a request to get the first response again. */
function isReplayed(t: Test, first: AppResponse, again: AppResponse, what: string) {
  t.strictSame(relevant(again), relevant(first), what)
  t.equal(first.headers.get('idempotency-replayed'), null)
  t.equal(again.headers.get('idempotency-replayed'), 'true')
}

t.test('a retry of a create gets the first response, even after a change, and creates nothing', async (t) => {
  const { call } = await shared.reset()
  const long = '\u0001"é🎉'.repeat(30_000)
  const creates: [slug: string, table: string, body: object][] = [
    ['imports', 'imports', LOCAL],
    ['files', 'context_files', FILE],
    ['files', 'context_files', { ...FILE, text: long }],
    ...RESOURCE_TYPES.map(({ slug, table, create }): [string, string, object] => [slug, table, create]),
    ['user-files', 'user_files', { ...RESOURCE_TYPES[0]?.create, text: long }],
  ]
  for (const [index, [slug, table, body]] of creates.entries()) {
    const path = resources(`/${slug}`)
    const first = await post(body, `key-${index}`, path)
    t.equal(first.status, 201, slug)
    const stored = await count(table)
    isReplayed(t, first, await post(body, `key-${index}`, path), slug)
    t.equal(await count(table), stored, 'the retry creates no row')
    const one = await call('GET', new URL(first.headers.get('location') ?? '', `http://x${path}`).pathname)
    t.equal(one.headers.get('etag'), first.headers.get('etag'), 'a create and a read have the same ETag')
    t.strictSame(one.body, first.body)
    t.equal((await shared.sql(`UPDATE ${table} SET updated_at = now() RETURNING id`)).length, stored)
    isReplayed(t, first, await post(body, `key-${index}`, path), `${slug}, after a change`)
  }
})

t.test(
  'a retried link to a resource without a long text gets the first response, even after an unlink, change or deletion',
  async (t) => {
    const service = await shared.reset()
    for (const type of RESOURCE_TYPES) {
      const path = resources(`/${type.slug}`)
      await writeResource(service, type, { id: 501 })
      const link = { [type.idField]: 501 }
      const first = await post(link, `link-${type.slug}`, path)
      t.equal(first.status, 201)
      const again = await post(link, `another-${type.slug}`, path)
      t.strictSame(
        [again.status, again.headers.get('idempotency-replayed')],
        [200, null],
        'a request with another key is executed',
      )
      t.equal((await service.call('DELETE', `${path}/501`)).status, 204)
      isReplayed(t, first, await post(link, `link-${type.slug}`, path), `${type.slug}, after an unlink`)
      isReplayed(
        t,
        again,
        await post(link, `another-${type.slug}`, path),
        `${type.slug} with another key, after an unlink`,
      )
      t.equal(await count(type.linkTable), 0)
      const changes = type.texts.map((name) => `${name} = 'changed'`)
      await service.sql(`UPDATE ${type.table} SET ${changes.join(', ')} WHERE id = 501`)
      isReplayed(t, first, await post(link, `link-${type.slug}`, path), `${type.slug}, after a change`)
      await service.sql(`DELETE FROM ${type.table} WHERE id = 501`)
      isReplayed(t, first, await post(link, `link-${type.slug}`, path), `${type.slug}, after its deletion`)
    }
  },
)

t.test('a retry of a preview gets the first response', async (t) => {
  await shared.reset()
  const first = await post(LOCAL, 'preview', `${IMPORTS}/preview`)
  t.strictSame([first.status, first.body.duplicates], [200, []])
  await post(LOCAL, 'create')
  isReplayed(t, first, await post(LOCAL, 'preview', `${IMPORTS}/preview`), 'a preview')
})

t.test('a request with the same key and other JSON is 422; the order of properties is irrelevant', async (t) => {
  const { sql } = await shared.reset()
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (791, 'third', 1)`)
  const body = { ...LOCAL, extra: { a: 1, b: [{ c: 1, d: null }] } }
  const first = await post(body, 'k')
  t.equal(first.status, 201)
  const reordered = {
    extra: { b: [{ d: null, c: 1 }], a: 1 },
    title: 'a',
    source_path: 'folder',
    source_type: 'local',
  }
  isReplayed(t, first, await post(reordered, 'k'), 'reordered properties')
  const trailing = await post(body, 'k', `${IMPORTS}/`)
  t.strictSame([trailing.text, trailing.headers.get('idempotency-replayed')], [first.text, 'true'])
  t.equal(
    trailing.headers.get('location'),
    String(first.body.import.id),
    'Location is relative to the URL of this request',
  )
  const others: [what: string, body: object, path?: string][] = [
    ['another value', { ...body, title: 'b' }],
    ['another type of value', { ...body, extra: { a: '1', b: [{ c: 1, d: null }] } }],
    ['a missing property', LOCAL],
    ['another project', body, resources('/imports', { ...OWNER, projectId: 791 })],
    ['the preview', body, `${IMPORTS}/preview`],
    ['another collection', FILE, resources('/files')],
  ]
  for (const [what, other, path] of others) {
    const response = await post(other, 'k', path)
    t.strictSame([response.status, response.body], [422, REUSED], what)
    t.equal(response.headers.get('location'), null)
  }
  t.strictSame([await count('imports'), await count('context_files')], [1, 0])
})

t.test(
  'long texts are not stored twice: creates are replayed with the original text, links with the current text',
  async (t) => {
    const { call } = await shared.reset()
    const text = '\u0001"é🎉'.repeat(30_000)
    const first = await post({ ...FILE, text }, 'file', resources('/files'))
    const path = resources(`/files/${first.body.file.id}`)
    t.equal((await call('PUT', path, { body: { title: 'y', text: 'y' } })).status, 200)
    isReplayed(t, first, await post({ ...FILE, text }, 'file', resources('/files')), 'a file, after a change')
    t.equal((await call('DELETE', path)).status, 204)
    isReplayed(t, first, await post({ ...FILE, text }, 'file', resources('/files')), 'a file, after its deletion')

    const userFile = { title: 'x', text, language: 'x', extension: 'x' }
    const created = await post(userFile, 'user-file', resources('/user-files'))
    const link = { user_file_id: created.body.id }
    t.equal((await call('DELETE', resources(`/user-files/${link.user_file_id}`))).status, 204)
    const linked = await post(link, 'link', resources('/user-files'))
    t.strictSame([linked.status, linked.text], [201, created.text])
    isReplayed(t, linked, await post(link, 'link', resources('/user-files')), 'a link')
    const [sizes] = await shared.sql(`SELECT max(octet_length(result::text)) < 1000 AS small FROM idempotency_keys`)
    t.ok(sizes?.['small'])
    await shared.sql('DELETE FROM user_files')
    const missing = await post(link, 'link', resources('/user-files'))
    t.strictSame([missing.status, missing.body], [404, errorBody(404, 'RESOURCE_NOT_FOUND', 'Resource not found')])
    isReplayed(t, created, await post(userFile, 'user-file', resources('/user-files')), 'a user file')
  },
)

t.test('a response is not replayed after its project was deleted, or while the user has no access', async (t) => {
  const { sql } = await shared.reset()
  const github = { source_type: 'github', source_path: 'username/repository' }
  const first = await post(github, 'github')
  const preview = await post(github, 'preview', `${IMPORTS}/preview`)
  t.strictSame([first.status, preview.status], [201, 200])
  await sql(`UPDATE github_installations SET suspended_at = now()`)
  const denied = accessDeniedBody('username/repository')
  for (const [key, path] of [
    ['github', IMPORTS],
    ['preview', `${IMPORTS}/preview`],
  ] as const) {
    const response = await post(github, key, path)
    t.strictSame(
      [response.status, response.body, response.headers.get('idempotency-replayed')],
      [403, denied, null],
      `a retry with the key ${key}`,
    )
  }
  await sql(`UPDATE github_installations SET suspended_at = NULL, repository_selection = 'selected'`)
  isReplayed(t, first, await post(github, 'github'), 'a create of an import that is visible again')
  isReplayed(
    t,
    preview,
    await post(github, 'preview', `${IMPORTS}/preview`),
    'a preview of an import that is visible again',
  )

  const local = await post(LOCAL, 'local')
  t.equal((await post(LOCAL, 'local', IMPORTS, STRANGER.token)).status, 403)
  t.equal((await post(LOCAL, 'local', IMPORTS, 'an-unknown-session')).status, 401)
  await sql('DELETE FROM projects WHERE id = 789')
  t.strictSame((await post(LOCAL, 'local')).body, errorBody(404, 'PROJECT_NOT_FOUND', 'Project not found'))
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (789, 'another', 1)`)
  const again = await post(LOCAL, 'local')
  t.strictSame(
    [again.status, again.headers.get('idempotency-replayed')],
    [201, null],
    'another project with the same id',
  )
  t.not(again.body.import.id, local.body.import.id)
})

t.test('a replay of a github import sends no requests to GitHub', async (t) => {
  const { call, sql, github } = await startLive(t)
  const body = { source_type: 'github', source_path: 'USERNAME/repository' }
  const create = () => call('POST', IMPORTS, { body, headers: { 'idempotency-key': 'k' } })
  const first = await create()
  t.strictSame([first.status, first.body.import.source_path], [201, 'username/repository'])
  const { length: sent } = github.requests
  t.ok(sent > 0, 'the first request is verified with GitHub')
  isReplayed(t, first, await create(), 'the retry of an import that was verified with GitHub')
  t.equal(github.requests.length, sent)
  t.equal((await sql('SELECT FROM imports')).length, 1)
})

t.test('every POST of a project validates Idempotency-Key', async (t) => {
  const posts = shared.routes.filter(({ method, url, schema }) => {
    return method === 'POST' && url.includes('/resources/') && !schema?.hide
  })
  t.strictSame(
    posts.map(({ url }) => url.split('/resources/')[1]).sort(),
    ['files', 'imports', 'imports/preview', ...RESOURCE_TYPES.map(({ slug }) => slug)].sort(),
  )
  await shared.reset()
  for (const { url } of posts) {
    const path = url.replace(':user_id', '1').replace(':project_id', '789')
    const { status, body } = await post({}, 'a b', path)
    t.strictSame([status, body.errors.at(-1).path], [400, 'headers.idempotency-key'], url)
  }
})

t.test('two users can use the same Idempotency-Key, and keys are deleted with their user', async (t) => {
  await shared.reset()
  const mine = await post(LOCAL, 'k')
  const theirs = await post(LOCAL, 'k', resources('/imports', STRANGER), STRANGER.token)
  t.strictSame([theirs.status, theirs.headers.get('idempotency-replayed')], [201, null])
  t.not(theirs.body.import.id, mine.body.import.id)
  t.equal(await count('idempotency_keys'), 2)
  await shared.sql('DELETE FROM users WHERE id = 1')
  t.equal(await count('idempotency_keys'), 1)
})

t.test('of 50 concurrent creates with one key, one is executed; the others are replays or 409', async (t) => {
  await shared.reset()
  for (const [path, table, body] of [
    [IMPORTS, 'imports', LOCAL],
    [resources('/files'), 'context_files', FILE],
    [resources('/user-files'), 'user_files', RESOURCE_TYPES[0]?.create ?? {}],
  ] as const) {
    const responses = await Promise.all(Array.from({ length: 50 }, () => post(body, `k-${table}`, path)))
    const created = responses.filter(({ status }) => status === 201)
    t.ok(created.length >= 1, table)
    t.equal(new Set(created.map(({ text }) => text)).size, 1)
    for (const response of responses.filter(({ status }) => status !== 201)) {
      t.strictSame([response.status, response.body, response.headers.get('retry-after')], [409, IN_PROGRESS, '1'])
    }
    t.equal(await count(table), 1)
    const again = await post(body, `k-${table}`, path)
    t.strictSame([again.status, again.text], [201, created[0]?.text])
  }
})

t.test('50 concurrent creates with one session and one key are not rejected with 429', async (t) => {
  const { url, sql } = await shared.reset()
  const token = await createSession(sql, OWNER.userId)
  const headers = { cookie: `neptun-session=${token}`, 'content-type': 'application/json', 'idempotency-key': 'k' }
  const send = async () => {
    const response = await fetch(url + IMPORTS, { method: 'POST', headers, body: JSON.stringify(LOCAL) })
    return { status: response.status, text: await response.text() }
  }
  const responses = await Promise.all(Array.from({ length: 50 }, send))
  t.strictSame(new Set(responses.map(({ status }) => status).filter((status) => status !== 409)), new Set([201]))
  t.equal(new Set(responses.flatMap(({ status, text }) => (status === 201 ? [text] : []))).size, 1)
  t.equal(await count('imports'), 1)
})

t.test('after a disconnect, a retry gets the response of the first request', async (t) => {
  await shared.reset()
  const release = await holdTransaction(t, shared.databaseUrl, LOCK_PROJECT)
  const aborted = new AbortController()
  const headers = {
    cookie: `neptun-session=${OWNER.token}`,
    'content-type': 'application/json',
    'idempotency-key': 'k',
  }
  const body = JSON.stringify(LOCAL)
  const first = fetch(shared.url + IMPORTS, { method: 'POST', headers, body, signal: aborted.signal })
  await until(async () => (await countLockWaits()) > 0, 'the first request waits for the project')
  aborted.abort()
  await t.rejects(first)
  t.strictSame((await post(LOCAL, 'k')).body, IN_PROGRESS)
  await release()
  await until(async () => (await count('imports')) === 1, 'the request is executed nevertheless')
  await until(async () => (await post(LOCAL, 'k')).status !== 409, 'the response is stored')
  const retry = await post(LOCAL, 'k')
  t.strictSame([retry.status, retry.headers.get('idempotency-replayed')], [201, 'true'])
  t.equal(await count('imports'), 1)
})

t.test('while the first request is in progress, a retry is 409 and a different request 422', async (t) => {
  await shared.reset()
  const release = await holdTransaction(t, shared.databaseUrl, LOCK_PROJECT)
  const first = post(LOCAL, 'k')
  await until(async () => (await countLockWaits()) > 0, 'the first request waits for the project')
  const same = await post(LOCAL, 'k')
  t.strictSame([same.status, same.body, same.headers.get('retry-after')], [409, IN_PROGRESS, '1'])
  t.strictSame((await post({ ...LOCAL, title: 'b' }, 'k')).body, REUSED)
  await release()
  t.equal((await first).status, 201)
  isReplayed(t, await first, await post(LOCAL, 'k'), 'a retry after the first request has finished')
  t.equal(await count('imports'), 1)
})

t.test('two instances together execute only one of many requests with one key', async (t) => {
  await shared.reset()
  const other = await startApp(t, {}, { migratedUrl: shared.databaseUrl, rows: async () => {} })
  const headers = { 'idempotency-key': 'k' }
  for (let round = 0; round < 5; round += 1) {
    const key = { 'idempotency-key': `k-${round}` }
    const responses = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        (index % 2 ? other : shared).call('POST', IMPORTS, { body: LOCAL, headers: key }),
      ),
    )
    const created = responses.filter(({ status }) => status === 201)
    t.ok(created.length >= 1)
    t.equal(new Set(created.map(({ text }) => text)).size, 1, 'every 201 has the same body')
    t.strictSame(
      responses.filter(({ status }) => status !== 201 && status !== 409).map(({ text }) => text),
      [],
    )
    t.equal(await count('imports'), round + 1)
  }
  // Each instance executes a different request with the same key. One stores the key first; the other request gets 422.
  const release = await holdTransaction(t, shared.databaseUrl, LOCK_PROJECT)
  const bodies = [LOCAL, { ...LOCAL, title: 'b' }]
  const both = [shared, other].map(({ call }, index) => call('POST', IMPORTS, { body: bodies[index], headers }))
  await until(async () => (await countLockWaits()) > 1, 'both requests wait for the project')
  await release()
  const statuses = (await Promise.all(both)).map(({ status }) => status)
  t.strictSame(statuses.sort(), [201, 422], 'a different request with the same key')
  t.equal(await count('imports'), 6)
})

t.test('two instances create only one resource with one key, and each takes one id from the sequence', async (t) => {
  const { sql } = await shared.reset()
  const other = await startApp(t, {}, { migratedUrl: shared.databaseUrl, rows: async () => {} })
  const headers = { 'idempotency-key': 'k' }
  const body = { title: 'a', text: '', language: 'x', extension: 'x' }
  const [before] = await sql(`SELECT nextval('user_files_id_seq')::int AS id`)
  const release = await holdTransaction(t, shared.databaseUrl, LOCK_PROJECT)
  const both = [shared, other].map(({ call }) => call('POST', resources('/user-files'), { body, headers }))
  await until(async () => (await countLockWaits()) > 1, 'both requests wait for the project')
  await release()
  const [first, second] = await Promise.all(both)
  t.strictSame([first?.status, second?.status, second?.text], [201, 201, first?.text])
  t.equal(await count('user_files'), 1)
  const [after] = await sql('SELECT last_value::int AS id FROM user_files_id_seq')
  t.equal(after?.['id'], Number(before?.['id']) + 2, 'each instance took one id from the sequence')
})

t.test('a 409 PROJECT_FULL is stored and replayed; no other error is stored', async (t) => {
  const { call, sql } = await shared.reset()
  const denied = { source_type: 'github', source_path: 'not-installed/x' }
  t.equal((await post(denied, 'denied')).status, 403)
  t.equal((await post({ user_file_id: 7 }, 'missing', resources('/user-files'))).status, 404)
  t.equal((await post({}, 'invalid')).status, 400)
  t.equal((await post(LOCAL, 'foreign', resources('/imports', { ...OWNER, projectId: 790 }))).status, 404)
  t.equal((await post(LOCAL, 'anonymous', IMPORTS, 'an-unknown-session')).status, 401)
  t.equal(await count('idempotency_keys'), 0)
  await sql(`INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
             VALUES (7, 'not-installed', 'all', 1)`)
  t.equal((await post(denied, 'denied')).status, 201, 'a retry after access was granted')

  await sql(`INSERT INTO imports (source_type, source_path, neptun_user_id, project_id)
             SELECT 'local', 'x', 1, 789 FROM generate_series(1, 999) n`)
  const full = await post(LOCAL, 'full')
  t.strictSame(full.body, errorBody(409, 'PROJECT_FULL', 'The project is full: it holds at most 1000 imports'))
  await call('DELETE', `${IMPORTS}/${(await call('GET', `${IMPORTS}?limit=1`)).body.imports[0].id}`)
  isReplayed(t, full, await post(LOCAL, 'full'), 'the 409 is replayed, although there is room now')
  t.equal((await post(LOCAL, 'again')).status, 201)
  const preview = await post(LOCAL, 'full-preview', `${IMPORTS}/preview`)
  isReplayed(t, preview, await post(LOCAL, 'full-preview', `${IMPORTS}/preview`), 'the 409 of a preview')
})

t.test('the response and the created row are stored atomically', async (t) => {
  const { sql } = await shared.reset()
  const fail = (table: string) =>
    sql(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'failed on purpose'; END $$;
         CREATE TRIGGER fail AFTER INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION fail()`)
  for (const table of ['idempotency_keys', 'imports']) {
    await fail(table)
    const response = await post(LOCAL, `k-${table}`).finally(() => sql('DROP FUNCTION fail() CASCADE'))
    t.strictSame([response.status, response.headers.get('location'), response.headers.get('etag')], [500, null, null])
    t.strictSame([await count('imports'), await count('idempotency_keys')], [0, 0])
  }
  for (const table of ['idempotency_keys', 'imports']) {
    const retried = await post(LOCAL, `k-${table}`)
    t.strictSame([retried.status, retried.headers.get('idempotency-replayed')], [201, null], 'a retry is executed')
  }
})

t.test('an Idempotency-Key can be used again after 24 hours', async (t) => {
  await shared.reset()
  const age = (hours: number) =>
    shared.sql(`UPDATE idempotency_keys SET created_at = now() - interval '${hours} hours'`)
  const first = await post(LOCAL, 'k')
  await age(23)
  isReplayed(t, first, await post(LOCAL, 'k'), 'a retry within 24 hours')
  await age(24)
  const responses = await Promise.all(Array.from({ length: 6 }, () => post({ ...LOCAL, title: 'b' }, 'k')))
  t.ok(responses.every(({ status }) => status === 201 || status === 409))
  t.equal(await count('imports'), 2)
  const again = await post({ ...LOCAL, title: 'b' }, 'k')
  t.strictSame([again.status, again.body.import.title], [201, 'b'])
  t.equal((await post(LOCAL, 'k')).status, 422)
})

t.test('expired idempotency keys are removed in batches', async (t) => {
  await shared.reset()
  await shared.sql(`
    INSERT INTO idempotency_keys (neptun_user_id, project_id, key, request_hash, result, created_at)
    SELECT 1, 789, n, sha256('x'), '{}', now() - CASE WHEN n <= 1200 THEN interval '26 hours' ELSE interval '23 hours' END
    FROM generate_series(1, 1210) n`)
  t.strictSame(
    await deleteExpired(shared.database, {}, () => true),
    { sessions: 0, deliveries: 0, keys: 500 },
    'one batch',
  )
  t.strictSame(await deleteExpired(shared.database), { sessions: 0, deliveries: 0, keys: 700 })
  t.equal(await count('idempotency_keys'), 10)
})

t.test('a key must have 1 to 255 visible ASCII characters; methods other than POST ignore it', async (t) => {
  const { call } = await shared.reset()
  for (const key of ['x', '!', '"8e03978e-40d5-43dd-bc93-6894a57f9324"', '~'.repeat(255)]) {
    t.equal((await post(LOCAL, key)).status, 201, key)
  }
  const problem: [string, string] = ['headers.idempotency-key', 'must have 1 to 255 visible ASCII characters']
  for (const key of ['', 'a b', 'é', '~'.repeat(256)]) {
    t.strictSame((await post(LOCAL, key)).body, validationErrorBody(problem), key)
  }
  const twice = ['Idempotency-Key: k', 'Idempotency-Key: k', 'Connection: close']
  const repeated = await exchange(shared, withJson('POST', IMPORTS, LOCAL, SESSION, ...twice))
  t.strictSame([repeated.status, repeated.body], [400, validationErrorBody(problem)], 'a repeated header')
  const both = await post({ source_type: 'local' }, 'a b')
  t.strictSame(both.body, validationErrorBody(['body.source_path', 'is required'], problem))
  t.equal(await count('idempotency_keys'), 4)
  const [one] = (await call('GET', IMPORTS, { headers: { 'idempotency-key': 'a b' } })).body.imports
  const ignored = { 'idempotency-key': 'x' }
  for (const title of ['c', 'd']) {
    const changed = await call('PUT', `${IMPORTS}/${one.id}`, { body: { title }, headers: ignored })
    t.strictSame([changed.status, changed.body.import.title], [200, title])
  }
})
