import t from 'tap'
import { createSession, errorBody, OWNER, resources, STRANGER, startApp, type TestApp, until } from '../support/app.js'
import { appSettings, startGithubStub } from '../support/github-stub.js'
import { IMPORTS, PATH, startLive } from '../support/live.js'
import { NO_REDIS, startRedis, untilConnected } from '../support/redis.js'

const REPOSITORIES = resources('/github-repositories')
const INSTALLATIONS = resources('/github-installations')

const limited = (max: number, seconds = 60) =>
  errorBody(429, 'RATE_LIMITED', `Too many requests that need GitHub: at most ${max} in ${seconds} s for one user`)

const source = (source_path = PATH) => ({ source_type: 'github', source_path })

t.test('each kind of call that needs GitHub is rate-limited per user, before any request to GitHub', async (t) => {
  const kinds: [name: string, method: string, path: (id: number) => string, body?: object][] = [
    ['a create', 'POST', () => IMPORTS, source()],
    ['a preview', 'POST', () => `${IMPORTS}/preview`, source()],
    ['a change of the path', 'PUT', (id) => `${IMPORTS}/${id}`, source()],
    ['the list of repositories', 'GET', () => REPOSITORIES],
    [
      'a new installation',
      'POST',
      () => INSTALLATIONS,
      { installation_id: 456790, account_name: 'username', repository_selection: 'selected' },
    ],
  ]
  for (const [name, method, path, body] of kinds) {
    await t.test(name, async (t) => {
      const { call, sql, github, post } = await startLive(t, { GITHUB_RATE_LIMIT_USER: '2' })
      await sql(`UPDATE users SET github_account_id = '77'`)
      const local = await call('POST', IMPORTS, { body: { source_type: 'local', source_path: 'x' } })
      await call('POST', INSTALLATIONS, { body: { github_installation_id: 123 } })
      for (let count = 0; count < 2; count += 1) t.equal((await post()).status, 201)
      github.takeCalls()
      const before = (await sql('SELECT * FROM imports, github_installations')).length
      const url = path(local.body.import.id)
      const response = await call(method, url, { body })
      t.same([response.status, response.body], [429, limited(2)])
      t.match(response.headers.get('retry-after'), /^([1-9]|[1-5]\d|60)$/)
      const token = await createSession(sql, OWNER.userId)
      t.equal((await call(method, url, { body, token })).status, 429, 'another session of the same user')
      t.same(github.takeCalls(), [], 'no request to GitHub')
      t.equal((await sql('SELECT * FROM imports, github_installations')).length, before, 'nothing is stored')
    })
  }
})

t.test('calls that do not need GitHub are not counted, and not rejected after the limit', async (t) => {
  const { call, github, post } = await startLive(t, { GITHUB_RATE_LIMIT_USER: '1' })
  const created = await post()
  t.equal(created.status, 201)
  t.equal((await post()).status, 429)
  github.takeCalls()
  const one = `${IMPORTS}/${created.body.import.id}`
  const { body } = await call('GET', one)
  t.equal(
    (await call('PUT', one, { body: { ...body.import, title: 'x' } })).status,
    200,
    'a PUT of the whole import, with an unchanged path',
  )
  t.equal((await call('GET', IMPORTS)).status, 200)
  t.equal((await call('POST', IMPORTS, { body: { source_type: 'local', source_path: 'x' } })).status, 201)
  t.equal((await call('POST', INSTALLATIONS, { body: { github_installation_id: 123 } })).status, 201, 'a link')
  t.equal((await call('POST', IMPORTS, { body: source('..') })).status, 400)
  t.equal((await call('DELETE', one)).status, 204)
  t.same(github.takeCalls(), [])
})

t.test('a 403 without a request to GitHub is not counted', async (t) => {
  const { call, sql, post } = await startLive(t, { GITHUB_RATE_LIMIT_USER: '1' })
  await sql('UPDATE github_installations SET suspended_at = now()')
  for (let count = 0; count < 3; count += 1) t.equal((await post()).status, 403)
  t.equal((await call('GET', REPOSITORIES)).status, 404)
  await sql('UPDATE github_installations SET suspended_at = NULL')
  t.equal((await post()).status, 201)
})

t.test('the limit of calls that need GitHub is separate for each user, and resets with the window', async (t) => {
  const { call, post, sql } = await startLive(t, { GITHUB_RATE_LIMIT_USER: '1', RATE_LIMIT_WINDOW: '1500' })
  await sql(`
    INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
    VALUES (456789, 'username', 'all', 2)`)
  t.equal((await post()).status, 201)
  const rejected = await post()
  t.same([rejected.status, rejected.body], [429, limited(1, 1.5)])
  t.match(rejected.headers.get('retry-after'), /^[12]$/)
  const strangersImports = resources('/imports', STRANGER)
  t.equal((await call('POST', strangersImports, { body: source(), token: STRANGER.token })).status, 201)
  await until(async () => (await post()).status === 201, 'the window has ended')
})

/** Adds users who may import the repository. @returns a function that imports it for one of them */
async function addUsers({ call, sql }: Pick<TestApp, 'call' | 'sql'>, count: number) {
  await sql(
    `INSERT INTO users (id, email) SELECT id, id || '@example.com' FROM generate_series(1001, 1000 + $1::int) AS id`,
    [count],
  )
  await sql(`INSERT INTO projects (id, name, neptun_user_id) SELECT id, 'x', id FROM users WHERE id > 1000`)
  await sql(`
    INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
    SELECT 456789, 'username', 'all', id FROM users WHERE id > 1000`)
  return async (number: number) => {
    const userId = 1000 + number
    const token = await createSession(sql, userId)
    return await call('POST', resources('/imports', { userId, projectId: userId, token }), { body: source(), token })
  }
}

t.test('of calls that need GitHub, all users together may send ten times as many as one user', async (t) => {
  const service = await startLive(t, { GITHUB_RATE_LIMIT_USER: '1' })
  const postAs = await addUsers(service, 11)
  for (let number = 1; number <= 9; number += 1) t.equal((await postAs(number)).status, 201)
  t.equal((await service.post()).status, 201, 'the tenth call')
  for (let count = 0; count < 5; count += 1) t.equal((await service.post()).status, 429, 'over the limit of the user')
  service.github.takeCalls()
  const message = 'Too many requests that need GitHub, from all users together: nothing was stored'
  const rejected = await postAs(10)
  t.same([rejected.status, rejected.body], [503, errorBody(503, 'GITHUB_UNAVAILABLE', message)])
  t.match(rejected.headers.get('retry-after'), /^([1-9]|[1-5]\d|60)$/)
  t.same(service.github.takeCalls(), [])
})

t.test('calls over the GitHub limit of one user do not count towards the limit of all users', async (t) => {
  const service = await startLive(t, { GITHUB_RATE_LIMIT_USER: '1' })
  const postAs = await addUsers(service, 9)
  t.equal((await service.post()).status, 201)
  for (let count = 0; count < 20; count += 1) t.equal((await service.post()).status, 429)
  for (let number = 1; number <= 9; number += 1) t.equal((await postAs(number)).status, 201)
})

t.test('without a GitHub App, no call is counted', async (t) => {
  const { call } = await startApp(t, { GITHUB_RATE_LIMIT_USER: '1' })
  for (let count = 0; count < 3; count += 1) t.equal((await call('POST', IMPORTS, { body: source() })).status, 201)
})

t.test(
  'with Redis, two instances share their counts of calls that need GitHub; without it, they count separately',
  { skip: NO_REDIS },
  async (t) => {
    const redis = await startRedis(t)
    const github = await startGithubStub(t)
    const settings = { ...appSettings(github.url), GITHUB_RATE_LIMIT_USER: '3', REDIS_URL: redis.url }
    const one = await startApp(t, settings)
    const two = await startApp(t, settings, { migratedUrl: one.databaseUrl, rows: async () => {} })
    const post = async ({ call }: typeof one) => (await call('POST', IMPORTS, { body: source() })).status
    for (const service of [one, two]) await untilConnected(service)
    t.same([await post(one), await post(two), await post(one), await post(two)], [201, 201, 201, 429])
    t.equal(await post(one), 429)
    await redis.stop()
    t.equal(await post(one), 201, 'without Redis, the instance uses its own counter, which starts at 0')
  },
)
