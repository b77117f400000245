import type { Command } from 'commander'
import { countOf } from '../count-of.js'
import { createToken, hashToken } from '../session-token.js'
import { addCommand, addNoun } from './command.js'
import { type Database, orNotFound, requireUser, withDatabase } from './database.js'
import { file, flag, id, option, removedOption, required, ttl } from './options.js'
import { type Answer, CommandError, moment, notFound, table, usageError } from './output.js'
import { readTokenHash, type TokenHash } from './token-file.js'

const WEEK = 7 * 24 * 60 * 60 * 1000

interface CreateSession {
  user: number
  ttl: number
}

interface ListSessions {
  user?: number
  all?: true
}

interface RevokeSessions {
  id?: number
  tokenFile?: string
  user?: number
  all?: true
}

const TOKEN_REMOVED =
  '--token is not supported, since other users of this machine can see the arguments of a process: use --token-file ' +
  '<file>, or --token-file - to read the token from standard input'

/** Adds `session create`, `session list` and `session revoke`. */
export function addSessionCommands(program: Command): void {
  const session = addNoun(program, 'session', "The sessions, whose tokens callers send in the cookie 'neptun-session'.")
  addCommand(session, {
    name: 'create',
    description: 'Sign a user in. Prints the token on stdout, this once: only its SHA-256 is stored.',
    options: [
      required('--user <id>', 'the user to sign in', id),
      option('--ttl <time>', 'how long it lasts: a number and m, h, d or w; 366d at most', ttl).default(WEEK, '7d'),
    ],
    examples: ['session create --user 1', 'session create --user 1 --ttl 12h --json'],
    run: (options: CreateSession) => withDatabase((database) => createSession(database, options)),
  })
  addCommand(session, {
    name: 'list',
    description: 'List the sessions that are live: neither expired nor revoked.',
    options: [option('--user <id>', "this user's only", id), flag('--all', 'the expired and the revoked ones too')],
    examples: ['session list', 'session list --user 1 --all --json'],
    run: (options: ListSessions) => withDatabase((database) => listSessions(database, options)),
  })
  addCommand(session, {
    name: 'revoke',
    description: 'Sign out: end one session, or all of a user. It is no problem if that happened earlier.',
    options: [
      option('--id <id>', 'the session with this id', id),
      option('--token-file <file>', 'the session whose token is in this file; - reads standard input', file),
      removedOption('--token <token>', TOKEN_REMOVED),
      option('--user <id>', 'with --all: the sessions of this user', id),
      flag('--all', 'with --user: all of them that are live'),
    ],
    examples: ['session revoke --id 12', 'session revoke --token-file - < token.txt', 'session revoke --user 1 --all'],
    run: revoke,
  })
}

async function createSession({ prisma, now }: Database, { user, ttl }: CreateSession): Promise<Answer> {
  const token = createToken()
  const { createSession: store } = await import('../provisioning/sessions-repository.js')
  const tokenHash = Uint8Array.from(hashToken(token) ?? [])
  const expiresAt = new Date(now.getTime() + ttl)
  const created = await store(prisma, { userId: user, tokenHash, now, expiresAt }).catch(
    orNotFound(`there is no user ${user}`),
  )
  if (!created) throw new CommandError('CONFLICT', 'the token is in use')
  const { id, neptun_user_id, created_at, expires_at } = created
  const note = `Created session ${id} of user ${user}; it expires at ${moment(expires_at)}.`
  return { json: { id, token, neptun_user_id, created_at, expires_at }, text: token, note }
}

async function listSessions(database: Database, { user, all }: ListSessions): Promise<Answer> {
  const { now } = database
  if (user) await requireUser(database, user)
  const { readSessions } = await import('./session-rows.js')
  const sessions = await readSessions(database, { user, isLive: !all })
  const rows = sessions.map((session) => ({
    ID: session.id,
    USER: session.neptun_user_id,
    STATE: session.revoked_at ? 'revoked' : session.expires_at > now ? 'live' : 'expired',
    CREATED: session.created_at,
    'LAST USED': session.last_used_at,
    EXPIRES: session.expires_at,
  }))
  const none = all ? 'There are no sessions.' : 'There are no live sessions.'
  return { json: sessions, text: table(rows), ...(rows.length === 0 && { note: none }) }
}

async function revoke({ id, tokenFile, user, all }: RevokeSessions): Promise<Answer> {
  const ways = [id, tokenFile, user].filter((way) => way !== undefined).length
  if (ways === 1 && !all && id) {
    return await withDatabase((database) => revokeOne(database, { id }, `there is no session ${id}`))
  }
  if (ways === 1 && !all && tokenFile) {
    const token_hash = await readTokenHash(tokenFile)
    return await withDatabase((database) => revokeOne(database, { token_hash }, 'no session has this token'))
  }
  if (ways === 1 && all && user) return await withDatabase((database) => revokeAll(database, user))
  throw usageError('say which: --id <id>, or --token-file <file>, or --user <id> --all')
}

async function revokeOne(
  database: Database,
  where: { id: number } | { token_hash: TokenHash },
  otherwise: string,
): Promise<Answer> {
  const { prisma, now } = database
  const { revokeSessions } = await import('../provisioning/sessions-repository.js')
  const count = await revokeSessions(prisma, where, now)
  const { readSessions } = await import('./session-rows.js')
  const [session] = await readSessions(database, 'id' in where ? { ids: [where.id] } : { tokenHash: where.token_hash })
  if (!session?.revoked_at) throw notFound(otherwise)
  if (count > 0) return { json: session, text: `Revoked session ${session.id} of user ${session.neptun_user_id}.` }
  return { json: session, text: `Session ${session.id} was revoked already, at ${moment(session.revoked_at)}.` }
}

async function revokeAll(database: Database, user: number): Promise<Answer> {
  const { prisma, now } = database
  await requireUser(database, user)
  const where = { neptun_user_id: user, revoked_at: null, expires_at: { gt: now } }
  const rows = await prisma.session.updateManyAndReturn({ where, data: { revoked_at: now }, select: { id: true } })
  const { readSessions } = await import('./session-rows.js')
  const revoked = await readSessions(database, { ids: rows.map(({ id }) => id) })
  return { json: revoked, text: `Revoked ${countOf(revoked.length, 'session')} of user ${user}.` }
}
