import t from 'tap'
import { type AppResponse, errorBody, OWNER, resources, STRANGER, startApp, until } from '../support/app.js'
import { NO_REDIS, startRedis, type TestRedis, untilConnected } from '../support/redis.js'

const IMPORTS = resources('/imports')
/** Matches `Retry-After` and `RateLimit-Reset` in the first ten seconds of a window. */
const SOON = /^(60|5\d)$/

const sessionLimit = (max: number) =>
  errorBody(429, 'RATE_LIMITED', `Too many requests for this session: at most ${max} in 60 s`)

const addressLimit = (max: number) =>
  errorBody(429, 'RATE_LIMITED', `Too many requests from this address: at most ${max} in 60 s`)

/** Returns the limit, the number of remaining requests, and the seconds until a retry. */
const headersOf = ({ headers }: AppResponse) =>
  ['ratelimit-limit', 'ratelimit-remaining', 'retry-after'].map((name) => headers.get(name))

t.test('each session has its own rate limit, which the headers report', async (t) => {
  const { call } = await startApp(t, { RATE_LIMIT_SESSION: '3' })
  for (const left of ['2', '1', '0']) {
    const response = await call('GET', IMPORTS)
    t.same([response.status, headersOf(response)], [200, ['3', left, null]])
    t.match(response.headers.get('ratelimit-reset'), SOON)
  }
  const rejected = await call('GET', IMPORTS)
  t.same([rejected.status, rejected.body], [429, sessionLimit(3)])
  t.match(headersOf(rejected), ['3', '0', SOON])
  t.equal((await call('POST', IMPORTS, { body: '{' })).status, 429, 'rejected before the body is parsed')
  t.equal((await call('GET', '/nowhere')).status, 429, 'an unknown route')
  const other = await call('GET', resources('/imports', STRANGER), { token: STRANGER.token })
  t.same([other.status, headersOf(other)], [200, ['3', '2', null]], 'another session has its own limit')
  t.equal((await call('GET', '/health/ready')).status, 200, 'health checks are not limited')
})

t.test('a session over its rate limit is served again in the next window', async (t) => {
  const { call } = await startApp(t, { RATE_LIMIT_SESSION: '1', RATE_LIMIT_WINDOW: '500' })
  t.equal((await call('GET', IMPORTS)).status, 200)
  const rejected = await call('GET', IMPORTS)
  t.same([rejected.status, rejected.headers.get('retry-after')], [429, '1'])
  await until(async () => (await call('GET', IMPORTS)).status === 200, 'the next window has begun')
})

t.test('setting the system clock back does not lengthen the window', async (t) => {
  const { call } = await startApp(t, { RATE_LIMIT_ADDRESS: '1' })
  const send = () => call('GET', '/nowhere', { token: null })
  t.equal((await send()).status, 404)
  const now = Date.now
  t.teardown(() => Object.assign(Date, { now }))
  Date.now = () => now() - 24 * 60 * 60 * 1000
  const { status, headers } = await send()
  t.equal(status, 429)
  t.match(headers.get('retry-after'), SOON)
})

t.test('without a session, a request counts against the address, even if its route is unknown', async (t) => {
  const { call } = await startApp(t, { RATE_LIMIT_ADDRESS: '3' })
  t.equal((await call('GET', IMPORTS, { token: null })).status, 401)
  t.equal((await call('GET', '/nowhere', { token: null })).status, 404)
  t.equal((await call('PATCH', '/nowhere', { token: null })).status, 404)
  const rejected = await call('GET', '/nowhere', { token: null })
  t.same([rejected.status, rejected.body], [429, addressLimit(3)])
})

t.test('a 429 is logged with the exceeded limit', async (t) => {
  const { call, log } = await startApp(t, { RATE_LIMIT_SESSION: '1', RATE_LIMIT_ADDRESS: '1' })
  const lines = () =>
    log.map((line) => JSON.parse(line)).filter(({ msg, status }) => msg === 'request' && status === 429)
  for (const token of [OWNER.token, null])
    for (let count = 0; count < 2; count += 1) await call('GET', IMPORTS, { token })
  await until(() => lines().length === 2, 'both rejected requests are logged')
  t.same(
    lines().map(({ reason }) => reason),
    [sessionLimit(1).message, addressLimit(1).message],
  )
})

t.test('the client address is taken from X-Forwarded-For of a trusted proxy only', async (t) => {
  const { call } = await startApp(t, { RATE_LIMIT_ADDRESS: '1', TRUST_PROXY: '127.0.0.0/8' })
  const send = async (address: string) =>
    (await call('GET', IMPORTS, { token: null, headers: { 'x-forwarded-for': address } })).status
  t.same([await send('203.0.113.1'), await send('203.0.113.1'), await send('203.0.113.2')], [401, 429, 401])
  t.same([await send('2001:db8::1'), await send('2001:db8::ffff')], [401, 429], 'an IPv6 network is one client')
  for (const [one, other] of [
    ['203.0.113.8:50001', '203.0.113.8:50002'],
    ['203.0.113.9', '203.0.113.9:443'],
    ['[2001:db8:1::1]:50001', '[2001:db8:1::1]:50002'],
    ['2001:db8:2::1', '[2001:db8:2::1]'],
    ['"[2001:db8:3::1]:1"', '2001:db8:3::1'],
    ['::ffff:203.0.113.10', '203.0.113.10:1'],
    ['[::ffff:203.0.113.11]:5', '203.0.113.11'],
    ['203.0.113.12:1, 127.0.0.2:4000', '203.0.113.12:2, 127.0.0.3:4001'],
    ['198.51.100.1:9, 203.0.113.13:1', '198.51.100.2:9, 203.0.113.13:2'],
    ['unknown', 'UNKNOWN'],
  ] as const) {
    t.same([await send(one), await send(other)], [401, 429], `${one} and ${other} are one client`)
  }
  const untrusting = await startApp(t, { RATE_LIMIT_ADDRESS: '1' })
  const spoof = async (address: string) =>
    (await untrusting.call('GET', IMPORTS, { token: null, headers: { 'x-forwarded-for': address } })).status
  t.same(
    [await spoof('203.0.113.1'), await spoof('203.0.113.2')],
    [401, 429],
    'without a trusted proxy, the header is ignored',
  )
})

t.test('two instances share counts in Redis', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t)
  const settings = { RATE_LIMIT_SESSION: '4', RATE_LIMIT_ADDRESS: '4', REDIS_URL: redis.url }
  const one = await startApp(t, settings)
  const two = await startApp(t, settings)
  const send = async ({ call }: typeof one) => {
    const response = await call('GET', IMPORTS)
    return [response.status, response.headers.get('ratelimit-remaining')]
  }
  const startCounting = async () => {
    for (const service of [one, two]) await untilConnected(service)
    await redis.clear()
  }
  await startCounting()
  t.same(await send(one), [200, '3'])
  t.same(await send(two), [200, '2'])
  t.same(await send(one), [200, '1'])
  t.same(await send(two), [200, '0'])
  t.same(await send(two), [429, '0'])
  t.same(await send(one), [429, '0'])

  await redis.stop()
  t.same(await send(one), [200, '3'], 'without Redis, each instance counts its own requests')
  const untilLogged = (message: string) =>
    until(async () => {
      await send(one)
      return one.log.some((line) => line.includes(message))
    }, message)
  await untilLogged('Redis is unavailable')
  await until(async () => (await send(one))[0] === 429, 'the limit is still enforced')
  await redis.start()
  await untilLogged('Redis is available again')
  await startCounting()
  t.same(await send(one), [200, '3'])
  t.same(await send(two), [200, '2'], 'counts are shared again')
})

for (const [state, toggle] of [
  ['frozen', (redis: TestRedis, isBroken: boolean) => redis.freeze(isBroken)],
  ['read-only', (redis: TestRedis, isBroken: boolean) => redis.setReadOnly(isBroken)],
] as const) {
  t.test(
    `while Redis is ${state}, the service counts requests in memory, and tries Redis again at most every 2 s`,
    { skip: NO_REDIS },
    async (t) => {
      const redis = await startRedis(t)
      const { app, call, log } = await startApp(t, { RATE_LIMIT_ADDRESS: '1000', REDIS_URL: redis.url })
      const send = () => call('GET', '/nowhere', { token: null })
      const lines = (message: string) => log.filter((line) => line.includes(message)).map((line) => JSON.parse(line))
      await until(async () => {
        await send()
        return app.redis?.isAvailable() === true && lines('is available').length === lines('is unavailable').length
      }, 'the service is connected to Redis')
      await toggle(redis, true)
      const before = lines('is unavailable').length
      await until(async () => {
        await send()
        return lines('is unavailable').length > before
      }, 'the circuit opens')
      t.match(lines('is unavailable').at(-1), { level: 40, reason: state === 'frozen' ? /timed ?out/i : /READONLY/ })
      t.equal(app.redis?.isAvailable(), false)
      const first = Number((await send()).headers.get('ratelimit-remaining'))
      const failures = app.redis?.failures() ?? Number.NaN
      const startedAt = performance.now()
      for (let number = 1; number <= 20; number += 1) {
        const { status, headers } = await send()
        t.same([status, headers.get('ratelimit-remaining')], [404, `${first - number}`])
      }
      const trials = 1 + Math.floor((performance.now() - startedAt) / 2000)
      const failed = (app.redis?.failures() ?? Number.NaN) - failures
      t.ok(failed <= trials, `commands that failed: ${failed}, trial calls: at most ${trials}`)
      await toggle(redis, false)
      const recovered = lines('available again').length
      await until(async () => {
        await send()
        return lines('available again').length > recovered
      }, 'the circuit closes')
      t.equal(app.redis?.isAvailable(), true)
    },
  )
}
