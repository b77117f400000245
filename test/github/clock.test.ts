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

/** What GitHub says of the times in an App's token, by its own clock; undefined if they are right. */
function refusalOf({ headers }: FastifyRequest, now: number): string | undefined {
  const [, payload = ''] = headers.authorization?.replace('Bearer ', '').split('.') ?? []
  const { iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  if (iat > now) return TOO_NEW
  if (exp <= now) return TOO_OLD
  return exp > now + 600 ? TOO_LONG : undefined
}

/** Answers as a GitHub whose clock is ahead of this machine's by so many seconds. */
function answerAt(seconds: number, withDate = true) {
  return (request: FastifyRequest, reply: FastifyReply) => {
    const now = Math.floor(Date.now() / 1000) + seconds
    if (withDate) reply.header('date', new Date(now * 1000).toUTCString())
    const message = refusalOf(request, now)
    return message ? reply.code(401).send({ message }) : { ...INSTALLATION }
  }
}

t.test('a clock that is ahead of or behind GitHub’s is corrected, and the log says so', async (t) => {
  const { github, call, sql, log } = await startLive(t)
  await sql(`UPDATE users SET github_account_id = '77' WHERE id = ${OWNER.userId}`)
  const table: [seconds: number, text: RegExp][] = [
    [-45, /clock is 4\d s ahead of GitHub's/],
    [0, /clock agrees with GitHub's again/],
    [45, /clock is 4\d s behind GitHub's/],
    [-3600, /clock is 3[56]\d\d s ahead of GitHub's/],
    [86_400, /clock is 86[34]\d\d s behind GitHub's/],
  ]
  for (const [seconds, text] of table) {
    github.instead.installation = answerAt(seconds)
    log.length = 0
    github.count()
    t.equal((await call('POST', all, { body: claim })).status, 200, `${seconds} s`)
    t.ok(github.count().length <= 2, 'repeated once at most')
    t.equal(log.filter((line) => text.test(line)).length, 1, `logged: ${text}`)
    t.equal((await call('POST', all, { body: claim })).status, 200)
    t.same(github.count(), ['installation'], 'the difference is known now')
    t.equal(log.filter((line) => /clock/.test(line)).length, 1, 'and not logged again')
  }
})

t.test('a token whose time is refused is not blamed on the id and key of the App', async (t) => {
  const { github, call, sql, log } = await startLive(t)
  await sql(`UPDATE users SET github_account_id = '77' WHERE id = ${OWNER.userId}`)
  for (const message of [TOO_NEW, TOO_OLD, TOO_LONG]) {
    github.instead.installation = (_, reply) => reply.code(401).send({ message })
    log.length = 0
    equalsUnavailable(t, await call('POST', all, { body: claim }), message)
    t.ok(
      log.some((line) =>
        /"reason":"the time of the token is not accepted: the clock of this machine is wrong"/.test(line),
      ),
    )
    t.notMatch(log.join(), /id and key of the App/)
  }
})

t.test('tokens and rate limits are timed by GitHub’s clock', async (t) => {
  const { github, post } = await startLive(t)
  const seconds = -7200
  const late = (reply: FastifyReply) => reply.header('date', new Date(Date.now() + seconds * 1000).toUTCString())
  const token = { token: 'ghs_late', expires_at: new Date(Date.now() + (seconds + 3600) * 1000).toISOString() }
  github.instead = {
    find: (_, reply) => late(reply).send(INSTALLATION),
    mint: (_, reply) => late(reply).code(201).send(token),
    read: (_, reply) => late(reply).send(github.repositories[0]),
  }
  t.equal((await post()).status, 201)
  github.count()
  t.equal((await post()).status, 201)
  t.same(github.count(), ['read'], 'the token is still valid')

  const reset = String(Math.floor(Date.now() / 1000) + seconds + 120)
  const limits = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }
  github.instead.read = (_, reply) => late(reply).code(403).headers(limits).send({ message: 'API rate limit exceeded' })
  equalsUnavailable(t, await post(), 'limited', /^(1[0-2]\d|\d\d)$/)
})
