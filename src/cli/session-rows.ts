import { Prisma } from '../database/generated/client.js'
import type { SessionModel } from '../database/generated/models.js'
import type { Database } from './database.js'
import type { TokenHash } from './token-file.js'

/** A session, without the hash of its token or the time of its next lookup. */
export type Session = Omit<SessionModel, 'token_hash' | 'checked_until'>

interface Filter {
  ids?: number[]
  tokenHash?: TokenHash
  user?: number | undefined
  /** Excludes sessions that have expired or were revoked. */
  isLive?: boolean
}

/** Reads sessions, oldest first. Uses SQL because Prisma's model API cannot read the time `infinity`. */
export async function readSessions({ read, now }: Database, filter: Filter): Promise<Session[]> {
  const { ids, tokenHash, user, isLive } = filter
  const conditions = [Prisma.sql`true`]
  if (ids) conditions.push(Prisma.sql`id = ANY(${ids}::integer[])`)
  if (tokenHash) conditions.push(Prisma.sql`token_hash = ${tokenHash}::bytea`)
  if (user) conditions.push(Prisma.sql`neptun_user_id = ${user}::integer`)
  if (isLive) conditions.push(Prisma.sql`revoked_at IS NULL AND expires_at > ${now}::timestamptz`)
  return await read<Session>(Prisma.sql`
    SELECT id, neptun_user_id, created_at, last_used_at, expires_at, revoked_at FROM sessions
    WHERE ${Prisma.join(conditions, ' AND ')} ORDER BY id`)
}
