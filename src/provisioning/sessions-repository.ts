import type { Database } from '../database/database.js'
import { Prisma } from '../database/generated/client.js'
import type { SessionModel } from '../database/generated/models.js'

type Client = Pick<Prisma.TransactionClient, 'session'>

/** A session without the hash of its token. */
export type SessionRow = Omit<SessionModel, 'token_hash'>

interface NewSession {
  userId: number
  /** SHA-256 of the token. */
  tokenHash: Uint8Array<ArrayBuffer>
  now: Date
  expiresAt: Date
}

/**
 * Creates a session.
 * @returns undefined if a session with this token exists
 */
export async function createSession(
  { session }: Client,
  { userId, tokenHash, now, expiresAt }: NewSession,
): Promise<SessionRow | undefined> {
  const data = {
    token_hash: tokenHash,
    neptun_user_id: userId,
    created_at: now,
    last_used_at: now,
    expires_at: expiresAt,
  }
  const [created] = await session.createManyAndReturn({
    data: [data],
    skipDuplicates: true,
    omit: { token_hash: true },
  })
  return created
}

/**
 * Changes the expiry of a user's session, unless it has been revoked. If the session came from the session lookup, it
 * is no longer looked up afterwards.
 * @returns undefined if there is no such session
 */
export async function extendSession(
  { session }: Client,
  { userId, tokenHash, expiresAt }: Omit<NewSession, 'now'>,
): Promise<SessionRow | undefined> {
  const [extended] = await session.updateManyAndReturn({
    where: { token_hash: tokenHash, neptun_user_id: userId, revoked_at: null },
    data: { expires_at: expiresAt, checked_until: null },
    omit: { token_hash: true },
  })
  return extended
}

/**
 * Revokes sessions that are not revoked yet, in batches.
 * @returns their number
 */
export async function revokeSessions(
  { session }: Client,
  where: Pick<Prisma.SessionWhereInput, 'id' | 'neptun_user_id' | 'token_hash' | 'expires_at'>,
  now: Date,
): Promise<number> {
  for (let total = 0; ; ) {
    const { count } = await session.updateMany({
      where: { ...where, revoked_at: null },
      data: { revoked_at: now },
      limit: BATCH_SIZE,
    })
    total += count
    if (count < BATCH_SIZE) return total
  }
}

/** Maximum number of rows per statement, to keep statements short. */
const BATCH_SIZE = 1000

/** Lists sessions of a user, newest first. Uses SQL because Prisma's model API cannot read the time `infinity`. */
export async function listSessions(
  { read }: Pick<Database, 'read'>,
  userId: number,
  { before, limit }: { before: number; limit: number },
): Promise<SessionRow[]> {
  return await read<SessionRow>(Prisma.sql`
    SELECT id, neptun_user_id, created_at, last_used_at, expires_at, revoked_at FROM sessions
    WHERE neptun_user_id = ${userId}::integer AND id < ${before}::bigint ORDER BY id DESC LIMIT ${limit}::integer`)
}
