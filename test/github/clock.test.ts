import type { FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { OWNER, resources } from '../support/app.js'
import { INSTALLATION } from '../support/github-stub.js'
import { equalsUnavailable, startLive } from '../support/live.js'

const all = resources('/github-installations')
const claim = { installation_id: 456789, account_name: 'username', repository_selection: 'selected' }

const TOO_NEW = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
const TOO_OLD =
  "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
const TOO_LONG = "'Expiration time' claim ('exp') is too far in the future"

/** Checks the times in an App's JWT like GitHub does, by GitHub's clock. @returns GitHub's error message, if any */
function checkTimes({ headers }: FastifyRequest, now: number): string | undefined {
  const [, payload = ''] = headers.authorization?.replace('Bearer ', '').split('.') ?? []
  const { iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  if (iat > now) return TOO_NEW
  if (exp <= now) return TOO_OLD
  return exp > now + 600 ? TOO_LONG : undefined
}

/** Creates a handler that responds like GitHub with a clock that is `seconds` ahead of this machine's. */
function respondAt(seconds: number) {
  return (request: FastifyRequest, reply: FastifyReply) => {
    const now = Math.floor(Date.now() / 1000) + seconds
    reply.header('date', new Date(now * 1000).toUTCString())
    const message = checkTimes(request, now)
    return message ? reply.code(401).send({ message }) : { ...INSTALLATION }
  }
}

t.test('a clock skew between this machine and GitHub is corrected and logged', async (t) => {
  const { github, call, sql, log } = await startLive(t)
  await sql(`UPDATE users SET github_account_id = '77' WHERE id = ${OWNER.userId}`)
  const table: [seconds: number, requests: number, text: RegExp][] = [
    [-45, 1, /clock is 4\d s ahead of GitHub's/],
    [0, 1, /clock is in sync with GitHub's again/],
    [45, 1, /clock is 4\d s behind GitHub's/],
    [-3600, 2, /clock is 3[56]\d\d s ahead of GitHub's/],
    [86_400, 2, /clock is 86[34]\d\d s behind GitHub's/],
  ]
  for (const [seconds, requests, text] of table) {
    github.handlers.installation = respondAt(seconds)
    log.length = 0
    github.takeCalls()
    t.equal((await call('POST', all, { body: claim })).status, 200, `a clock skew of ${seconds} s`)
    t.equal(github.takeCalls().length, requests, 'a request is retried only if GitHub rejected the token')
    t.equal(log.filter((line) => text.test(line)).length, 1, `logged: ${text}`)
    t.equal((await call('POST', all, { body: claim })).status, 200)
    t.same(github.takeCalls(), ['installation'], 'the offset is known, so no retry is needed')
    t.equal(log.filter((line) => /clock/.test(line)).length, 1, 'the clock is not logged again')
  }
})

t.test('a JWT rejected because of its time is logged as a wrong clock, not as wrong credentials', async (t) => {
  const { github, call, sql, log } = await startLive(t)
  await sql(`UPDATE users SET github_account_id = '77' WHERE id = ${OWNER.userId}`)
  for (const message of [TOO_NEW, TOO_OLD, TOO_LONG]) {
    github.handlers.installation = (_, reply) => reply.code(401).send({ message })
    log.length = 0
    equalsUnavailable(t, await call('POST', all, { body: claim }), message)
    t.ok(
      log.some((line) =>
        /"reason":"GitHub rejected the time of the App's token: this machine's clock is wrong"/.test(line),
      ),
    )
    t.notMatch(log.join(), /private key of the App/)
  }
})

t.test("expiration of tokens and reset of rate limits are measured by GitHub's clock", async (t) => {
  const { github, post } = await startLive(t)
  const seconds = -7200
  const late = (reply: FastifyReply) => reply.header('date', new Date(Date.now() + seconds * 1000).toUTCString())
  const token = { token: 'ghs_late', expires_at: new Date(Date.now() + (seconds + 3600) * 1000).toISOString() }
  github.handlers = {
    find: (_, reply) => late(reply).send(INSTALLATION),
    mint: (_, reply) => late(reply).code(201).send(token),
    read: (_, reply) => late(reply).send(github.repositories[0]),
  }
  t.equal((await post()).status, 201)
  github.takeCalls()
  t.equal((await post()).status, 201)
  t.same(github.takeCalls(), ['read'], 'the token is still valid')

  const reset = String(Math.floor(Date.now() / 1000) + seconds + 120)
  const limits = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }
  github.handlers.read = (_, reply) =>
    late(reply).code(403).headers(limits).send({ message: 'API rate limit exceeded' })
  equalsUnavailable(t, await post(), 'limited', /^(1[0-2]\d|\d\d)$/)
})
