import type { Session } from './schemas.js'
import type { SessionRow } from './sessions-repository.js'

/** The last time of JavaScript stands for PostgreSQL's `infinity`. */
const END_OF_TIME = 8.64e15

/** Returns a session as a response shows it. */
export const presentSession = (row: SessionRow): Session => ({
  ...row,
  expires_at: row.expires_at.getTime() === END_OF_TIME ? 'infinity' : row.expires_at,
})
