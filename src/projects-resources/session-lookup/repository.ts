import type { Database } from '../../database/database.js'
import { Prisma } from '../../database/generated/client.js'

/** A session, as described by the other service. */
export interface FoundSession {
  userId: number
  expiresAt: Date
}

export type SessionLookupRepository = ReturnType<typeof createSessionLookupRepository>

/**
 * Data access for sessions that were looked up in another service. Never changes other sessions.
 */
export function createSessionLookupRepository({ prisma }: Pick<Database, 'prisma'>) {
  return {
    /**
     * Stores a session, if its user exists and it has not been revoked.
     * @param tokenHash SHA-256 of the cookie's value
     * @param ttl how long it is valid before it must be looked up again, in milliseconds
     * @returns whether it was stored
     */
    async store(tokenHash: Buffer, { userId, expiresAt }: FoundSession, ttl: number): Promise<boolean> {
      const count = await prisma.$executeRaw(Prisma.sql`
        INSERT INTO sessions AS session (token_hash, neptun_user_id, expires_at, checked_until)
        SELECT ${Uint8Array.from(tokenHash)}::bytea, id, expires_at, least(expires_at, now() + ${ttl}::float8 * interval '1 millisecond')
        FROM users, CAST(${expiresAt.toISOString()}::text AS timestamptz) AS expires_at
        WHERE id = ${userId}::integer
        ON CONFLICT (token_hash) DO UPDATE SET (neptun_user_id, expires_at, checked_until) =
          ROW (excluded.neptun_user_id, excluded.expires_at, excluded.checked_until)
        WHERE session.revoked_at IS NULL AND session.checked_until IS NOT NULL`)
      return count > 0
    },

    /** Expires a session that was stored by `store`. */
    async end(tokenHash: Buffer): Promise<void> {
      await prisma.$executeRaw(Prisma.sql`
        UPDATE sessions SET expires_at = now(), checked_until = now()
        WHERE token_hash = ${Uint8Array.from(tokenHash)}::bytea AND checked_until IS NOT NULL AND revoked_at IS NULL
          AND expires_at > now()`)
    },
  }
}
