import t, { type Test } from 'tap'
import { countConnections, createSession, errorBody, OWNER, resources, startApp, until } from '../support/app.js'
import { holdTransaction } from '../support/database.js'
import { type DatabaseProxy, startProxy } from '../support/proxy.js'
import { NO_REDIS, startRedis, untilConnected } from '../support/redis.js'

const IMPORTS = resources('/imports')
const LIMIT = 5
const LIMITED = errorBody(429, 'RATE_LIMITED', `Too many requests from this address: at most ${LIMIT} in 60 s`)

/** Hundreds of concurrent requests must not time out on a busy machine. */
const PATIENT = { DATABASE_ANSWER_TIMEOUT: '60000', DATABASE_CONNECT_TIMEOUT: '60000' }

let guesses = 0

/** Returns a new well-formed token without a session. */
const guess = () => {
  guesses += 1
  return `guess-${guesses}-${'0'.repeat(30)}`
}

const redis = NO_REDIS ? undefined : await startRedis(t)

/** Starts the service behind a proxy that counts round trips to the database. */
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
  if (!proxy) throw new Error('no proxy')
  return { ...service, proxy }
}

for (const [store, url] of [
  ['in memory', undefined],
  ['in Redis', redis?.url],
] as const) {
  const skip = store === 'in Redis' && NO_REDIS

  /** Starts the service, which trusts the client address in X-Forwarded-For. */
  const start = async (t: Test) => {
    await redis?.clear()
    const limits = { RATE_LIMIT_ADDRESS: `${LIMIT}`, RATE_LIMIT_SESSION: '1000', TRUST_PROXY: '127.0.0.1' }
    const service = await startProxied(t, { ...limits, ...PATIENT, ...(url && { REDIS_URL: url }) })
    const send = async (path: string, token: string | null = null, address = '203.0.113.1') => {
      const headers = { 'x-forwarded-for': address }
      return (await service.call('GET', path, { token, headers })).status
    }
    if (url) await untilConnected(service)
    return { ...service, send }
  }

  t.test(
    `over the limit, unknown sessions are rejected before the database is queried (requests counted ${store})`,
    { skip },
    async (t) => {
      const { call, proxy } = await start(t)
      const send = async (token = guess()) => {
        const { status, headers, body } = await call('GET', IMPORTS, { token })
        return [status, headers.get('ratelimit-remaining'), body]
      }
      for (let left = LIMIT - 1; left >= 0; left -= 1) {
        t.strictSame(await send(), [401, `${left}`, errorBody(401, 'UNAUTHORIZED', 'Unauthorized')])
      }
      await proxy.become('refuse')
      const responses = await Promise.all(Array.from({ length: 50 }, () => send()))
      for (const response of responses) t.strictSame(response, [429, '0', LIMITED])
      const same = guess()
      for (let count = 0; count < 3; count += 1)
        t.strictSame(await send(same), [429, '0', LIMITED], 'a repeated cookie')
      const rejected = await call('POST', IMPORTS, { token: guess(), body: '{' })
      t.strictSame([rejected.status, rejected.body], [429, LIMITED], 'rejected before the body is parsed')
      t.match(rejected.headers.get('retry-after'), /^([1-9]|[1-5]\d|60)$/)
    },
  )

  t.test(
    `on a route that needs no session, a request counts against the address, whatever its cookie (requests counted ${store})`,
    { skip },
    async (t) => {
      const { sql, send } = await start(t)
      const valid = await createSession(sql, OWNER.userId)
      t.equal(await send(IMPORTS, valid), 200)
      const paths = ['/openapi.json', '/docs', '/docs/json', '/openapi.json']
      for (const [index, path] of paths.entries()) {
        t.equal(await send(path, [null, guess(), valid, OWNER.token][index]), 200, path)
      }
      t.equal(await send('/nowhere', guess()), 404)
      for (const path of [...paths, '/docs/nothing', '/nowhere', '/webhooks/github']) {
        for (const token of [null, 'malformed', guess()]) t.equal(await send(path, token), 429, path)
      }
      t.equal(await send('/openapi.json', valid), 429, 'a request with a valid session')
      t.equal(await send('/openapi.json', null, '203.0.113.2'), 200, 'another address')
      t.equal(await send(IMPORTS, valid), 200, 'the session has its own limit')
    },
  )

  t.test(
    `a session recently found valid is served even over the limit of its address (requests counted ${store})`,
    { skip },
    async (t) => {
      const { sql, send, proxy } = await start(t)
      const [recent, unknown, revoked] = await Promise.all([1, 2, 3].map(() => createSession(sql, OWNER.userId)))
      for (const token of [recent, revoked]) t.equal(await send(IMPORTS, token), 200)
      for (let count = 0; count < LIMIT; count += 1) t.equal(await send(IMPORTS, guess()), 401)
      t.equal(await send(IMPORTS, guess()), 429)
      t.equal(await send(IMPORTS, recent), 200)
      t.equal(await send('/nowhere', recent), 404, 'an unknown route counts against the session')
      const before = proxy.roundTrips()
      t.equal(await send(IMPORTS, unknown), 429, 'a session that was not recently found valid is not looked up')
      t.equal(proxy.roundTrips(), before)
      t.equal(
        await send(IMPORTS, unknown, '203.0.113.2'),
        200,
        'a valid session that was not used before is looked up for a request from another address',
      )
      t.equal(
        await send(IMPORTS, unknown),
        200,
        'the service remembers that this session is valid, also for the address over its limit',
      )

      await sql('UPDATE sessions SET revoked_at = now() WHERE neptun_user_id = 1')
      t.equal(await send(IMPORTS, recent, '203.0.113.3'), 401, 'a revoked session is rejected')
      t.equal(await send(IMPORTS, revoked), 429, 'a revoked session counts against its address')
      const after = proxy.roundTrips()
      for (const token of [recent, revoked])
        t.equal(await send(IMPORTS, token), 429, 'the service does not remember a revoked session as valid')
      t.equal(proxy.roundTrips(), after)
    },
  )

  t.test(`many valid sessions at one address are never rejected (requests counted ${store})`, { skip }, async (t) => {
    const { sql, send } = await start(t)
    const tokens = await Promise.all(Array.from({ length: 40 }, () => createSession(sql, OWNER.userId)))
    for (let round = 0; round < 2; round += 1) {
      t.same(new Set(await Promise.all(tokens.map((token) => send(IMPORTS, token)))), new Set([200]))
    }
    const guesses = Array.from({ length: 40 }, () => send(IMPORTS, guess()))
    const valid = await Promise.all([...tokens, ...tokens].map((token) => send(IMPORTS, token)))
    t.same(new Set(valid), new Set([200]), 'valid sessions are served while unknown ones are rejected')
    const statuses = await Promise.all(guesses)
    const unauthorized = statuses.filter((status) => status === 401).length
    // On a busy machine, commands to Redis can time out: then the service counts some requests in memory.
    t.ok(unauthorized === LIMIT || (url && unauthorized <= 2 * LIMIT), `${unauthorized} of 40 guesses are 401`)
    t.equal(statuses.filter((status) => status === 429).length, 40 - unauthorized)
  })
}

t.test('of requests with unknown sessions from an address, at most sixteen at a time query the database', async (t) => {
  const settings = { RATE_LIMIT_ADDRESS: `${LIMIT}`, DATABASE_POOL_SIZE: '1', DATABASE_LOCK_TIMEOUT: '60000' }
  const { app, call, database, databaseUrl, proxy } = await startProxied(t, { ...settings, ...PATIENT })
  await call('GET', IMPORTS)
  const before = proxy.roundTrips()
  const release = await holdTransaction(t, databaseUrl, 'LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE')
  const requests = Array.from({ length: 300 }, () => call('GET', IMPORTS, { token: guess() }))
  await until(async () => (await countConnections({ app })) >= 300, 'all requests are sent')
  await until(() => database.pool.waitingCount >= 15, 'one lookup waits for the lock, fifteen for the only connection')
  t.equal(database.pool.waitingCount, 15)
  await release()
  const statuses = (await Promise.all(requests)).map(({ status }) => status)
  t.equal(statuses.filter((status) => status === 401).length, LIMIT)
  t.equal(statuses.filter((status) => status === 429).length, 300 - LIMIT)
  const queries = proxy.roundTrips() - before
  t.ok(queries >= 16 && queries < 16 + LIMIT, `${queries} queries for 300 requests`)
})
