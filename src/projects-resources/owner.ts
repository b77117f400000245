import type { Database } from '../database/database.js'
import { Prisma } from '../database/generated/client.js'

/**
 * Not exported, so that no other module can construct one. The protected member makes the type nominal: no object literal,
 * and no copy of an owner with other ids, is assignable to it.
 */
class AuthorizedOwner {
  declare protected readonly proof: true
  readonly userId: number
  readonly projectId: number

  constructor(userId: number, projectId: number) {
    this.userId = userId
    this.projectId = projectId
  }
}

/**
 * A user, and a project of theirs, as the database confirmed for the session of one request. This is a capability: every
 * repository method takes one, and authorize() is the only source of them.
 */
export type Owner = AuthorizedOwner

/** The result of authorize(). */
export interface Authorization {
  /** Whose session it is, whatever the path says. */
  sessionUserId: number
  /** Set if the path names the session's user and one of their projects. */
  owner: Owner | null
  /** The database's time, if the session's last use is to be recorded. */
  touch: { sessionId: number; usedAt: Date } | null
}

interface SessionRow {
  session_id: number
  session_user_id: number
  stale_at: Date | null
  project_id: number | null
}

/**
 * Looks up a session, and whether the project in the path belongs to its user, in one query.
 *
 * @param tokenHash SHA-256 of the token, 32 bytes
 * @param path the ids in the request's path; 0 for one that is not an id
 * @returns null if there is no such session, or it has expired or was revoked
 */
export async function authorize(
  database: Pick<Database, 'read'>,
  tokenHash: Buffer,
  path: { userId: number; projectId: number },
): Promise<Authorization | null> {
  const [row] = await database.read<SessionRow>(Prisma.sql`
    SELECT session.id AS session_id, session.neptun_user_id AS session_user_id, project.id AS project_id,
      CASE WHEN session.last_used_at < now() - interval '1 minute' THEN now() END AS stale_at
    FROM sessions AS session
    LEFT JOIN projects AS project
      ON project.id = ${path.projectId}::integer AND project.neptun_user_id = session.neptun_user_id
    WHERE session.token_hash = ${tokenHash} AND session.revoked_at IS NULL AND session.expires_at > now()`)
  if (!row) return null
  const isOwner = row.session_user_id === path.userId && row.project_id !== null
  return {
    sessionUserId: row.session_user_id,
    owner: isOwner ? new AuthorizedOwner(path.userId, path.projectId) : null,
    touch: row.stale_at && { sessionId: row.session_id, usedAt: row.stale_at },
  }
}
