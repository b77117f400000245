import { hash } from 'node:crypto'
import t from 'tap'
import { errorBody, faultBody, nextPage, resources } from '../support/app.js'
import { startService } from '../support/service.js'

const IMPORTS = resources('/imports')
const started = startService(t)

t.test('a session is made with a token, which is returned once', async (t) => {
  const service = await started
  await service.reset()
  const { api, call, sql } = service
  const begun = Date.now()
  const { status, body } = await api('POST', '/users/1/sessions', { ttl: 3600 })
  t.equal(status, 201)
  const { id, created_at, expires_at, token } = body
  t.match(token, /^[\w-]{43}$/)
  t.strictSame(body, {
    id,
    neptun_user_id: 1,
    created_at,
    last_used_at: created_at,
    expires_at,
    revoked_at: null,
    token,
  })
  t.equal(Date.parse(expires_at) - Date.parse(created_at), 3_600_000)
  t.ok(Date.parse(expires_at) > begun)
  t.equal((await call('GET', IMPORTS, { token })).status, 200, 'it opens the public API')
  const [row] = await sql('SELECT token_hash FROM sessions WHERE id = $1', [id])
  t.ok(row?.['token_hash'].equals(hash('sha256', token, 'buffer')))
  const listed = await api('GET', '/users/1/sessions')
  t.notMatch(listed.text, new RegExp(token))
  t.notMatch(listed.text, new RegExp(hash('sha256', token, 'hex')))
  t.strictSame(Object.keys(listed.body.sessions[0]), [
    'id',
    'neptun_user_id',
    'created_at',
    'last_used_at',
    'expires_at',
    'revoked_at',
  ])

  const until = await api('POST', '/users/1/sessions', { expires_at: '2099-01-02T03:04:05+01:00' })
  t.match([until.status, until.body.expires_at], [201, '2099-01-02T02:04:05.000Z'])
})

t.test('the caller may keep the token to itself', async (t) => {
  const service = await started
  await service.reset()
  const { api, call, sql } = service
  const token = 'a token of another service, sealed'.replaceAll(' ', '-').replaceAll(',', '')
  const token_hash = hash('sha256', token, 'hex')
  const created = await api('POST', '/users/1/sessions', { ttl: 60, token_hash: token_hash.toUpperCase() })
  t.equal(created.status, 201)
  t.notOk('token' in created.body)
  t.equal((await call('GET', IMPORTS, { token })).status, 200)
  const again = await api('POST', '/users/1/sessions', { ttl: 120, token_hash })
  t.strictSame(
    [again.status, again.body],
    [200, { ...created.body, last_used_at: again.body.last_used_at, expires_at: again.body.expires_at }],
    'a retry makes no second one',
  )
  t.ok(again.body.expires_at > created.body.expires_at, 'and moves its end')
  const CONFLICT = errorBody(409, 'CONFLICT', 'The token was revoked or belongs to another user')
  const other = await api('POST', '/users/2/sessions', { ttl: 60, token_hash })
  t.strictSame([other.status, other.body], [409, CONFLICT])
  t.strictSame((await api('DELETE', `/users/1/sessions/${created.body.id}`)).body, { revoked: 1 })
  const revoked = await api('POST', '/users/1/sessions', { ttl: 60, token_hash })
  t.strictSame([revoked.status, revoked.body], [409, CONFLICT], 'a token that was revoked stays so')
  t.equal((await call('GET', IMPORTS, { token })).status, 401)
  t.equal((await sql('SELECT FROM sessions WHERE token_hash = $1', [Buffer.from(token_hash, 'hex')])).length, 1)
})

t.test('what a session must not be is refused', async (t) => {
  const service = await started
  await service.reset()
  const { api } = service
  const INSTANT = 'must be a time in ISO 8601 with a time zone, like 2025-02-16T17:42:11.000Z'
  const table: [body: unknown, ...validationErrors: [string, string][]][] = [
    [{}, ['body', 'must have either ttl or expires_at']],
    [{ ttl: 60, expires_at: '2099-01-01T00:00:00Z' }, ['body', 'must have either ttl or expires_at']],
    [{ ttl: 0 }, ['body.ttl', 'must be an integer from 1 to 31622400']],
    [{ ttl: 31_622_401 }, ['body.ttl', 'must be an integer from 1 to 31622400']],
    [{ ttl: '60' }, ['body.ttl', 'must be an integer from 1 to 31622400']],
    [{ expires_at: '2001-01-01T00:00:00Z' }, ['body.expires_at', 'must be in the future']],
    [
      { ttl: 60, token_hash: 'x' },
      ['body.token_hash', 'must have 64 to 64 characters'],
      ['body.token_hash', 'must match ^[0-9A-Fa-f]{64}$'],
    ],
  ]
  for (const wrong of [
    'tomorrow',
    '2099-01-01',
    '2099-02-30T00:00:00Z',
    '2099-01-01T25:00:00Z',
    '2099-01-01T00:00:00',
    '9999-12-31T23:59:59-00:01',
    '9999-12-31T24:00:00Z',
    '',
    `${'9'.repeat(40)}`,
  ]) {
    const { status, body } = await api('POST', '/users/1/sessions', { expires_at: wrong })
    t.strictSame([status, body], [400, faultBody(['body.expires_at', INSTANT])], wrong)
  }
  for (const [body, ...validationErrors] of table) {
    const response = await api('POST', '/users/1/sessions', body)
    t.strictSame([response.status, response.body], [400, faultBody(...validationErrors)], JSON.stringify(body))
  }
  const none = await api('POST', '/users/77/sessions', { ttl: 60 })
  t.strictSame([none.status, none.body], [404, errorBody(404, 'USER_NOT_FOUND', 'User not found')])
})

t.test('sessions end one by one, and all at once', async (t) => {
  const service = await started
  await service.reset()
  const { api, call } = service
  const make = async () => (await api('POST', '/users/1/sessions', { ttl: 60 })).body
  const [first, second, third] = [await make(), await make(), await make()]
  const other = (await api('POST', '/users/2/sessions', { ttl: 60 })).body
  t.strictSame((await api('DELETE', `/users/1/sessions/${first.id}`)).body, { revoked: 1 })
  t.strictSame((await api('DELETE', `/users/1/sessions/${first.id}`)).body, { revoked: 0 }, 'a retry is no error')
  t.strictSame((await api('DELETE', '/users/1/sessions/2147483647')).body, { revoked: 0 })
  t.strictSame((await api('DELETE', '/users/1/sessions')).body, { revoked: 3 }, 'with that of the test itself')
  t.strictSame((await api('DELETE', '/users/77/sessions')).body, { revoked: 0 })
  for (const { token } of [first, second, third]) t.equal((await call('GET', IMPORTS, { token })).status, 401)
  const place = { userId: 2, projectId: 790, token: '' }
  t.equal((await call('GET', resources('/imports', place), { token: other.token })).status, 200, 'of this user only')
})

t.test('the list of sessions has pages', async (t) => {
  const service = await started
  await service.reset()
  const { api, sql } = service
  await sql(`INSERT INTO sessions (token_hash, neptun_user_id, expires_at)
    SELECT sha256(n::text::bytea), 1, CASE n WHEN 1 THEN 'infinity' ELSE now() + interval '1 day' END FROM generate_series(1, 249) AS n`)
  const pages: { id: number; expires_at: string }[][] = []
  for (let path: string | undefined = '/users/1/sessions'; path; ) {
    const response = await api('GET', path)
    t.equal(response.status, 200)
    pages.push(response.body.sessions)
    path = nextPage(path, response)
  }
  t.strictSame(
    pages.map(({ length }) => length),
    [100, 100, 50],
  )
  const ids = pages.flat().map(({ id }) => id)
  t.strictSame(
    ids,
    [...new Set(ids)].sort((one, other) => other - one),
    'newest first',
  )
  t.strictSame(pages.flat().filter(({ expires_at }) => expires_at === 'infinity').length, 1)
  t.strictSame((await api('GET', '/users/1/sessions?limit=2')).body.sessions.length, 2)
  for (const [query, path] of [
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['cursor=x', 'cursor'],
    ['cursor=2147483648', 'cursor'],
  ] as const) {
    const { status, body } = await api('GET', `/users/1/sessions?${query}`)
    t.strictSame([status, body.errors[0].path], [400, `query.${path}`], query)
  }
  t.equal((await api('GET', '/users/77/sessions')).status, 404)
  await api('PUT', '/users/3', { email: 'third@example.com' })
  t.strictSame((await api('GET', '/users/3/sessions')).body, { sessions: [] })
})
