import t, { type Test } from 'tap'
import { createSession, errorBody, OWNER, resources, startApp, type TestApp, until } from '../support/app.js'
import { type DatabaseProxy, startProxy } from '../support/proxy.js'
import { NO_REDIS, startRedis } from '../support/redis.js'

const IMPORTS = resources('/imports')
const LIMIT = 5
const LIMITED = errorBody(429, 'RATE_LIMITED', `Too many requests from this address: at most ${LIMIT} in 60 s`)

/** Hundreds of concurrent requests, on a machine that may be busy, must not run into timeouts. */
const PATIENT = { DATABASE_ANSWER_TIMEOUT: '60000', DATABASE_CONNECT_TIMEOUT: '60000' }

let guesses = 0

/** A well-formed token that is no session's. */
const guess = () => {
  guesses += 1
  return `guess-${guesses}-${'0'.repeat(30)}`
}

const redis = NO_REDIS ? undefined : await startRedis(t)

/** A service whose queries go through a proxy that counts them. */
async function startProxied(t: Test, settings: Parameters<typeof startApp>[1]) {
  const proxies: DatabaseProxy[] = []
  const service = await startApp(t, settings, {
    databaseUrl: async (url) => {
      const proxy = await startProxy(t, url)
      proxies.push(proxy)
      return proxy.url
    },
  })
  const [proxy] = proxies
  if (!proxy) throw new Error('the service has no database')
  return { ...service, proxy }
}

for (const [store, url] of [
  ['in memory', undefined],
  ['in Redis', redis?.url],
] as const) {
  const skip = store === 'in Redis' && NO_REDIS

  /** Client addresses are those that X-Forwarded-For names. */
  const start = async (t: Test) => {
    await redis?.clear()
    const limits = { RATE_LIMIT_ADDRESS: `${LIMIT}`, RATE_LIMIT_SESSION: '1000', TRUST_PROXY: '127.0.0.1' }
    const service = await startProxied(t, { ...limits, ...PATIENT, ...(url && { REDIS_URL: url }) })
    const ask = async (path: string, token: string | null = null, address = '203.0.113.1') => {
      const headers = { 'x-forwarded-for': address }
      const { status, body, headers: sent } = await service.call('GET', path, { token, headers })
      const { code, message } = body ?? {}
      return { status, refusal: status === 429 ? { code, message, retry: sent.get('retry-after') } : null }
    }
    if (url) await until(() => isCounted(service), 'the service is connected to Redis')
    return { ...service, ask }
  }

  t.test(`made-up cookies are refused before the database is queried (${store})`, { skip }, async (t) => {
    const { call, proxy } = await start(t)
    const ask = async (token = guess()) => {
      const { status, headers, body } = await call('GET', IMPORTS, { token })
      return [status, headers.get('ratelimit-remaining'), body]
    }
    for (let left = LIMIT - 1; left >= 0; left -= 1) {
      t.strictSame((await ask()).slice(0, 2), [401, `${left}`])
    }
    await proxy.become('refuse')
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()))
    for (const answer of answers) t.strictSame(answer, [429, '0', LIMITED])
    const same = guess()
    for (let count = 0; count < 3; count += 1) t.strictSame(await ask(same), [429, '0', LIMITED], 'one cookie again')
    const refused = await call('POST', IMPORTS, { token: guess(), body: '{' })
    t.strictSame([refused.status, refused.body], [429, LIMITED], 'before the body is read')
    t.match(refused.headers.get('retry-after'), /^([1-9]|[1-5]\d|60)$/)
  })

  t.test(`a public route counts against the address, whatever the cookie (${store})`, { skip }, async (t) => {
    const { sql, ask } = await start(t)
    const valid = await createSession(sql, OWNER.userId)
    t.equal((await ask(IMPORTS, valid)).status, 200)
    const paths = ['/openapi.json', '/docs', '/docs/json', '/openapi.json']
    for (const [index, path] of paths.entries()) {
      t.equal((await ask(path, [null, guess(), valid, OWNER.token][index])).status, 200, path)
    }
    t.equal((await ask('/nowhere', guess())).status, 404)
    for (const path of [...paths, '/docs/nothing', '/nowhere', '/webhooks/github']) {
      for (const token of [null, 'malformed', guess()]) t.equal((await ask(path, token)).status, 429, path)
    }
    t.equal((await ask('/openapi.json', valid)).status, 429, 'a valid session is no way around it')
    t.equal((await ask('/openapi.json', null, '203.0.113.2')).status, 200, 'another address')
    t.equal((await ask(IMPORTS, valid)).status, 200, 'the session itself is served')
  })

  t.test(`a session that was valid within the last minute is served (${store})`, { skip }, async (t) => {
    const { sql, ask, proxy } = await start(t)
    const [seen, unseen, revoked] = await Promise.all([1, 2, 3].map(() => createSession(sql, OWNER.userId)))
    for (const token of [seen, revoked]) t.equal((await ask(IMPORTS, token)).status, 200)
    for (let count = 0; count < LIMIT; count += 1) t.equal((await ask(IMPORTS, guess())).status, 401)
    t.equal((await ask(IMPORTS, guess())).status, 429)
    t.equal((await ask(IMPORTS, seen)).status, 200)
    t.equal((await ask('/nowhere', seen)).status, 404, 'an unknown route counts for the session')
    const before = proxy.roundTrips()
    t.equal((await ask(IMPORTS, unseen)).status, 429, 'one that was not seen is not looked up')
    t.equal(proxy.roundTrips(), before)
    t.equal((await ask(IMPORTS, unseen, '203.0.113.2')).status, 200, 'from another address it is')
    t.equal((await ask(IMPORTS, unseen)).status, 200, 'and it is known from then on')

    await sql('UPDATE sessions SET revoked_at = now() WHERE neptun_user_id = 1')
    t.equal((await ask(IMPORTS, seen, '203.0.113.3')).status, 401, 'its validity is not remembered')
    t.equal((await ask(IMPORTS, revoked)).status, 429, 'nor is it here, where a refusal counts as another guess')
    const after = proxy.roundTrips()
    for (const token of [seen, revoked]) t.equal((await ask(IMPORTS, token)).status, 429, 'and it is forgotten')
    t.equal(proxy.roundTrips(), after)
  })

  t.test(`many valid sessions behind one address are never refused (${store})`, { skip }, async (t) => {
    const { sql, ask } = await start(t)
    const tokens = await Promise.all(Array.from({ length: 40 }, () => createSession(sql, OWNER.userId)))
    for (let round = 0; round < 2; round += 1) {
      const answers = await Promise.all(tokens.map((token) => ask(IMPORTS, token)))
      t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
    }
    const junk = Array.from({ length: 40 }, () => ask(IMPORTS, guess()))
    const mixed = await Promise.all([...tokens, ...tokens].map((token) => ask(IMPORTS, token)))
    t.same(new Set(mixed.map(({ status }) => status)), new Set([200]), 'nor beside made-up cookies')
    const refused = (await Promise.all(junk)).filter(({ status }) => status === 429)
    t.ok(refused.length >= 40 - LIMIT - 16, `${refused.length} guesses are refused`)
  })
}

/** Nothing is counted before the service has connected to Redis. */
async function isCounted({ call }: TestApp) {
  const headers = { 'x-forwarded-for': '198.51.100.1' }
  const answer = await call('GET', '/nowhere', { token: null, headers })
  return answer.headers.get('ratelimit-remaining') !== `${LIMIT}`
}

t.test('cookies that are made up at once cannot reach the database in any number', async (t) => {
  const { call, proxy } = await startProxied(t, { RATE_LIMIT_ADDRESS: `${LIMIT}`, ...PATIENT })
  await call('GET', IMPORTS)
  const before = proxy.roundTrips()
  const answers = await Promise.all(Array.from({ length: 300 }, () => call('GET', IMPORTS, { token: guess() })))
  const statuses = answers.map(({ status }) => status)
  t.equal(statuses.filter((status) => status === 401).length, LIMIT)
  t.equal(statuses.filter((status) => status === 429).length, 300 - LIMIT)
  // Each new connection of the pool takes a few round trips.
  const asked = proxy.roundTrips() - before
  t.ok(asked < 80, `${asked} round trips for 300 requests`)
})
