import t from 'tap'
import { type Answer, errorBody, OWNER, resources, STRANGER, startApp, until } from '../support/app.js'
import { NO_REDIS, startRedis, type TestRedis } from '../support/redis.js'

const IMPORTS = resources('/imports')
const ofSession = (max: number) =>
  errorBody(429, 'RATE_LIMITED', `Too many requests for this session: at most ${max} in 60 s`)

const fromAddress = (max: number) =>
  errorBody(429, 'RATE_LIMITED', `Too many requests from this address: at most ${max} in 60 s`)

/** What the headers say: the limit, what is left of it, and when to come back. */
const headersOf = ({ headers }: Answer) =>
  ['ratelimit-limit', 'ratelimit-remaining', 'retry-after'].map((name) => headers.get(name))

t.test('a session is limited by itself, wherever it calls from, and says so', async (t) => {
  const { call } = await startApp(t, { RATE_LIMIT_SESSION: '3' })
  for (const left of ['2', '1', '0']) {
    const answer = await call('GET', IMPORTS)
    t.same([answer.status, headersOf(answer)], [200, ['3', left, null]])
    t.match(answer.headers.get('ratelimit-reset'), /^(60|5\d)$/)
  }
  const refused = await call('GET', IMPORTS)
  t.same([refused.status, refused.body], [429, ofSession(3)])
  t.match(headersOf(refused), ['3', '0', /^(60|5\d)$/])
  t.equal((await call('POST', IMPORTS, { body: '{' })).status, 429, 'before a body is read')
  t.equal((await call('GET', '/nowhere')).status, 429, 'where there is no route, too')
  const other = await call('GET', resources('/imports', STRANGER), { token: STRANGER.token })
  t.same([other.status, headersOf(other)], [200, ['3', '2', null]], 'another session is another matter')
  t.equal((await call('GET', '/health/ready')).status, 200, 'and so is who watches the service')
})

t.test('the time passes', async (t) => {
  const { call } = await startApp(t, { RATE_LIMIT_SESSION: '1', RATE_LIMIT_WINDOW: '500' })
  t.equal((await call('GET', IMPORTS)).status, 200)
  const refused = await call('GET', IMPORTS)
  t.same([refused.status, refused.headers.get('retry-after')], [429, '1'])
  await until(async () => (await call('GET', IMPORTS)).status === 200, 'it is let in again')
})

t.test('a clock that is set back by a day does not lengthen the time', async (t) => {
  const { call } = await startApp(t, { RATE_LIMIT_ADDRESS: '1' })
  const ask = () => call('GET', '/nowhere', { token: null })
  t.equal((await ask()).status, 404)
  const now = Date.now
  t.teardown(() => Object.assign(Date, { now }))
  Date.now = () => now() - 24 * 60 * 60 * 1000
  const { status, headers } = await ask()
  const retryAfter = Number(headers.get('retry-after'))
  t.equal(status, 429)
  t.ok(retryAfter > 0 && retryAfter <= 60, `Retry-After: ${retryAfter}`)
})

t.test('without a session it is the address that counts, for unknown routes too', async (t) => {
  const { call } = await startApp(t, { RATE_LIMIT_ADDRESS: '3' })
  t.equal((await call('GET', IMPORTS, { token: null })).status, 401)
  t.equal((await call('GET', '/nowhere', { token: null })).status, 404)
  t.equal((await call('PATCH', '/nowhere', { token: null })).status, 404)
  const refused = await call('GET', '/nowhere', { token: null })
  t.same([refused.status, refused.body], [429, fromAddress(3)])
})

t.test('deliveries of webhooks are not limited, but those without the signature are', async (t) => {
  const { call } = await startApp(t, { RATE_LIMIT_ADDRESS: '2', GITHUB_WEBHOOK_SECRET: 'webhook-secret' })
  const deliver = (headers = {}) => call('POST', '/webhooks/github', { token: null, body: {}, headers })
  t.same([(await deliver()).status, (await deliver()).status, (await deliver()).status], [401, 401, 429])
})

t.test('the log says which limit a request has exceeded', async (t) => {
  const { call, log } = await startApp(t, { RATE_LIMIT_SESSION: '1', RATE_LIMIT_ADDRESS: '1' })
  const reasons = () =>
    log.map((line) => JSON.parse(line)).filter(({ msg, status }) => msg === 'request' && status === 429)
  for (const token of [OWNER.token, null])
    for (let count = 0; count < 2; count += 1) await call('GET', IMPORTS, { token })
  await until(() => reasons().length === 2, 'two lines')
  t.same(
    reasons().map(({ reason }) => reason),
    [ofSession(1).message, fromAddress(1).message],
  )
})

t.test('behind a proxy that is trusted, the address is the one it names', async (t) => {
  const { call } = await startApp(t, { RATE_LIMIT_ADDRESS: '1', TRUST_PROXY: '127.0.0.0/8' })
  const ask = async (address: string) =>
    (await call('GET', IMPORTS, { token: null, headers: { 'x-forwarded-for': address } })).status
  t.same([await ask('203.0.113.1'), await ask('203.0.113.1'), await ask('203.0.113.2')], [401, 429, 401])
  t.same([await ask('2001:db8::1'), await ask('2001:db8::ffff')], [401, 429], 'a network of IPv6 is one caller')
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
    t.same([await ask(one), await ask(other)], [401, 429], `${one} and ${other} are one client`)
  }
  const untrusting = await startApp(t, { RATE_LIMIT_ADDRESS: '1' })
  const spoof = async (address: string) =>
    (await untrusting.call('GET', IMPORTS, { token: null, headers: { 'x-forwarded-for': address } })).status
  t.same([await spoof('203.0.113.1'), await spoof('203.0.113.2')], [401, 429], 'and without one nobody can claim')
})

t.test('two instances count together in Redis', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t)
  const settings = { RATE_LIMIT_SESSION: '4', RATE_LIMIT_ADDRESS: '4', REDIS_URL: redis.url }
  const one = await startApp(t, settings)
  const two = await startApp(t, settings)
  const ask = async ({ call }: typeof one) => {
    const answer = await call('GET', IMPORTS)
    return [answer.status, answer.headers.get('ratelimit-remaining')]
  }
  for (const { call } of [one, two]) {
    const isCounted = async () => {
      const { headers } = await call('GET', '/nowhere', { token: null })
      return headers.get('ratelimit-remaining') !== '4'
    }
    await until(isCounted, 'it is connected to Redis')
  }
  await redis.clear()
  t.same(await ask(one), [200, '3'])
  t.same(await ask(two), [200, '2'], 'the second request, of another instance')
  t.same(await ask(one), [200, '1'])
  t.same(await ask(two), [200, '0'])
  t.same((await ask(two))[0], 429, 'no more')
  t.equal((await ask(one))[0], 429)

  await redis.stop()
  t.equal((await ask(one))[0], 200, 'without Redis, each instance counts its own')
  const isLogged = (message: string) => one.log.some((line) => line.includes(message))
  await until(async () => {
    await ask(one)
    return isLogged('Redis is unavailable')
  }, 'the log says so')
  await until(async () => (await ask(one))[0] === 429, 'the limit is still enforced')
  await redis.start()
  await until(async () => {
    await ask(one)
    return isLogged('Redis is available again')
  }, 'and when it is back')
  await until(async () => (await ask(two))[0] === 429, 'counted together again')
})

for (const [what, toggle] of [
  ['frozen', (redis: TestRedis, isBroken: boolean) => redis.freeze(isBroken)],
  ['read-only', (redis: TestRedis, isBroken: boolean) => redis.setReadOnly(isBroken)],
] as const) {
  t.test(
    `while Redis is ${what}, requests do not wait for it, and each instance counts its own`,
    { skip: NO_REDIS },
    async (t) => {
      const redis = await startRedis(t)
      const { app, call, log } = await startApp(t, { RATE_LIMIT_ADDRESS: '1000', REDIS_URL: redis.url })
      const ask = () => call('GET', '/nowhere', { token: null })
      const lines = (message: string) => log.filter((line) => line.includes(message)).map((line) => JSON.parse(line))
      await until(async () => {
        await ask()
        return app.redis?.isAvailable() === true && lines('is available').length === lines('is unavailable').length
      }, 'it is connected to Redis')
      await toggle(redis, true)
      const before = lines('is unavailable').length
      await until(async () => {
        await ask()
        return lines('is unavailable').length > before
      }, 'the circuit opens')
      t.match(lines('is unavailable').at(-1), { level: 40, reason: what === 'frozen' ? /timed ?out/i : /READONLY/ })
      t.equal(app.redis?.isAvailable(), false)
      const times: number[] = []
      for (let number = 0; number < 20; number += 1) {
        const begun = performance.now()
        const { status, headers } = await ask()
        times.push(performance.now() - begun)
        t.equal(status, 404)
        t.ok(headers.get('ratelimit-remaining'), 'requests are counted')
      }
      t.ok((times.sort((a, b) => a - b)[10] ?? 0) < 200, `median ${times[10]} ms`)
      await toggle(redis, false)
      const recovered = lines('available again').length
      await until(async () => {
        await ask()
        return lines('available again').length > recovered
      }, 'the circuit closes')
      t.equal(app.redis?.isAvailable(), true)
    },
  )
}
