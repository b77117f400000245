import { Type } from '@sinclair/typebox'
import { ApiError } from '../errors.js'
import { Id, response } from '../schemas.js'
import { createToken, hashToken } from '../session-token.js'
import { defineOperation, type Operation } from './operation.js'
import { presentSession } from './present-session.js'
import { isTaken, type OwnedRows } from './rows-repository.js'
import { NewSession, Revoked, SessionBody } from './schemas.js'
import { createSession, extendSession, revokeSessions } from './sessions-repository.js'

const NO_PARAMS = Type.Object({})

const example = {
  id: 1001,
  neptun_user_id: 1,
  created_at: new Date('2025-02-16T17:42:11Z'),
  last_used_at: new Date('2025-02-16T17:42:11Z'),
  expires_at: new Date('2025-02-23T17:42:11Z'),
  revoked_at: null,
}

const create = defineOperation({
  method: 'POST',
  path: '/sessions',
  params: NO_PARAMS,
  body: SessionBody,
  check: ({ expires_at }, body) => {
    if ((body['ttl'] === undefined) === (body['expires_at'] === undefined)) {
      return [{ path: 'body', message: 'must have either ttl or expires_at' }]
    }
    const isPast = typeof expires_at === 'string' && Date.parse(expires_at) <= Date.now()
    return isPast ? [{ path: 'body.expires_at', message: 'must be in the future' }] : []
  },
  async run(work, _params, { ttl = 0, expires_at, token_hash }) {
    const { transaction, userId, now } = work
    if (!work.isUser) throw new ApiError('USER_NOT_FOUND')
    const expiresAt = expires_at === undefined ? new Date(now.getTime() + ttl * 1000) : new Date(expires_at)
    const token = token_hash === undefined ? createToken() : undefined
    const tokenHash = Uint8Array.from(
      token === undefined ? Buffer.from(token_hash ?? '', 'hex') : (hashToken(token) ?? []),
    )
    const session = { userId, tokenHash, now, expiresAt }
    const created = await createSession(transaction, session)
    const row = created ?? (await extendSession(transaction, session))
    if (!row) throw new ApiError('CONFLICT', { message: 'The token was revoked or belongs to another user' })
    return { status: created ? 201 : 200, body: { ...presentSession(row), ...(token === undefined ? {} : { token }) } }
  },
  operationId: 'createSession',
  tag: 'Sessions',
  summary: 'Sign a user in',
  description:
    'The token is the value of the cookie `neptun-session`. If the user already has a session with this ' +
    '`token_hash`, its expiry is changed, unless the session was revoked.',
  responses: {
    200: response('The existing session with this `token_hash`, with its new expiry.', NewSession, { example }),
    201: response('The new session.', NewSession, {
      example: { ...example, token: 'Zm9yIHRoZSBjb29raWUsIG9mIHRoaXMgdXNlciBvbm' },
    }),
  },
  errors: ['USER_NOT_FOUND'],
})

const revokeAll = defineOperation({
  method: 'DELETE',
  path: '/sessions',
  params: NO_PARAMS,
  async run({ transaction, userId, now }) {
    const where = { neptun_user_id: userId, expires_at: { gt: now } }
    return { status: 200, body: { revoked: await revokeSessions(transaction, where, now) } }
  },
  operationId: 'revokeSessions',
  tag: 'Sessions',
  summary: 'Sign a user out everywhere',
  description: 'Revokes all active sessions of the user. The next request with one of their tokens gets 401.',
  responses: { 200: response('Number of revoked sessions.', Revoked, { example: { revoked: 2 } }) },
})

const revokeOne = defineOperation({
  method: 'DELETE',
  path: '/sessions/:session_id',
  params: Type.Object({ session_id: Id({ examples: [1001] }) }),
  async run(work, { session_id: id }) {
    const { transaction, userId, now } = work
    const rows = transaction.session as unknown as Pick<OwnedRows, 'findFirst'>
    if (await isTaken(work, rows, id)) throw new ApiError('ID_TAKEN')
    return { status: 200, body: { revoked: await revokeSessions(transaction, { id, neptun_user_id: userId }, now) } }
  },
  operationId: 'revokeSession',
  tag: 'Sessions',
  summary: 'Sign a user out',
  description: 'Revokes one session. If it was already revoked or does not exist, `revoked` is 0.',
  responses: { 200: response('Number of revoked sessions.', Revoked, { example: { revoked: 1 } }) },
  errors: ['ID_TAKEN'],
})

export const sessionOperations: Operation[] = [create, revokeAll, revokeOne]
