import t from 'tap'
import { errorBody, resources, startApp } from '../../support/app.js'
import { race } from '../../support/race.js'

const IMPORTS = resources('/imports')
const CHANGED = errorBody(412, 'PRECONDITION_FAILED', 'The object has changed since it was read')

const shared = await startApp(t)

async function create() {
  const { call } = await shared.reset()
  const title = '"updated_at":"2025-02-16T17:42:11.000Z","neptun_user_id":1,"project_id":789}'
  const { body, headers } = await call('POST', IMPORTS, {
    body: { source_type: 'local', source_path: 'folder', title },
  })
  const one = `${IMPORTS}/${body.import.id}`
  const etag = headers.get('etag') ?? ''
  const put = async (ifMatch: string, change: object = { title: 'changed' }) =>
    await call('PUT', one, { body: change, headers: { 'if-match': ifMatch } })
  const putUnless = async (ifNoneMatch: string, headers = {}) =>
    await call('PUT', one, { body: { title: 'changed' }, headers: { 'if-none-match': ifNoneMatch, ...headers } })
  const remove = async (ifMatch: string, headers = {}) =>
    await call('DELETE', one, { headers: { 'if-match': ifMatch, ...headers } })
  return { call, one, created: body.import, etag, put, putUnless, remove }
}

t.test('the ETag of an import is its updated_at, which every change increases', async (t) => {
  const { call, one, created, etag, put } = await create()
  t.equal(
    etag,
    `"${created.updated_at}"`,
    'the ETag is the updated_at of the import, even if the title contains the text of another updated_at',
  )
  t.equal((await call('GET', one)).headers.get('etag'), etag)
  const changed = await put(etag)
  t.equal(changed.status, 200)
  const newTag = changed.headers.get('etag')
  t.equal(newTag, `"${changed.body.import.updated_at}"`)
  t.not(newTag, etag)
  t.equal((await call('GET', one)).headers.get('etag'), newTag)
})

t.test('PUT and DELETE with the If-Match of an older state are rejected with 412', async (t) => {
  const { call, one, etag, put, remove } = await create()
  t.equal((await put(etag, { title: 'theirs' })).status, 200)
  const late = await put(etag, { title: 'mine' })
  t.strictSame([late.status, late.body], [412, CHANGED])
  t.equal((await put(etag, { source_type: 'url', source_path: 'https://example.com/' })).status, 412)
  t.strictSame((await remove(etag)).body, CHANGED)
  const { body, headers } = await call('GET', one)
  t.equal(body.import.title, 'theirs')
  t.equal((await remove(headers.get('etag') ?? '')).status, 204)
  t.equal((await remove(etag)).status, 404)
})

t.test('If-Match accepts lists, weak tags and *; malformed and other tags do not match', async (t) => {
  const { created, put, remove, putUnless, call, one } = await create()
  let etag = `"${created.updated_at}"`
  const lists = (tag: string) => [
    `"other", ${tag}`,
    `W/${tag}`,
    `W/"other",W/${tag}`,
    `"a,b", , ${tag}`,
    ` ${tag}\t`,
    `nonsense, ${tag}`,
    '*',
    ' * ',
  ]
  for (const index of lists('').keys()) {
    const header = lists(etag)[index] ?? ''
    const response = await put(header)
    t.equal(response.status, 200, header)
    etag = response.headers.get('etag') ?? ''
  }
  const notMatching = [
    '',
    '"',
    'x',
    '""',
    '"other"',
    etag.slice(1, -1),
    '"\u0080"',
    `"x${etag}"`,
    `${etag.slice(0, -1)} "`,
    '"*"',
    'W/*',
  ]
  for (const header of notMatching) {
    t.equal((await put(header)).status, 412, header)
    t.equal((await remove(header)).status, 412, header)
  }
  t.equal((await putUnless('*', { 'if-match': etag })).status, 412, 'both headers apply')
  t.equal((await call('GET', one)).headers.get('etag'), etag, 'nothing has changed')
  t.equal((await remove('*')).status, 204)
})

t.test('PUT and DELETE are rejected with 412 if If-None-Match is * or has the current tag', async (t) => {
  const { call, one, created, etag, putUnless, remove } = await create()
  const excluded = errorBody(412, 'PRECONDITION_FAILED', 'The object matches If-None-Match')
  for (const header of ['*', etag, `W/${etag}`, `"other", ${etag}`]) {
    t.strictSame((await putUnless(header)).body, excluded, header)
    t.strictSame((await remove('*', { 'if-none-match': header })).body, excluded, header)
  }
  t.strictSame((await call('GET', one)).body.import, created)
  t.equal((await putUnless('"other"')).status, 200)
  t.equal((await putUnless('nonsense')).status, 200)
  t.equal((await remove('*', { 'if-none-match': '"other"' })).status, 204)
  t.equal((await putUnless('*')).status, 404)
})

t.test('preconditions are evaluated after authentication, validation and access checks', async (t) => {
  const { call, one, put } = await create()
  const headers = { 'if-match': '"other"' }
  t.equal((await call('DELETE', one, { headers, token: null })).status, 401)
  t.equal((await put('"other"', { source_type: 'url' })).status, 400, 'an invalid pair of type and path')
  t.equal((await call('DELETE', `${IMPORTS}/77`, { headers })).status, 404)
  t.equal((await call('DELETE', one.replace('789', '790'), { headers })).body.code, 'PROJECT_NOT_FOUND')
})

t.test('of two concurrent writes of an import with the same If-Match, one succeeds', async (t) => {
  for (const other of ['PUT', 'DELETE']) {
    const { created, etag, put, remove } = await create()
    const lock = `SELECT FROM imports WHERE id = ${created.id} FOR UPDATE`
    const responses = await race(t, shared, lock, [
      () => put(etag, { title: 'one' }),
      () => (other === 'PUT' ? put(etag, { title: 'other' }) : remove(etag)),
    ])
    const failed = responses.filter(({ status }) => status >= 300)
    t.equal(failed.length, 1, `PUT and ${other}`)
    t.ok([404, 412].includes(failed[0]?.status ?? 0))
  }
})
