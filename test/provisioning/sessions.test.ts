import { hash } from 'node:crypto'
import t from 'tap'
import { errorBody, readPages, resources, STRANGER, validationErrorBody } from '../support/app.js'
import { startService } from '../support/service.js'

const IMPORTS = resources('/imports')
const started = startService(t)

t.test('POST creates a session and returns its token, which later responses do not contain', async (t) => {
  const service = await started
  await service.reset()
  const { api, call, sql } = service
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
  t.equal((await call('GET', IMPORTS, { token })).status, 200, 'the token is valid in the public API')
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

  const fixed = await api('POST', '/users/1/sessions', { expires_at: '2099-01-02T03:04:05+01:00' })
  t.strictSame([fixed.status, fixed.body.expires_at], [201, '2099-01-02T02:04:05.000Z'])
})

t.test('POST with token_hash creates or extends a session without receiving its token', async (t) => {
  const service = await started
  await service.reset()
  const { api, call, sql } = service
  const token = 'a-sealed-token-of-another-service'
  const token_hash = hash('sha256', token, 'hex')
  const created = await api('POST', '/users/1/sessions', { ttl: 60, token_hash: token_hash.toUpperCase() })
  t.equal(created.status, 201)
  t.notOk('token' in created.body)
  t.equal((await call('GET', IMPORTS, { token })).status, 200)
  const again = await api('POST', '/users/1/sessions', { ttl: 120, token_hash })
  t.strictSame(
    [again.status, again.body],
    [200, { ...created.body, last_used_at: again.body.last_used_at, expires_at: again.body.expires_at }],
    'the second POST returns the same session',
  )
  t.ok(again.body.expires_at > created.body.expires_at, 'the session expires later than before')
  const CONFLICT = errorBody(409, 'CONFLICT', 'The token was revoked or belongs to another user')
  const other = await api('POST', '/users/2/sessions', { ttl: 60, token_hash })
  t.strictSame([other.status, other.body], [409, CONFLICT])
  t.strictSame((await api('DELETE', `/users/1/sessions/${created.body.id}`)).body, { revoked: 1 })
  const revoked = await api('POST', '/users/1/sessions', { ttl: 60, token_hash })
  t.strictSame([revoked.status, revoked.body], [409, CONFLICT], 'a revoked token stays revoked')
  t.equal((await call('GET', IMPORTS, { token })).status, 401)
  t.equal((await sql('SELECT FROM sessions WHERE token_hash = $1', [Buffer.from(token_hash, 'hex')])).length, 1)
})

t.test('all validation errors of a session are reported', async (t) => {
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
      ['body.token_hash', 'must have exactly 64 characters'],
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
    t.strictSame([status, body], [400, validationErrorBody(['body.expires_at', INSTANT])], wrong)
  }
  for (const [body, ...validationErrors] of table) {
    const response = await api('POST', '/users/1/sessions', body)
    t.strictSame(
      [response.status, response.body],
      [400, validationErrorBody(...validationErrors)],
      JSON.stringify(body),
    )
  }
  const unknownUser = await api('POST', '/users/77/sessions', { ttl: 60 })
  t.strictSame([unknownUser.status, unknownUser.body], [404, errorBody(404, 'USER_NOT_FOUND', 'User not found')])
})

t.test('DELETE revokes one session or all sessions of a user', async (t) => {
  const service = await started
  await service.reset()
  const { api, call } = service
  const make = async () => (await api('POST', '/users/1/sessions', { ttl: 60 })).body
  const [first, second, third] = [await make(), await make(), await make()]
  const other = (await api('POST', '/users/2/sessions', { ttl: 60 })).body
  t.strictSame((await api('DELETE', `/users/1/sessions/${first.id}`)).body, { revoked: 1 })
  t.strictSame((await api('DELETE', `/users/1/sessions/${first.id}`)).body, { revoked: 0 }, 'a retry')
  t.strictSame((await api('DELETE', '/users/1/sessions/2147483647')).body, { revoked: 0 })
  t.strictSame(
    (await api('DELETE', '/users/1/sessions')).body,
    { revoked: 3 },
    'all remaining sessions, including that of OWNER',
  )
  t.strictSame((await api('DELETE', '/users/77/sessions')).body, { revoked: 0 })
  for (const { token } of [first, second, third]) t.equal((await call('GET', IMPORTS, { token })).status, 401)
  const { status } = await call('GET', resources('/imports', STRANGER), { token: other.token })
  t.equal(status, 200, 'sessions of other users remain')
})

t.test('the list of sessions is paginated, newest first', async (t) => {
  const service = await started
  await service.reset()
  const { api, sql } = service
  await sql(`INSERT INTO sessions (token_hash, neptun_user_id, expires_at)
    SELECT sha256(n::text::bytea), 1, CASE n WHEN 1 THEN 'infinity' ELSE now() + interval '1 day' END FROM generate_series(1, 249) AS n`)
  const pages: { id: number; expires_at: string }[][] = (await readPages({ call: api }, '/users/1/sessions')).map(
    ({ body }) => body.sessions,
  )
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
    t.strictSame([status, body.errors?.map((one: { path: string }) => one.path)], [400, [`query.${path}`]], query)
  }
  t.strictSame((await api('GET', '/users/77/sessions')).body, errorBody(404, 'USER_NOT_FOUND', 'User not found'))
  await api('PUT', '/users/3', { email: 'third@example.com' })
  t.strictSame((await api('GET', '/users/3/sessions')).body, { sessions: [] })
})
