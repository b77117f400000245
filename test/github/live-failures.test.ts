import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyReply } from 'fastify'
import t from 'tap'
import { installationNotConfirmed } from '../../src/github/permission.js'
import { resources, startApp } from '../support/app.js'
import { type ApiCall, appSettings, redirect, startGithubStub } from '../support/github-stub.js'
import { equalsUnavailable, IMPORTS, PATH, startLive, stored } from '../support/live.js'

t.test('a rate limit of GitHub is a 503 with Retry-After, and the request is not retried', async (t) => {
  const reset = String(Math.floor(Date.now() / 1000) + 120)
  const table: [apiCall: ApiCall, status: number, headers: object, message: string, retryAfter: RegExp][] = [
    ['find', 429, { 'retry-after': '17' }, 'x', /^17$/],
    ['find', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }, 'x', /^(1[0-2]\d|\d\d)$/],
    ['mint', 403, {}, 'You have exceeded a secondary rate limit', /^60$/],
    ['mint', 403, { 'retry-after': '0' }, 'x', /^1$/],
    ['read', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }, 'x', /^1$/],
    ['read', 429, { 'retry-after': '99999999999' }, 'x', /^3600$/],
    ['read', 429, { 'retry-after': 'soon' }, 'x', /^60$/],
  ]
  const { github, post, sql } = await startLive(t)
  for (const [apiCall, status, headers, message, retryAfter] of table) {
    github.handlers = {
      [apiCall]: (_: unknown, reply: FastifyReply) => reply.code(status).headers(headers).send({ message }),
    }
    equalsUnavailable(t, await post(), `${apiCall} with status ${status}`, retryAfter)
    t.equal(github.takeCalls().filter((kind) => kind === apiCall).length, 1)
  }
  t.same(await stored({ sql }), [])
})

t.test('a temporary server error of GitHub is retried, a persistent one is a 503', async (t) => {
  const { github, post, sql } = await startLive(t)
  const failing = (_: unknown, reply: FastifyReply) => reply.code(502).type('text/html').send('<p>Unicorn!</p>')
  for (const apiCall of ['find', 'mint', 'read'] as const) {
    github.handlers[apiCall] = (request, reply) => {
      delete github.handlers[apiCall]
      return failing(request, reply)
    }
  }
  t.equal((await post()).status, 201)
  t.same(github.takeCalls(), ['find', 'find', 'mint', 'mint', 'read', 'read'])

  github.handlers.find = failing
  equalsUnavailable(t, await post('username/other'), 'a persistent error')
  t.same(github.takeCalls(), ['find', 'find', 'find'])
  github.handlers.find = (_, reply) => reply.code(503).header('retry-after', '30').send()
  equalsUnavailable(t, await post('username/other'), 'an error with Retry-After is not retried', /^30$/)
  t.same(github.takeCalls(), ['find'])
  t.equal((await stored({ sql })).length, 1)
})

t.test('if GitHub is unreachable or exceeds the timeout, the response is a 503; no timeout is retried', async (t) => {
  const { github, post, sql, log } = await startLive(t, { GITHUB_TIMEOUT: '700' })
  const never = () => new Promise(() => {})
  const drip = (_: unknown, reply: FastifyReply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => reply.raw.write(' '), 20)
    reply.raw.on('close', () => clearInterval(timer))
  }
  for (const apiCall of ['find', 'mint', 'read'] as const) {
    for (const respond of [never, drip]) {
      github.handlers = { [apiCall]: respond }
      github.takeCalls()
      equalsUnavailable(t, await post(), `${apiCall} exceeds the timeout`)
      // One timeout covers the whole permission check. On a busy machine, it can expire before this request to GitHub
      // is sent: then the count is 0.
      t.ok(github.takeCalls().filter((kind) => kind === apiCall).length <= 1, `${apiCall} is not retried`)
    }
  }
  github.handlers = { find: (request) => request.raw.destroy() }
  equalsUnavailable(t, await post(), 'the connection is closed')
  t.same(await stored({ sql }), [])
  t.ok(log.some((line) => /"github_route":"GET .*"reason":"timeout"/.test(line)))

  const closed = createServer()
  await once(closed.listen(0, '127.0.0.1'), 'listening')
  const { port } = closed.address() as AddressInfo
  await once(closed.close(), 'close')
  const service = await startApp(t, appSettings(`http://127.0.0.1:${port}`))
  const body = { source_type: 'github', source_path: PATH }
  equalsUnavailable(t, await service.call('POST', IMPORTS, { body }), 'the connection is refused')
  t.ok(service.log.some((line) => line.includes('"reason":"ECONNREFUSED"')))
})

t.test('an invalid response from GitHub is a 503, and is logged with its route but without its content', async (t) => {
  const expires_at = new Date(Date.now() + 3_600_000).toISOString()
  const text = (content: string, type = 'application/json') => {
    return (_: unknown, reply: FastifyReply) => reply.code(200).type(type).send(content)
  }
  const invalid = [
    text(''),
    text('{'),
    text('null'),
    text('[]'),
    text('"ghs_leak"'),
    text('{"errors":[{"message":"Something went wrong while executing your query"}]}'),
    text('<html>ghs_leak</html>', 'text/html'),
    text('ghs_leak', 'application/octet-stream'),
    text('['.repeat(1_000_000)),
    (_: unknown, reply: FastifyReply) => reply.code(204).send(),
    (_: unknown, reply: FastifyReply) => reply.code(304).send(),
    (_: unknown, reply: FastifyReply) => reply.code(400).send({ message: 'ghs_leak' }),
  ]
  const table: Record<'find' | 'mint' | 'read', object[]> = {
    find: [{ id: '456789' }, { id: 456789.5 }, { id: 456789, suspended_at: 5 }, { id: 456789, account: 'x' }],
    mint: [
      { token: 5, expires_at },
      { token: 'ghs_leak\r\nx: y', expires_at },
      { token: '', expires_at },
      { token: 'ghs_leak', expires_at: 'tomorrow' },
      { token: 'ghs_leak' },
    ],
    read: [{ full_name: 5 }, { full_name: '../x' }, { full_name: 'a/..' }, { full_name: 'a\0/b' }, { private: true }],
  }
  const { github, post, sql, log } = await startLive(t)
  for (const apiCall of ['find', 'mint', 'read'] as const) {
    for (const respond of [...invalid, ...table[apiCall].map((data) => text(JSON.stringify(data)))]) {
      github.handlers = { [apiCall]: respond }
      log.length = 0
      equalsUnavailable(t, await post(), `an invalid response to ${apiCall}`)
      t.ok(log.some((line) => /"github_route":".*"reason":"unexpected response"/.test(line)))
      t.notMatch(log.join(''), /leak|PRIVATE KEY|ghs_secret|bearer|eyJ/i)
    }
  }
  t.same(await stored({ sql }), [])
})

t.test('an endless response from GitHub is aborted at the size limit', async (t) => {
  const { github, post, log } = await startLive(t)
  github.handlers.find = (_, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'application/json' })
    const pour = () => {
      while (!reply.raw.destroyed && reply.raw.write(' '.repeat(65_536)));
    }
    reply.raw.on('drain', pour)
    pour()
  }
  equalsUnavailable(t, await post(), 'an endless response')
  t.same(github.takeCalls(), ['find'], 'the request is not retried')
  t.ok(log.some((line) => line.includes('a response of more than 2097152 bytes')))
})

t.test('a redirect from GitHub is followed only to a repository at the same origin, and only once', async (t) => {
  const elsewhere = createServer((_, response) => response.end('{}'))
  let visits = 0
  elsewhere.on('connection', () => (visits += 1))
  await once(elsewhere.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => elsewhere.close())
  const other = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
  const { github, post, sql } = await startLive(t)
  const targets = [
    `${other}/repositories/500`,
    `${other}/repos/username/repository`,
    `//${new URL(other).host}/repositories/500`,
    `${github.url}@${new URL(other).host}/repositories/500`,
    `${github.url}/repositories/500?x=y`,
    `${github.url}/repositories/0`,
    `${github.url}/repositories/../user`,
    `${github.url}/user`,
    'http://[',
    '',
  ]
  for (const [apiCall, suffix] of [
    ['find', '/installation'],
    ['read', ''],
  ] as const) {
    for (const target of targets) {
      github.handlers = { [apiCall]: (_: unknown, reply: FastifyReply) => redirect(reply, target && target + suffix) }
      equalsUnavailable(t, await post(), `a redirect of ${apiCall} to "${target}"`)
    }
    github.takeCalls()
    const again = `${github.url}/repositories/500${suffix}`
    github.handlers = { [apiCall]: (_: unknown, reply: FastifyReply) => redirect(reply, again, 307) }
    equalsUnavailable(t, await post(), 'a redirect loop')
    t.equal(github.takeCalls().filter((kind) => kind === apiCall).length, 2)
  }
  github.handlers = { mint: (_, reply) => redirect(reply, `${other}/token`, 307) }
  github.repositories.push({ id: 501, full_name: 'username/other', private: true, installation: 456789 })
  equalsUnavailable(t, await post('username/other'), 'a redirect of the request for a token')
  t.equal(visits, 0)
  t.same(await stored({ sql }), [])
})

t.test('if GitHub rejects the credentials of the App, the response is a 503', async (t) => {
  const { github, post, log } = await startLive(t)
  github.handlers.find = (_, reply) => reply.code(401).send({ message: 'A JSON web token could not be decoded' })
  equalsUnavailable(t, await post(), 'the credentials of the App are rejected')
  t.ok(log.some((line) => line.includes('GitHub rejected the id or private key of the App')))
})

t.test('an installation is not recorded while it is suspended, or while GitHub is unavailable', async (t) => {
  const { github, call, sql } = await startLive(t)
  await sql(`UPDATE users SET github_account_id = '77' WHERE id = 1`)
  const body = { installation_id: 456789, account_name: 'UserName', repository_selection: 'selected' }
  const post = () => call('POST', resources('/github-installations'), { body })
  const [installation] = github.installations
  if (!installation) throw new Error('no installation')

  installation.suspended_at = '2025-02-16T17:42:11Z'
  const suspended = await post()
  t.same([suspended.status, suspended.body], [403, installationNotConfirmed().toBody()])
  installation.suspended_at = null
  installation.account = null
  t.same((await post()).body, installationNotConfirmed().toBody(), 'an installation without an account')
  github.handlers.installation = (_, reply) => reply.code(500).send()
  equalsUnavailable(t, await post(), 'GitHub responds with 500')
  github.handlers.installation = () => ({ ...installation, id: 'x' })
  equalsUnavailable(t, await post(), 'the response of GitHub is invalid')
  t.equal((await sql('SELECT FROM github_installations')).length, 1)
})

t.test('without an App, no request is sent to GitHub, and recorded mode is logged once', async (t) => {
  const github = await startGithubStub(t)
  const { call, log } = await startApp(t, { GITHUB_API_URL: github.url })
  t.equal((await call('POST', IMPORTS, { body: { source_type: 'github', source_path: PATH } })).status, 201)
  const body = { installation_id: 1, account_name: 'x', repository_selection: 'all' }
  t.equal((await call('POST', resources('/github-installations'), { body })).status, 201)
  t.same(github.takeCalls(), [])
  t.equal(log.filter((line) => line.includes('recorded mode')).length, 1)
})
