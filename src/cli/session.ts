import type { Command } from 'commander'
import { countOf } from '../count-of.js'
import { createToken, hashToken } from '../session-token.js'
import { addCommand, addGroup } from './command.js'
import { type Database, orNotFound, requireUser, withDatabase } from './database.js'
import { file, flag, id, option, removedOption, required, ttl } from './options.js'
import { CommandError, type CommandResult, listResult, moment, noneOf, notFound, usageError } from './output.js'
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
  '--token is not supported, because other users can see command-line arguments: use --token-file <file>, or ' +
  '--token-file - for standard input'

/** Adds `session create`, `session list` and `session revoke`. */
export function addSessionCommands(program: Command): void {
  const session = addGroup(
    program,
    'session',
    "Manage sessions. Clients send a session's token in the cookie 'neptun-session'.",
  )
  addCommand(session, {
    name: 'create',
    description: 'Sign a user in. Prints the token to stdout. It cannot be shown again: only its SHA-256 is stored.',
    options: [
      required('--user <id>', 'id of the user', id),
      option('--ttl <time>', 'lifetime: a number and a unit (m, h, d or w), at most 366d', ttl).default(WEEK, '7d'),
    ],
    examples: ['session create --user 1', 'session create --user 1 --ttl 12h --json'],
    run: (options: CreateSession) => withDatabase((database) => createSession(database, options)),
  })
  addCommand(session, {
    name: 'list',
    description:
      'List live sessions, which are not revoked and whose expires_at is in the future. SESSION_IDLE_TIMEOUT and ' +
      'SESSION_MAX_AGE are not considered.',
    options: [
      option('--user <id>', 'only sessions of this user', id),
      flag('--all', 'include expired and revoked sessions'),
    ],
    examples: ['session list', 'session list --user 1 --all --json'],
    run: (options: ListSessions) => withDatabase((database) => listSessions(database, options)),
  })
  addCommand(session, {
    name: 'revoke',
    description: 'Sign a user out: revoke a session, or all live sessions of a user. Idempotent.',
    options: [
      option('--id <id>', 'id of the session', id),
      option('--token-file <file>', 'file with the token of the session; - for stdin', file),
      removedOption('--token <token>', TOKEN_REMOVED),
      option('--user <id>', 'with --all: id of the user', id),
      flag('--all', 'with --user: revoke all live sessions'),
    ],
    examples: ['session revoke --id 12', 'session revoke --token-file - < token.txt', 'session revoke --user 1 --all'],
    run: revoke,
  })
}

async function createSession({ prisma, now }: Database, { user, ttl }: CreateSession): Promise<CommandResult> {
  const token = createToken()
  const { createSession: store } = await import('../provisioning/sessions-repository.js')
  const tokenHash = Uint8Array.from(hashToken(token) ?? [])
  const expiresAt = new Date(now.getTime() + ttl)
  const created = await store(prisma, { userId: user, tokenHash, now, expiresAt }).catch(
    orNotFound(`user ${user} does not exist`),
  )
  if (!created) throw new CommandError('CONFLICT', 'the token is already in use')
  const { id, neptun_user_id, created_at, expires_at } = created
  const note = `Created session ${id} of user ${user}; it expires at ${moment(expires_at)}.`
  return { json: { id, token, neptun_user_id, created_at, expires_at }, text: token, note }
}

async function listSessions(database: Database, { user, all }: ListSessions): Promise<CommandResult> {
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
  return listResult(sessions, rows, noneOf(all ? 'sessions' : 'live sessions', user))
}

async function revoke({ id, tokenFile, user, all }: RevokeSessions): Promise<CommandResult> {
  const ways = [id, tokenFile, user].filter((way) => way !== undefined).length
  if (ways === 1 && !all && id) {
    return await withDatabase((database) => revokeOne(database, { id }, `session ${id} does not exist`))
  }
  if (ways === 1 && !all && tokenFile) {
    const token_hash = await readTokenHash(tokenFile)
    return await withDatabase((database) => revokeOne(database, { token_hash }, 'no session has this token'))
  }
  if (ways === 1 && all && user) return await withDatabase((database) => revokeAll(database, user))
  throw usageError('exactly one is required: --id <id>, --token-file <file> or --user <id> --all')
}

async function revokeOne(
  database: Database,
  where: { id: number } | { token_hash: TokenHash },
  notFoundMessage: string,
): Promise<CommandResult> {
  const { prisma, now } = database
  const { revokeSessions } = await import('../provisioning/sessions-repository.js')
  const count = await revokeSessions(prisma, where, now)
  const { readSessions } = await import('./session-rows.js')
  const [session] = await readSessions(database, 'id' in where ? { ids: [where.id] } : { tokenHash: where.token_hash })
  if (!session?.revoked_at) throw notFound(notFoundMessage)
  if (count > 0) return { json: session, text: `Revoked session ${session.id} of user ${session.neptun_user_id}.` }
  return { json: session, text: `Session ${session.id} was already revoked at ${moment(session.revoked_at)}.` }
}

async function revokeAll(database: Database, user: number): Promise<CommandResult> {
  const { prisma, now } = database
  await requireUser(database, user)
  const where = { neptun_user_id: user, revoked_at: null, expires_at: { gt: now } }
  const rows = await prisma.session.updateManyAndReturn({ where, data: { revoked_at: now }, select: { id: true } })
  const { readSessions } = await import('./session-rows.js')
  const revoked = await readSessions(database, { ids: rows.map(({ id }) => id) })
  return { json: revoked, text: `Revoked ${countOf(revoked.length, 'session')} of user ${user}.` }
}
