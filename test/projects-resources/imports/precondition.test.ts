import t from 'tap'
import { errorBody, resources, startApp } from '../../support/app.js'

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

t.test('an ETag is of one state of the import, and every change moves it', async (t) => {
  const { call, one, created, etag, put } = await create()
  t.equal(etag, `"${created.updated_at}"`, 'whatever a title says')
  t.equal((await call('GET', one)).headers.get('etag'), etag)
  const changed = await put(etag)
  t.equal(changed.status, 200)
  const moved = changed.headers.get('etag')
  t.not(moved, etag)
  t.equal((await call('GET', one)).headers.get('etag'), moved)
})

t.test('a change or removal of what somebody else has changed since is refused', async (t) => {
  const { call, one, etag, put, remove } = await create()
  t.equal((await put(etag, { title: 'theirs' })).status, 200)
  const late = await put(etag, { title: 'mine' })
  t.strictSame([late.status, late.body], [412, CHANGED])
  t.equal((await put(etag, { source_type: 'url', source_path: 'https://example.com/' })).status, 412)
  t.strictSame((await remove(etag)).body, CHANGED)
  const { body, headers } = await call('GET', one)
  t.equal(body.import.title, 'theirs')
  t.equal((await remove(headers.get('etag') ?? '')).status, 204)
  t.equal((await remove(etag)).status, 404, 'gone is gone')
})

t.test('If-Match accepts lists, weak tags and *; anything else matches nothing', async (t) => {
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
  const others = [
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
  for (const none of others) {
    t.equal((await put(none)).status, 412, none)
    t.equal((await remove(none)).status, 412, none)
  }
  t.equal((await putUnless('*', { 'if-match': etag })).status, 412, 'both must hold')
  t.equal((await call('GET', one)).headers.get('etag'), etag, 'nothing was changed')
  t.equal((await remove('*')).status, 204)
})

t.test('a change or removal with If-None-Match is refused if a tag is the current one, or for *', async (t) => {
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

t.test('it comes after what is checked of every request', async (t) => {
  const { call, one, put } = await create()
  const headers = { 'if-match': '"other"' }
  t.equal((await call('DELETE', one, { headers, token: null })).status, 401)
  t.equal((await put('"other"', { source_type: 'url' })).status, 400, 'a pair that does not match')
  t.equal((await call('DELETE', `${IMPORTS}/77`, { headers })).status, 404)
  t.equal((await call('DELETE', one.replace('789', '790'), { headers })).body.code, 'PROJECT_NOT_FOUND')
})

t.test('of many changes at once that expect the same state, one goes through', async (t) => {
  const { etag, put, remove } = await create()
  const responses = await Promise.all([
    ...Array.from({ length: 20 }, (_, index) => put(etag, { title: `${index}` })),
    remove(etag),
  ])
  const statuses = responses.map(({ status }) => status)
  t.equal(statuses.filter((status) => status < 300).length, 1)
  t.ok(
    statuses.every((status) => [200, 204, 404, 412].includes(status)),
    statuses.join(),
  )
})
