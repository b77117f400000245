import t from 'tap'
import { errorBody, OWNER, resources } from '../support/app.js'
import type { Question } from '../support/github-stub.js'
import { equalsDenied, equalsUnavailable, startLive, stored } from '../support/live.js'

const refuses = (advice: string) =>
  errorBody(503, 'GITHUB_UNAVAILABLE', `GitHub refuses requests of this service: nothing was stored. ${advice}`)

const IP = refuses("The account's IP allow list must permit the address of this service")
const SAML = refuses('The organization must authorize this service for SAML single sign-on')
const APP = refuses('GitHub has suspended the GitHub App of this service')
const POLICY = refuses('A policy of GitHub or of a network blocks this service')

/** GitHub's reasons that no installation of the App can change. */
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

t.test('a reason that concerns the service is a 503 that says what must be done, and logged', async (t) => {
  const { github, post, sql, log } = await startLive(t)
  for (const [message, headers, body] of POLICIES) {
    for (const question of ['find', 'mint', 'read'] as const) {
      github.instead = { [question]: (_: unknown, reply: Reply) => reply.code(403).headers(headers).send({ message }) }
      log.length = 0
      // Nothing is remembered about a new one.
      const id = 600 + github.repositories.length
      github.repositories.push({ id, full_name: `username/${id}`, private: true, installation: 456789 })
      const answer = await post(`username/${id}`)
      t.same([answer.status, answer.body], [503, body], `${question}: ${message}`)
      t.match(answer.headers.get('retry-after'), /^\d+$/)
      t.ok(
        log.some((line) => JSON.parse(line).github_message === message),
        'with GitHub’s message',
      )
      t.equal(github.count().filter((asked) => asked === question).length, 1, 'not retried')
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

t.test('a refusal of something between the service and GitHub is not a matter of the App', async (t) => {
  const { github, post } = await startLive(t)
  const body = refuses('Something between this service and GitHub refuses its requests')
  for (const page of ['<h1>Blocked</h1>', '']) {
    github.instead.find = (_, reply) => reply.code(403).type('text/html').send(page)
    const answer = await post()
    t.same([answer.status, answer.body], [503, body])
  }
})

t.test('any other refusal is the same 403, and logged with GitHub’s message', async (t) => {
  const { github, post, sql, log } = await startLive(t)
  const table: [question: Question, status: number, message: string][] = [
    ['find', 403, 'Resource not accessible by integration'],
    ['find', 451, 'Repository access blocked'],
    ['find', 403, 'Repository access blocked'],
    ['find', 410, 'Gone'],
    ['mint', 403, 'This installation has been suspended'],
    ['mint', 422, 'The permissions requested are not granted to this installation.'],
    ['read', 403, 'Resource not accessible by integration'],
  ]
  for (const [question, status, message] of table) {
    github.instead = { [question]: (_: unknown, reply: Reply) => reply.code(status).send({ message }) }
    log.length = 0
    equalsDenied(t, await post(), `${question}: ${message}`)
    const lines = log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'GitHub refused a request')
    t.match(lines, [{ github_status: status, github_message: message }])
  }
  t.same(await stored({ sql }), [])
})

t.test('a rate limit is logged with GitHub’s message', async (t) => {
  const { github, post, log } = await startLive(t)
  for (const [status, message] of [
    [403, 'API rate limit exceeded for installation ID 456789.'],
    [403, 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'],
    [429, 'Too many requests'],
  ] as const) {
    github.instead.find = (_, reply) => reply.code(status).send({ message })
    equalsUnavailable(t, await post(), message, /^60$/)
    t.ok(log.some((line) => JSON.parse(line).github_message === message))
  }
})

t.test('GitHub’s message is logged on one line, bounded, and without secrets', async (t) => {
  const { github, post, log } = await startLive(t)
  const message = `first\nsecond\u001b[31m \u202e ghp_abcdefghijklmnop v1.0123456789abcdef eyJhbGciOi.eyJpc3M.c2ln Bearer x.y ${'long '.repeat(1000)}`
  github.instead.find = (_, reply) => reply.code(403).send({ message })
  equalsDenied(t, await post(), 'long')
  const line = log.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'GitHub refused a request')
  t.ok(line.github_message.startsWith('first second [31m [redacted] [redacted] [redacted] [redacted] long long'))
  t.equal(line.github_message.length, 301)
})

t.test(
  'an installation that a policy hides is left out of the list of repositories, with the reason in the log',
  async (t) => {
    const { github, call, sql, log } = await startLive(t)
    await sql(`
    INSERT INTO project_github_installations (project_id, github_installation_id, neptun_user_id)
    VALUES (${OWNER.projectId}, 123, ${OWNER.userId})`)
    const message = POLICIES[0]?.[0]
    github.instead.mint = (_, reply) => reply.code(403).send({ message })
    const answer = await call('GET', resources('/github-repositories'))
    t.equal(answer.status, 503)
    t.equal(answer.headers.get('x-installations-failed'), '456789')
    t.ok(log.some((line) => JSON.parse(line).github_message === message))
  },
)
