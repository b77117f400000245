import { createHash, generateKeyPairSync } from 'node:crypto'
import Fastify, { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { errorBody, OWNER, resources, type StartOptions, startApp, type TestApp, until } from '../support/app.js'
import { isConditional, tagOf } from '../support/conditional.js'

const list = resources('/github-repositories')

/** The App's private key, created once because that is slow. */
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const KEY = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()

/** An entry of GitHub's list of repositories, with some of its properties. */
const raw = (id: number, fullName: string, more: object = {}) => ({
  id,
  node_id: `R_${id}`,
  name: fullName.split('/')[1],
  full_name: fullName,
  private: false,
  owner: { login: fullName.split('/')[0], id: 9_000_000_001, type: 'User', site_admin: false },
  html_url: `https://github.com/${fullName}`,
  description: 'A repository',
  fork: false,
  url: `https://api.github.com/repos/${fullName}`,
  created_at: '2011-01-26T19:01:12Z',
  updated_at: '2011-01-26T19:14:43Z',
  pushed_at: '2011-01-26T19:06:43Z',
  size: 108,
  stargazers_count: 80,
  language: 'TypeScript',
  archived: false,
  disabled: false,
  license: { key: 'mit', name: 'MIT License', spdx_id: 'MIT' },
  is_template: false,
  visibility: 'public',
  default_branch: 'main',
  ...more,
})

/** Values in this service's response for properties that raw() omits. */
const defaults = (fullName: string) => ({
  git_url: `git://github.com/${fullName}.git`,
  ssh_url: `git@github.com:${fullName}.git`,
  clone_url: `https://github.com/${fullName}.git`,
  watchers_count: 0,
  has_issues: false,
  has_projects: false,
  has_downloads: false,
  has_wiki: false,
  has_pages: false,
  has_discussions: false,
  forks_count: 0,
  open_issues_count: 0,
  allow_forking: false,
  web_commit_signoff_required: false,
})

/** The repository of raw() as this service returns it. */
const shown = (id: number, fullName: string, installationId: number, more: object = {}) => ({
  id: String(id),
  name: fullName.split('/')[1],
  full_name: fullName,
  private: false,
  html_url: `https://github.com/${fullName}`,
  description: 'A repository',
  fork: false,
  archived: false,
  disabled: false,
  is_template: false,
  language: 'TypeScript',
  license: 'MIT',
  size: 108,
  stargazers_count: 80,
  default_branch: 'main',
  visibility: 'public',
  created_at: '2011-01-26T19:01:12.000Z',
  updated_at: '2011-01-26T19:14:43.000Z',
  pushed_at: '2011-01-26T19:06:43.000Z',
  github_account_id: '9000000001',
  github_account_name: fullName.split('/')[0],
  installation_id: String(installationId),
  ...defaults(fullName),
  ...more,
})

interface Installation {
  repositories: unknown[]
  /** The response to send instead of the list. */
  fails?: { status: number; body?: unknown; headers?: Record<string, string> }
}

/** Starts a stub for GitHub that lists the repositories of installations, with ETags, and records the requests. */
async function startGithub(t: Test, installations: Record<number, Installation>) {
  const requests: { installation: number; page: number; status: number }[] = []
  let tokens = 0
  let inFlight = 0
  let maxInFlight = 0
  let isHolding = false
  const held: (() => void)[] = []
  const github = Fastify()
  github.post<{ Params: { id: string } }>('/app/installations/:id/access_tokens', async (request, reply) => {
    if (!installations[Number(request.params.id)]) return reply.code(404).send({ message: 'Not Found' })
    tokens += 1
    const token = `ghs_${request.params.id}_${tokens}`
    return reply.code(201).send({ token, expires_at: new Date(Date.now() + 3_600_000).toISOString() })
  })
  github.get(
    '/installation/repositories',
    async (request: FastifyRequest<{ Querystring: Record<string, string> }>, reply) => {
      const id = Number(/ghs_(\d+)_/.exec(request.headers.authorization ?? '')?.[1])
      const { repositories = [], fails } = installations[id] ?? {}
      const page = Number(request.query['page'])
      const size = Number(request.query['per_page'])
      inFlight += 1
      maxInFlight = Math.max(maxInFlight, inFlight)
      if (isHolding) await new Promise<void>((resolve) => held.push(resolve))
      inFlight -= 1
      const body = {
        total_count: repositories.length,
        repositories: repositories.slice((page - 1) * size, page * size),
      }
      const etag = `W/"${createHash('sha256')
        .update(`${id} ${page} ${JSON.stringify(body)}`)
        .digest('hex')}"`
      const status = fails?.status ?? (request.headers['if-none-match'] === etag ? 304 : 200)
      requests.push({ installation: id, page, status })
      if (fails)
        return reply
          .code(fails.status)
          .headers(fails.headers ?? {})
          .send(fails.body ?? { message: 'no' })
      return status === 304 ? reply.code(304).header('etag', etag).send() : reply.header('etag', etag).send(body)
    },
  )
  const url = await github.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => github.close())
  const settings = { GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: KEY, GITHUB_API_URL: url, GITHUB_TIMEOUT: '3000' }
  const release = () => {
    isHolding = false
    for (const resolve of held.splice(0)) resolve()
  }
  return {
    settings,
    requests,
    installations,
    tokens: () => tokens,
    maxInFlight: () => maxInFlight,
    held: () => held.length,
    /** Holds the responses of further requests until `release` is called. */
    hold: () => {
      isHolding = true
    },
    release,
  }
}

/** Records an installation and links it to the project. */
async function link({ sql }: TestApp, installationId: number, { suspended = false, projectId = 789, userId = 1 } = {}) {
  const [row] = await sql<{ id: number }>(
    `INSERT INTO github_installations
       (installation_id, account_name, repository_selection, suspended_at, neptun_user_id)
     VALUES ($1, $2, 'all', $3, $4) RETURNING id`,
    [installationId, `account-${installationId}`, suspended ? new Date() : null, userId],
  )
  await sql(
    `INSERT INTO project_github_installations (project_id, github_installation_id, neptun_user_id) VALUES ($1, $2, $3)`,
    [projectId, row?.id, userId],
  )
}

async function start(t: Test, installations: Record<number, Installation>, options: StartOptions = {}) {
  const github = await startGithub(t, installations)
  return { github, service: await startApp(t, github.settings, options) }
}

const many = (owner: string, count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => raw(from + index, `${owner}/r${index}`))

t.test('lists the repositories of the linked installations, ordered by name', async (t) => {
  const { github, service } = await start(t, {
    1: { repositories: [raw(3, 'zeta/last'), raw(1, 'Beta/x', { private: true, visibility: 'private' })] },
    2: { repositories: [raw(2, 'alpha/y', { license: null, language: null, description: null, pushed_at: null })] },
    3: { repositories: [raw(4, 'not/linked')] },
  })
  await link(service, 1)
  await link(service, 2)
  const response = await service.call('GET', list)
  t.equal(response.status, 200)
  t.same(response.body, {
    repositories: [
      shown(2, 'alpha/y', 2, { license: null, language: null, description: null, pushed_at: null }),
      shown(1, 'Beta/x', 1, { private: true, visibility: 'private' }),
      shown(3, 'zeta/last', 1),
    ],
  })
  t.equal(response.headers.get('x-installations-failed'), null)
  t.equal(github.requests.length, 2)
  t.match(response.headers.get('content-type'), /^application\/json/)
})

t.test("every field of a listed repository has the value of GitHub's response", async (t) => {
  const flags = {
    fork: true,
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: true,
    has_discussions: true,
    archived: true,
    disabled: true,
    allow_forking: true,
    is_template: true,
    web_commit_signoff_required: true,
  }
  const rest = {
    size: 1,
    stargazers_count: 2,
    watchers_count: 3,
    forks_count: 4,
    open_issues_count: 5,
    git_url: 'git:git.example.com/acme/full.git',
    ssh_url: 'ssh://git@git.example.com:2222/acme/full.git',
    clone_url: 'https://git.example.com/acme/full.git',
    visibility: 'internal',
  }
  const { service } = await start(t, { 1: { repositories: [raw(9_007_199_254, 'acme/full', { ...flags, ...rest })] } })
  await link(service, 1)
  const { body } = await service.call('GET', list)
  t.strictSame(body, { repositories: [{ ...shown(9_007_199_254, 'acme/full', 1), ...flags, ...rest }] })
  t.equal(Object.keys(body.repositories[0]).length, 36)
})

t.test('a field that an older Enterprise Server omits is false, 0, null, or derived from other fields', async (t) => {
  const old = {
    id: 7,
    name: 'old',
    full_name: 'acme/old',
    private: true,
    owner: { login: 'acme', id: 8 },
    html_url: 'https://git.example.com:8443/acme/old',
    default_branch: 'master',
    created_at: '2011-01-26T19:01:12Z',
  }
  const { service } = await start(t, { 1: { repositories: [old] } })
  await link(service, 1)
  t.strictSame((await service.call('GET', list)).body, {
    repositories: [
      {
        id: '7',
        name: 'old',
        full_name: 'acme/old',
        private: true,
        html_url: 'https://git.example.com:8443/acme/old',
        description: null,
        fork: false,
        created_at: '2011-01-26T19:01:12.000Z',
        updated_at: '2011-01-26T19:01:12.000Z',
        pushed_at: null,
        git_url: 'git://git.example.com:8443/acme/old.git',
        ssh_url: 'git@git.example.com:acme/old.git',
        clone_url: 'https://git.example.com:8443/acme/old.git',
        size: 0,
        stargazers_count: 0,
        watchers_count: 0,
        language: null,
        has_issues: false,
        has_projects: false,
        has_downloads: false,
        has_wiki: false,
        has_pages: false,
        has_discussions: false,
        forks_count: 0,
        archived: false,
        disabled: false,
        open_issues_count: 0,
        allow_forking: false,
        is_template: false,
        web_commit_signoff_required: false,
        visibility: 'private',
        default_branch: 'master',
        github_account_id: '8',
        github_account_name: 'acme',
        installation_id: '1',
        license: null,
      },
    ],
  })
})

t.test('lists every page of several installations', async (t) => {
  const { github, service } = await start(t, {
    1: { repositories: many('one', 1001) },
    2: { repositories: many('two', 100, 5000) },
    3: { repositories: [] },
  })
  for (const id of [1, 2, 3]) await link(service, id)
  const { body } = await service.call('GET', list)
  t.equal(body.repositories.length, 1101)
  t.equal(new Set(body.repositories.map(({ id }: { id: number }) => id)).size, 1101)
  const names = body.repositories.map(({ full_name }: { full_name: string }) => full_name)
  t.same(names, [...names].sort(), 'the repositories are in order')
  t.equal(github.requests.length, 11 + 1 + 1, 'one request per page')
  t.equal(github.tokens(), 3, 'one token per installation')
})

t.test('a list sends at most four concurrent requests to GitHub', async (t) => {
  const installations = Object.fromEntries([1, 2, 3, 4, 5, 6].map((id) => [id, { repositories: [] }]))
  const github = await startGithub(t, installations)
  const service = await startApp(t, { ...github.settings, GITHUB_TIMEOUT: '60000' })
  for (const id of [1, 2, 3, 4, 5, 6]) await link(service, id)
  github.hold()
  const response = service.call('GET', list)
  await until(() => github.held() >= 4, 'four requests are in progress')
  // A fifth request would be sent together with the other four, and so arrive before the response to the fetch below.
  t.equal((await fetch(`${github.settings.GITHUB_API_URL}/`)).status, 404)
  t.equal(github.held(), 4)
  github.release()
  t.same((await response).body, { repositories: [] })
  t.same([github.requests.length, github.maxInFlight()], [6, 4])
})

t.test('a repository on two pages is listed once', async (t) => {
  const repositories = many('one', 150)
  repositories[120] = repositories[99] as (typeof repositories)[number]
  const { service } = await start(t, { 1: { repositories } })
  await link(service, 1)
  t.equal((await service.call('GET', list)).body.repositories.length, 149)
})

t.test('installations of another project or another user are not listed, and cause no request to GitHub', async (t) => {
  const { github, service } = await start(t, { 1: { repositories: [raw(1, 'a/b')] } })
  await service.sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (791, 'another', 1)`)
  await link(service, 1, { projectId: 791 })
  await link(service, 1, { projectId: 790, userId: 2 })
  const noInstallation = errorBody(404, 'NO_GITHUB_INSTALLATION', 'No GitHub installation is linked to this project')
  t.same((await service.call('GET', list)).body, noInstallation)
  t.same(github.requests, [])
})

t.test("pages of GitHub's list of repositories are cached and revalidated with conditional requests", async (t) => {
  const { github, service } = await start(t, {
    1: { repositories: many('one', 250) },
    2: { repositories: many('two', 2, 5000) },
  })
  await link(service, 1)
  await link(service, 2)
  const statuses = () => github.requests.splice(0).map(({ status }) => status)
  const cold = await service.call('GET', list)
  t.same(statuses(), [200, 200, 200, 200])
  const warm = await service.call('GET', list)
  t.same(statuses(), [304, 304, 304, 304])
  t.same(warm.body, cold.body)
  t.equal(github.tokens(), 2, 'tokens are cached, too')

  const second = github.installations[2] as Installation
  second.repositories = [raw(6000, 'two/new')]
  const changed = await service.call('GET', list)
  t.same(statuses().sort(), [200, 304, 304, 304])
  t.equal(changed.body.repositories.length, 251)
  t.same(changed.body.repositories.at(-1), shown(6000, 'two/new', 2))
})

t.test('a failing installation is omitted, and its id is in X-Installations-Failed', async (t) => {
  const { github, service } = await start(t, {
    1: { repositories: [raw(1, 'a/b')] },
    2: { repositories: [], fails: { status: 500 } },
    4: { repositories: many('four', 300), fails: { status: 403 } },
    6: { repositories: [raw(6, 'suspended/x')] },
  })
  for (const id of [4, 2, 1, 3]) await link(service, id)
  await link(service, 6, { suspended: true })
  const response = await service.call('GET', list)
  t.equal(response.status, 200)
  t.same(response.body, { repositories: [shown(1, 'a/b', 1)] })
  t.equal(response.headers.get('x-installations-failed'), '2, 3, 4, 6', 'a suspended installation is included')
  t.notOk(
    github.requests.some(({ installation }) => installation === 6),
    'no request is sent for a suspended installation',
  )
  t.notMatch(service.log.join(''), /ghs_/, 'no token is logged')
})

t.test('when a page fails, its installation is omitted, and the remaining pages are not requested', async (t) => {
  const { github, service } = await start(t, {
    1: { repositories: [raw(1, 'a/b')] },
    2: { repositories: many('two', 5000, 5000) },
  })
  const second = github.installations[2] as Installation
  const { repositories } = second
  Object.defineProperty(second, 'fails', {
    get: () => (github.requests.some(({ installation }) => installation === 2) ? { status: 404 } : undefined),
  })
  t.equal(repositories.length, 5000)
  await link(service, 1)
  await link(service, 2)
  const response = await service.call('GET', list)
  t.same(response.body, { repositories: [shown(1, 'a/b', 1)] })
  t.equal(response.headers.get('x-installations-failed'), '2')
  t.ok(github.requests.length < 10, `${github.requests.length} of 51 pages were requested`)
})

t.test('when every installation fails, the list of repositories is 503', async (t) => {
  const limit = { status: 429, headers: { 'retry-after': '17' } }
  const { github, service } = await start(t, {
    1: { repositories: [], fails: limit },
    2: { repositories: [], fails: limit },
  })
  await link(service, 1)
  await link(service, 2)
  const response = await service.call('GET', list)
  t.same(response.body, errorBody(503, 'GITHUB_UNAVAILABLE', 'GitHub is unavailable'))
  t.equal(response.headers.get('retry-after'), '17', 'the Retry-After of GitHub')
  t.equal(response.headers.get('x-installations-failed'), '1, 2')

  await service.sql('UPDATE github_installations SET suspended_at = now()')
  github.requests.length = 0
  const suspended = await service.call('GET', list)
  t.same(
    suspended.body,
    errorBody(503, 'GITHUB_UNAVAILABLE', 'All GitHub installations linked to this project are suspended'),
  )
  t.match(suspended.headers.get('retry-after'), /^\d+$/)
  t.equal(suspended.headers.get('x-installations-failed'), '1, 2')
  t.same(github.requests, [])
})

t.test(
  "GitHub's responses are validated: invalid entries are omitted, invalid optional fields are replaced",
  async (t) => {
    const without = (name: string) => ({ ...raw(50, 'no/essential'), [name]: undefined })
    const malformed = [
      null,
      5,
      'x',
      [],
      {},
      ...['id', 'name', 'full_name', 'private', 'html_url', 'owner', 'default_branch'].map(without),
      raw(51, 'a/b', { id: '51' }),
      raw(52, 'a/b', { private: 'no' }),
      raw(53, 'a/b', { owner: null }),
      raw(54, 'a/b', { html_url: 'javascript:alert(1)' }),
      raw(55, 'slashless'),
    ]
    const loose = raw(2, 'a/loose', {
      description: 5,
      language: {},
      license: { spdx_id: null },
      is_template: undefined,
      visibility: undefined,
      created_at: 1296068472,
      updated_at: 'yesterday',
      pushed_at: undefined,
      unknown: 'x',
    })
    const { service } = await start(t, { 1: { repositories: [...malformed, raw(1, 'a/good'), loose] } })
    await link(service, 1)
    const response = await service.call('GET', list)
    t.same(response.body, {
      repositories: [
        shown(1, 'a/good', 1),
        shown(2, 'a/loose', 1, {
          description: null,
          language: null,
          license: null,
          created_at: '1970-01-01T00:00:00.000Z',
          updated_at: '1970-01-01T00:00:00.000Z',
          pushed_at: null,
        }),
      ],
    })
    t.equal(
      service.log.filter((line) => line.includes("GitHub's list contains invalid repositories")).length,
      1,
      'the invalid repositories are logged',
    )

    for (const body of ['x', [], {}, { total_count: 1 }, { repositories: [] }, { total_count: -1, repositories: [] }]) {
      const { service } = await start(t, { 1: { repositories: [], fails: { status: 200, body } } })
      await link(service, 1)
      t.equal((await service.call('GET', list)).status, 503, JSON.stringify(body))
    }
  },
)

t.test('without a GitHub App, the list of repositories is 503', async (t) => {
  const service = await startApp(t)
  t.equal((await service.call('GET', list)).body.code, 'NO_GITHUB_INSTALLATION')
  await link(service, 1)
  const response = await service.call('GET', list)
  t.same(response.body, errorBody(503, 'GITHUB_UNAVAILABLE', 'No GitHub App is configured'))
  t.match(response.headers.get('retry-after'), /^\d+$/)
})

t.test('the repository list supports only GET, has no routes below it, and needs a session of the user', async (t) => {
  const { call } = await startApp(t)
  const notFound = errorBody(404, 'ROUTE_NOT_FOUND', 'Route not found')
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) t.same((await call(method, list)).body, notFound, method)
  t.same((await call('GET', `${list}/1`)).body, notFound)
  t.equal((await call('GET', list, { token: null })).status, 401)
  t.equal((await call('GET', resources('/github-repositories', { ...OWNER, userId: 2 }))).status, 403)
})

t.test('the repository list supports conditional requests; its ETag covers the failed installations', async (t) => {
  const { github, service } = await start(t, { 1: { repositories: [raw(1, 'a/x')] }, 2: { repositories: [] } })
  await link(service, 1)
  await link(service, 2)
  await isConditional(t, service, list)
  const before = tagOf(await service.call('GET', list))
  github.installations[2] = { repositories: [], fails: { status: 404 } }
  const failed = await service.call('GET', list)
  t.equal(failed.headers.get('x-installations-failed'), '2')
  t.not(tagOf(failed), before)
  github.installations[2] = { repositories: [raw(2, 'b/y')] }
  t.not(tagOf(await service.call('GET', list)), before)
})
