import t from 'tap'
import { hashToken } from '../../src/session-token.js'
import { createSession, errorBody, resources, startApp, until } from '../support/app.js'

const IMPORTS = resources('/imports')
const UNAUTHORIZED = errorBody(401, 'UNAUTHORIZED', 'Unauthorized')
const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Starts the service, with functions that create sessions of a given age and last use, and send requests with them. */
async function startWith(t: Parameters<typeof startApp>[0], settings: Parameters<typeof startApp>[1]) {
  const service = await startApp(t, settings)
  const { sql, call } = service
  async function create(created: string, lastUsed: string) {
    const token = await createSession(sql, 1)
    await sql(`UPDATE sessions SET created_at = now() - interval '${created}', last_used_at = now() - interval '${lastUsed}'
      WHERE id = (SELECT max(id) FROM sessions)`)
    return token
  }
  const list = async (token: string) => {
    const { status, body } = await call('GET', IMPORTS, { token })
    t.strictSame(body, status === 401 ? UNAUTHORIZED : { imports: [] })
    return status
  }
  /** Returns the time since the last recorded use of a session, in seconds. */
  const secondsSinceUse = async (token: string) => {
    const rows = await sql(
      'SELECT extract(epoch FROM now() - last_used_at) AS age FROM sessions WHERE token_hash = $1',
      [hashToken(token)],
    )
    return Number(rows[0]?.['age'])
  }
  return { ...service, create, list, secondsSinceUse }
}

t.test('without limits, an old and unused session is valid until it expires', async (t) => {
  const { create, list } = await startWith(t, {})
  t.equal(await list(await create('10 years', '10 years')), 200)
})

t.test(
  'a session ends when it has not been used for SESSION_IDLE_TIMEOUT, and a rejected request is not a use',
  async (t) => {
    const { create, list, call, sql, secondsSinceUse } = await startWith(t, { SESSION_IDLE_TIMEOUT: `${30 * MINUTE}` })
    const idle = await create('1 day', '30 minutes 1 second')
    t.equal(await list(idle), 401)
    for (const path of ['/imports/1', '/user-files', '/user-files/x', '/github-repositories']) {
      t.strictSame((await call('GET', resources(path), { token: idle })).body, UNAUTHORIZED, path)
    }
    const invalid = await call('POST', IMPORTS, { token: idle, body: { any: 'thing' } })
    t.strictSame(invalid.body, UNAUTHORIZED, 'authentication precedes validation')

    const used = await create('10 years', '29 minutes')
    t.equal(await list(used), 200)
    await until(async () => (await secondsSinceUse(used)) < 60, 'the use is recorded')
    t.ok((await secondsSinceUse(idle)) > 1800, 'the rejected requests are not recorded, although they were sent first')
    await sql(`UPDATE sessions SET last_used_at = last_used_at - interval '29 minutes'`)
    t.equal(await list(used), 200, 'the use extends the session')
  },
)

t.test('the last use is recorded often enough for a short SESSION_IDLE_TIMEOUT', async (t) => {
  const { create, list, secondsSinceUse } = await startWith(t, { SESSION_IDLE_TIMEOUT: `${MINUTE}` })
  const token = await create('1 hour', '10 seconds')
  t.equal(await list(token), 200)
  await until(
    async () => (await secondsSinceUse(token)) < 9,
    'a use is recorded if the last one is older than a tenth of the timeout',
  )
})

t.test('without SESSION_IDLE_TIMEOUT, the last use is recorded at most once a minute', async (t) => {
  const { create, list, secondsSinceUse } = await startWith(t, {})
  const recent = await create('1 hour', '30 seconds')
  const old = await create('1 hour', '61 seconds')
  t.equal(await list(recent), 200)
  t.equal(await list(old), 200)
  await until(async () => (await secondsSinceUse(old)) < 30, 'a use 61 seconds after the last one is recorded')
  t.ok((await secondsSinceUse(recent)) >= 30, 'the use within a minute of the last one is not recorded')
})

t.test('a session ends at SESSION_MAX_AGE, even if it has just been used', async (t) => {
  const { create, list } = await startWith(t, { SESSION_MAX_AGE: `${HOUR}` })
  t.equal(await list(await create('1 hour 1 second', '0 seconds')), 401)
  t.equal(await list(await create('59 minutes', '59 minutes')), 200)
})

t.test('SESSION_IDLE_TIMEOUT, SESSION_MAX_AGE and expires_at apply together', async (t) => {
  const { create, list, sql } = await startWith(t, { SESSION_MAX_AGE: `${HOUR}`, SESSION_IDLE_TIMEOUT: `${MINUTE}` })
  t.equal(await list(await create('30 minutes', '20 seconds')), 200)
  t.equal(await list(await create('30 minutes', '61 seconds')), 401, 'an idle session')
  t.equal(await list(await create('61 minutes', '30 seconds')), 401, 'a session that is too old')
  const expired = await create('30 minutes', '30 seconds')
  await sql(`UPDATE sessions SET expires_at = now() WHERE id = (SELECT max(id) FROM sessions)`)
  t.equal(await list(expired), 401)
})

t.test('expires_at can be infinite, or outside the range of JavaScript dates', async (t) => {
  const { call, sql } = await startApp(t)
  for (const [expires, status] of [
    ["'infinity'", 200],
    ["'-infinity'", 401],
    ["'294276-01-01'", 200],
    ["'0044-03-15 BC'", 401],
  ] as const) {
    const token = await createSession(sql, 1, { expires })
    t.equal((await call('GET', IMPORTS, { token })).status, status, expires)
  }
})
