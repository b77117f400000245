import t from 'tap'
import { createSession, errorBody, resources, startApp, until } from '../support/app.js'

const IMPORTS = resources('/imports')
const UNAUTHORIZED = errorBody(401, 'UNAUTHORIZED', 'Unauthorized')
const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Starts the service, with a function that tries a session of a given age and last use. */
async function startWith(t: Parameters<typeof startApp>[0], settings: Parameters<typeof startApp>[1]) {
  const service = await startApp(t, settings)
  const { sql, call } = service
  async function create(created: string, lastUsed: string) {
    const token = await createSession(sql, 1)
    await sql(`UPDATE sessions SET created_at = now() - interval '${created}', last_used_at = now() - interval '${lastUsed}'
      WHERE id = (SELECT max(id) FROM sessions)`)
    return token
  }
  const ask = async (token: string) => {
    const { status, body } = await call('GET', IMPORTS, { token })
    if (status === 401) t.strictSame(body, UNAUTHORIZED)
    return status
  }
  const secondsSinceUse = async () =>
    Number(
      (await sql('SELECT extract(epoch FROM now() - last_used_at) AS age FROM sessions ORDER BY id DESC'))[0]?.['age'],
    )
  return { ...service, create, ask, secondsSinceUse }
}

t.test('without a limit, a session lasts until it expires', async (t) => {
  const { create, ask } = await startWith(t, {})
  t.equal(await ask(await create('10 years', '10 years')), 200)
})

t.test('a session ends when it has not been used for SESSION_IDLE_TIMEOUT', async (t) => {
  const { create, ask, call, sql, secondsSinceUse } = await startWith(t, { SESSION_IDLE_TIMEOUT: `${30 * MINUTE}` })
  const idle = await create('1 day', '30 minutes 1 second')
  t.equal(await ask(idle), 401)
  t.equal(await ask(idle), 401, 'the attempt is not a use')
  t.ok((await secondsSinceUse()) > 1800)
  for (const path of ['/imports/1', '/user-files', '/user-files/x', '/github-repositories']) {
    t.strictSame((await call('GET', resources(path), { token: idle })).body, UNAUTHORIZED, path)
  }
  t.equal((await call('POST', IMPORTS, { token: idle, body: { any: 'thing' } })).status, 401, 'before validation')

  const used = await create('10 years', '29 minutes')
  t.equal(await ask(used), 200)
  await until(async () => (await secondsSinceUse()) < 60, 'the use is recorded')
  await sql(`UPDATE sessions SET last_used_at = last_used_at - interval '29 minutes'`)
  t.equal(await ask(used), 200, 'and counts')
})

t.test('the last use is recorded often enough for a short SESSION_IDLE_TIMEOUT', async (t) => {
  const { create, ask, secondsSinceUse } = await startWith(t, { SESSION_IDLE_TIMEOUT: `${MINUTE}` })
  const token = await create('1 hour', '10 seconds')
  t.equal(await ask(token), 200)
  await until(async () => (await secondsSinceUse()) < 9, 'a tenth of the timeout is precise enough')
})

t.test('without SESSION_IDLE_TIMEOUT, the last use is recorded once a minute', async (t) => {
  const { create, ask, sql } = await startWith(t, {})
  const recent = await create('1 hour', '30 seconds')
  const old = await create('1 hour', '61 seconds')
  t.equal(await ask(recent), 200)
  t.equal(await ask(old), 200)
  const ages = async () =>
    (
      await sql("SELECT now() - last_used_at < interval '29 seconds' AS is_new FROM sessions ORDER BY id DESC LIMIT 2")
    ).map((row) => row['is_new'])
  await until(async () => (await ages())[0] === true, 'the use of the second one is recorded')
  t.strictSame(await ages(), [true, false], 'and that of the first one is not')
})

t.test('a session ends at SESSION_MAX_AGE, however often it is used', async (t) => {
  const { create, ask } = await startWith(t, { SESSION_MAX_AGE: `${HOUR}` })
  t.equal(await ask(await create('1 hour 1 second', '0 seconds')), 401)
  t.equal(await ask(await create('59 minutes', '59 minutes')), 200)
})

t.test('both limits and expires_at hold at the same time', async (t) => {
  const { create, ask, sql } = await startWith(t, { SESSION_MAX_AGE: `${HOUR}`, SESSION_IDLE_TIMEOUT: `${MINUTE}` })
  t.equal(await ask(await create('30 minutes', '30 seconds')), 200)
  t.equal(await ask(await create('30 minutes', '61 seconds')), 401)
  t.equal(await ask(await create('61 minutes', '30 seconds')), 401)
  const expired = await create('30 minutes', '30 seconds')
  await sql(`UPDATE sessions SET expires_at = now() WHERE id = (SELECT max(id) FROM sessions)`)
  t.equal(await ask(expired), 401)
})

t.test('expires_at can be infinite', async (t) => {
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
