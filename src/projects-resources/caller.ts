import type { Runner } from '../database/shared-connections.js'

/** Who a request says it comes from, and whose project it says it is about. Nothing of it is known to be true. */
export interface Claim {
  tokenHash: Buffer
  userId: number
  projectId: number
}

/** Whose project it is, once that is settled: an argument of every statement, never a check beside it. */
export type Owner = Pick<Claim, 'userId' | 'projectId'>

/** What the database says of a claim: the columns of CALLER. No row at all means that there is no such session. */
export interface Caller {
  session_user_id: number
  /** Whose last use is to be recorded: the session's id, unless it was used a minute ago or less. */
  stale_session_id: number | null
  /** Null unless the project exists, is the session's user's, and that is the user whom the path names. */
  project_id: number | null
}

/**
 * The beginning of every statement that settles a claim itself, in the same round trip as what it is for: a table of
 * one row, or of none, called `caller`. Its parameters are callerValues().
 */
export const CALLER = `
  caller AS (
    SELECT
      session.neptun_user_id AS session_user_id,
      CASE WHEN session.last_used_at < now() - interval '1 minute' THEN session.id END AS stale_session_id,
      project.id AS project_id
    FROM sessions AS session
    LEFT JOIN projects AS project
      ON project.id = $3 AND project.neptun_user_id = $2 AND project.neptun_user_id = session.neptun_user_id
    WHERE session.token_hash = $1 AND session.revoked_at IS NULL AND session.expires_at > now()
  )`

const FIND_CALLER = `WITH ${CALLER} SELECT * FROM caller`

const TOUCH_SESSION = 'UPDATE sessions SET last_used_at = now() WHERE id = $1'

/** The values of CALLER's parameters, $1 to $3. */
export function callerValues({ tokenHash, userId, projectId }: Claim) {
  return [tokenHash, userId, projectId] as const
}

/** Settles a claim by itself. */
export async function findCaller(reads: Runner, claim: Claim): Promise<Caller | undefined> {
  const { rows } = await reads.query<Caller>({
    name: 'find-caller',
    text: FIND_CALLER,
    values: [...callerValues(claim)],
  })
  return rows[0]
}

/** Records that a session was used now. Worth doing while it is stale, which is once a minute at most. */
export async function touchSession(writes: Runner, sessionId: number): Promise<void> {
  await writes.query({ name: 'touch-session', text: TOUCH_SESSION, values: [sessionId] })
}
