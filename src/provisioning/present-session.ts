import type { Session } from './schemas.js'
import type { SessionRow } from './sessions-repository.js'

/** Latest time of a Date, in milliseconds, which represents PostgreSQL's `infinity`. */
const END_OF_TIME = 8.64e15

/** Converts a row to the body of a response. */
export const presentSession = (row: SessionRow): Session => ({
  id: row.id,
  neptun_user_id: row.neptun_user_id,
  created_at: row.created_at,
  last_used_at: row.last_used_at,
  expires_at: row.expires_at.getTime() === END_OF_TIME ? 'infinity' : row.expires_at,
  revoked_at: row.revoked_at,
})
