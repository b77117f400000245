import t from 'tap'
import { errorBody, resources, startApp } from '../support/app.js'

const IMPORTS = resources('/imports')
const CHANGED = errorBody(412, 'PRECONDITION_FAILED', 'The import has changed since: read it again')

const shared = await startApp(t)

async function create() {
  const { call } = await shared.reset()
  const title = '"updated_at":"2025-02-16T17:42:11.000Z","neptun_user_id":1,"project_id":789}'
  const { body } = await call('POST', IMPORTS, { body: { source_type: 'local', source_path: 'folder', title } })
  const one = `${IMPORTS}/${body.import.id}`
  const read = await call('GET', one)
  const etag = read.headers.get('etag') ?? ''
  const put = async (ifMatch: string, change: object = { title: 'changed' }) =>
    await call('PUT', one, { body: change, headers: { 'if-match': ifMatch } })
  const remove = async (ifMatch: string) => await call('DELETE', one, { headers: { 'if-match': ifMatch } })
  return { call, one, created: body.import, etag, put, remove }
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
  t.same([late.status, late.body], [412, CHANGED])
  t.equal((await put(etag, { source_type: 'url', source_path: 'https://example.com/' })).status, 412)
  t.same((await remove(etag)).body, CHANGED)
  const { body, headers } = await call('GET', one)
  t.equal(body.import.title, 'theirs')
  t.equal((await remove(headers.get('etag') ?? '')).status, 204)
  t.equal((await remove(etag)).status, 404, 'gone is gone')
})

t.test('any of several ETags, or any state at all, will do; what is no strong ETag of it will not', async (t) => {
  const { etag, put, remove } = await create()
  t.equal((await put(`"other", ${etag}`)).status, 200)
  t.equal((await put('*')).status, 200)
  for (const none of ['', '"', 'x', '""', '"other"', `W/${etag}`, etag.slice(1, -1), '"\u0080"']) {
    t.equal((await put(none)).status, 412, none)
  }
  t.equal((await remove('"other"')).status, 412)
  t.equal((await remove('*')).status, 204)
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
  const answers = await Promise.all([
    ...Array.from({ length: 20 }, (_, index) => put(etag, { title: `${index}` })),
    remove(etag),
  ])
  const statuses = answers.map(({ status }) => status)
  t.equal(statuses.filter((status) => status < 300).length, 1)
  t.ok(
    statuses.every((status) => [200, 204, 404, 412].includes(status)),
    statuses.join(),
  )
})
