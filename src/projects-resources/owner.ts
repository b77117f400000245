import type { Database } from '../database/database.js'
import { Prisma } from '../database/generated/client.js'
import type { SessionLimits } from '../database/session-limits.js'

/**
 * A GitHub installation of the user, as the session query selects it: its `repository_selection`, a space and the name
 * of its account, such as `all octocat`.
 */
type Installation = string

/**
 * Not exported, so that no other module can construct it. Its private fields make the type nominal: object literals and
 * copies with other ids are not assignable to it.
 */
class AuthorizedOwner {
  readonly userId: number
  readonly projectId: number
  readonly #installations: Installation[] | undefined
  readonly #listBytes: number | undefined

  constructor(userId: number, projectId: number, installations?: Installation[], listBytes?: number) {
    this.userId = userId
    this.projectId = projectId
    this.#installations = installations
    this.#listBytes = listBytes
    Object.freeze(this)
  }

  /**
   * Returns the GitHub accounts, in lower case, of the user's recorded installations that are not suspended.
   * @param selection `all` for only the installations with access to all repositories
   * @throws Error on a route without `config.needsGithubAccounts`
   */
  githubAccounts(selection: 'any' | 'all' = 'any'): string[] {
    if (!this.#installations) throw new Error('This route does not declare that it needs GitHub accounts')
    const matching = this.#installations.filter((row) => selection === 'any' || row.startsWith('all '))
    return matching.map((row) => row.replace(/^\w+ /, '').toLowerCase())
  }

  /**
   * Returns the size of the complete list, in bytes of JSON.
   * @throws Error on a route without `config.listCounter`
   */
  listBytes(): number {
    if (this.#listBytes === undefined) throw new Error('This route does not declare which list it reads')
    return this.#listBytes
  }
}

/**
 * The authorized user and project of one request. An Owner is a capability: every repository method that reads or
 * writes a user's objects for a request of that user requires one. Only createAuthorize() creates them, after the
 * database has confirmed the session and the owner of the project.
 */
export type Owner = AuthorizedOwner

/** Result of Authorize for a session that is not valid. */
interface Refusal {
  /** Reason, for the log. */
  refused: 'unknown_session' | EndOfSession
  sessionUserId: number | undefined
}

type EndOfSession = 'session_revoked' | 'session_unchecked' | 'session_expired' | 'session_idle' | 'session_too_old'

/** Result of Authorize for a valid session. */
export interface Authorization {
  /** User of the session, even if the path has another user. */
  sessionUserId: number
  /** Null unless the path has the session's user and one of their projects. */
  owner: Owner | null
  /** The last use to record for the session; null if one was recorded recently. `usedAt` is in the database's time. */
  touch: { sessionId: number; usedAt: Date } | null
}

interface SessionRow {
  session_id: number
  session_user_id: number
  ended: EndOfSession | null
  stale_at: Date | null
  project_id: number | null
  installations?: Installation[]
  /** Bigint, as text. */
  list_bytes?: string | null
}

/** Additional data for the session query to read. */
interface AuthorizationNeeds {
  /** Whether to read the user's installations, for `owner.githubAccounts()`. */
  needsGithubAccounts?: boolean | undefined
  /** Prefix of the list's counter columns in `projects`, such as `import`, for `owner.listBytes()`. */
  listCounter?: string | undefined
}

const INSTALLATIONS = Prisma.sql`, ARRAY (
  SELECT repository_selection || ' ' || account_name FROM github_installations AS installation
  WHERE installation.neptun_user_id = session.neptun_user_id AND installation.suspended_at IS NULL
) AS installations`

/**
 * Minimum interval between records of the last use of a session, in milliseconds. Shorter with a short idle timeout.
 */
const RECORD_INTERVAL = 60_000

const isOlder = (column: Prisma.Sql, milliseconds: number) =>
  Prisma.sql`${column} < now() - ${milliseconds}::float8 * interval '1 millisecond'`

/** Builds the SQL expression for the reason why a session has ended; null if it is valid. */
function endOfSession({ SESSION_IDLE_TIMEOUT: idle, SESSION_MAX_AGE: age }: SessionLimits) {
  return Prisma.sql`CASE WHEN session.revoked_at IS NOT NULL THEN 'session_revoked'
    WHEN session.checked_until <= now() THEN 'session_unchecked'
    WHEN session.expires_at <= now() THEN 'session_expired'
    ${idle ? Prisma.sql`WHEN ${isOlder(LAST_USED, idle)} THEN 'session_idle'` : Prisma.empty}
    ${age ? Prisma.sql`WHEN ${isOlder(Prisma.sql`session.created_at`, age)} THEN 'session_too_old'` : Prisma.empty} END`
}

const LAST_USED = Prisma.sql`session.last_used_at`

/**
 * Authenticates a session and authorizes access to the project in the path, with one query.
 *
 * @param tokenHash SHA-256 of the token, 32 bytes
 * @param path the ids in the request's path; 0 for an invalid id
 */
export type Authorize = (
  tokenHash: Buffer,
  path: { userId: number; projectId: number },
  needs: AuthorizationNeeds,
) => Promise<Authorization | Refusal>

/** Creates the authorization function. It prepares one query per combination of needs. */
export function createAuthorize(database: Pick<Database, 'prepare'>, limits: SessionLimits = {}): Authorize {
  const queries = new Map<string, ReturnType<typeof prepareQuery>>()
  return async (tokenHash, path, needs) => {
    const key = `${needs.needsGithubAccounts ?? false} ${needs.listCounter ?? ''}`
    const query = queries.get(key) ?? prepareQuery(database, needs, limits)
    queries.set(key, query)
    const [row] = await query({ tokenHash, projectId: path.projectId })
    if (!row) return { refused: 'unknown_session', sessionUserId: undefined }
    const { session_user_id: sessionUserId, project_id: projectId, stale_at: usedAt } = row
    if (row.ended) return { refused: row.ended, sessionUserId }
    const listBytes = row.list_bytes ? Number(row.list_bytes) : undefined
    const isOwner = sessionUserId === path.userId && projectId !== null
    return {
      sessionUserId,
      owner: isOwner ? new AuthorizedOwner(sessionUserId, projectId, row.installations, listBytes) : null,
      touch: usedAt && { sessionId: row.session_id, usedAt },
    }
  }
}

function prepareQuery(
  database: Pick<Database, 'prepare'>,
  { needsGithubAccounts, listCounter }: AuthorizationNeeds,
  limits: SessionLimits,
) {
  const recordAfter = Math.min(RECORD_INTERVAL, (limits.SESSION_IDLE_TIMEOUT ?? Number.POSITIVE_INFINITY) / 10)
  return database.prepare<{ tokenHash: Buffer; projectId: number }, SessionRow>(
    ({ tokenHash, projectId }) => Prisma.sql`
    SELECT session.id AS session_id, session.neptun_user_id AS session_user_id, project.id AS project_id,
      ${endOfSession(limits)} AS ended,
      CASE WHEN ${isOlder(LAST_USED, recordAfter)} THEN now() END AS stale_at
      ${needsGithubAccounts ? INSTALLATIONS : Prisma.empty}
      ${listCounter ? Prisma.raw(`, project.${listCounter}_bytes AS list_bytes`) : Prisma.empty}
    FROM sessions AS session
    LEFT JOIN projects AS project
      ON project.id = ${projectId}::integer AND project.neptun_user_id = session.neptun_user_id
    WHERE session.token_hash = ${tokenHash}`,
  )
}
