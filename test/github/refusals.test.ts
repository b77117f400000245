import t from 'tap'
import { errorBody, OWNER, resources } from '../support/app.js'
import type { ApiCall } from '../support/github-stub.js'
import { equalsDenied, equalsUnavailable, startLive, stored } from '../support/live.js'

const blocked = (reason: string) =>
  errorBody(
    503,
    'GITHUB_UNAVAILABLE',
    `Requests from this service to GitHub are blocked: nothing was stored. ${reason}`,
  )

const IP = blocked("The account's IP allow list must include the address of this service")
const SAML = blocked('The organization must authorize this service for SAML single sign-on')
const APP = blocked('GitHub has suspended the GitHub App of this service')
const POLICY = blocked('A policy of GitHub or of the network blocks this service')

/** What GitHub responds when a policy blocks this service, and the error bodies of this service that result. */
const POLICIES: [message: string, headers: Record<string, string>, body: object][] = [
  [
    'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and 192.0.2.1 is not permitted to access this resource.',
    {},
    IP,
  ],
  ['The `acme` enterprise has an IP allow list enabled, and your IP address is not permitted', {}, IP],
  ['Resource protected by organization SAML enforcement. You must grant your token access.', {}, SAML],
  ['Access denied', { 'x-github-sso': 'required; url=https://github.com/orgs/acme/sso' }, SAML],
  ['This GitHub App has been suspended', {}, APP],
  ['Request forbidden by administrative rules. Please make sure your request has a User-Agent header', {}, POLICY],
]

t.test('when a policy at GitHub blocks the service, the response is a 503 with the reason', async (t) => {
  const { github, post, sql, log } = await startLive(t)
  for (const [message, headers, body] of POLICIES) {
    for (const apiCall of ['find', 'mint', 'read'] as const) {
      github.handlers = { [apiCall]: (_: unknown, reply: Reply) => reply.code(403).headers(headers).send({ message }) }
      log.length = 0
      // A new repository, for which nothing is cached.
      const id = 600 + github.repositories.length
      github.repositories.push({ id, full_name: `username/${id}`, private: true, installation: 456789 })
      const response = await post(`username/${id}`)
      t.same([response.status, response.body], [503, body], `${apiCall}: ${message}`)
      t.match(response.headers.get('retry-after'), /^\d+$/)
      t.ok(
        log.some((line) => JSON.parse(line).github_message === message),
        "GitHub's message is logged",
      )
      t.equal(github.takeCalls().filter((kind) => kind === apiCall).length, 1, `${apiCall} is not retried`)
    }
  }
  t.same(await stored({ sql }), [])
})

interface Reply {
  code(status: number): Reply
  headers(values: object): Reply
  type(value: string): Reply
  send(body: unknown): unknown
}

t.test('if a proxy between the service and GitHub responds with 403, the client gets 503, not 403', async (t) => {
  const { github, post } = await startLive(t)
  const body = blocked('A proxy or firewall between this service and GitHub blocks its requests')
  for (const page of ['<h1>Blocked</h1>', '']) {
    github.handlers.find = (_, reply) => reply.code(403).type('text/html').send(page)
    const response = await post()
    t.same([response.status, response.body], [503, body])
  }
})

t.test("when GitHub refuses access and names no policy, the response is 403; GitHub's message is logged", async (t) => {
  const { github, post, sql, log } = await startLive(t)
  const table: [apiCall: ApiCall, status: number, message: string][] = [
    ['find', 403, 'Resource not accessible by integration'],
    ['find', 451, 'Repository access blocked'],
    ['find', 403, 'Repository access blocked'],
    ['find', 410, 'Gone'],
    ['mint', 403, 'This installation has been suspended'],
    ['mint', 422, 'The permissions requested are not granted to this installation.'],
    ['read', 403, 'Resource not accessible by integration'],
  ]
  for (const [apiCall, status, message] of table) {
    github.handlers = { [apiCall]: (_: unknown, reply: Reply) => reply.code(status).send({ message }) }
    log.length = 0
    equalsDenied(t, await post(), `${apiCall}: ${message}`)
    const lines = log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'GitHub refused a request')
    t.match(lines, [{ github_status: status, github_message: message }])
  }
  t.same(await stored({ sql }), [])
})

t.test("a rate limit is logged with GitHub's message", async (t) => {
  const { github, post, log } = await startLive(t)
  for (const [status, message] of [
    [403, 'API rate limit exceeded for installation ID 456789.'],
    [403, 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'],
    [429, 'Too many requests'],
  ] as const) {
    github.handlers.find = (_, reply) => reply.code(status).send({ message })
    equalsUnavailable(t, await post(), message, /^60$/)
    t.ok(log.some((line) => JSON.parse(line).github_message === message))
  }
})

t.test("GitHub's message is logged on one line, truncated, with secrets redacted", async (t) => {
  const { github, post, log } = await startLive(t)
  const message = `first\nsecond\u001b[31m \u202e ghp_abcdefghijklmnop v1.0123456789abcdef eyJhbGciOi.eyJpc3M.c2ln Bearer x.y ${'long '.repeat(1000)}`
  github.handlers.find = (_, reply) => reply.code(403).send({ message })
  equalsDenied(t, await post(), 'a long message')
  const line = log.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'GitHub refused a request')
  t.ok(line.github_message.startsWith('first second [31m [redacted] [redacted] [redacted] [redacted] long long'))
  t.equal(line.github_message.length, 301)
})

t.test(
  'if a policy blocks the only installation, the list of repositories is a 503, and the reason is logged',
  async (t) => {
    const { github, call, sql, log } = await startLive(t)
    await sql(`
    INSERT INTO project_github_installations (project_id, github_installation_id, neptun_user_id)
    VALUES (${OWNER.projectId}, 123, ${OWNER.userId})`)
    const message = POLICIES[0]?.[0]
    github.handlers.mint = (_, reply) => reply.code(403).send({ message })
    const response = await call('GET', resources('/github-repositories'))
    t.same([response.status, response.body], [503, errorBody(503, 'GITHUB_UNAVAILABLE', 'GitHub is unavailable')])
    t.equal(response.headers.get('x-installations-failed'), '456789')
    t.ok(log.some((line) => JSON.parse(line).github_message === message))
  },
)
