import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type pg from 'pg'
import { ApiError, invalidRequest } from '../errors.js'
import { hasBody } from '../plugins/json-body.js'
import { readSessionToken } from '../plugins/session.js'
import { findFaults, readDecimal } from '../plugins/validation.js'

/** Who a request says it comes from, and whose project it says it is about. Nothing of it is known to be true. */
export interface Claim {
  tokenHash: Buffer
  userId: number
  projectId: number
}

/** What the database says of a claim: the columns of CALLER. No row at all means that there is no such session. */
export interface Caller {
  session_id: number
  session_user_id: number
  session_is_stale: boolean
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
      session.id AS session_id,
      session.neptun_user_id AS session_user_id,
      session.last_used_at < now() - interval '1 minute' AS session_is_stale,
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

declare module 'fastify' {
  interface FastifyRequest {
    claim: Claim
    /** What was settled of the claim before the body was parsed. */
    caller: Caller | null
  }
}

interface PathParams {
  user_id?: string
  project_id?: string
}

/**
 * The guard of every route that is registered beside it. In this order: 401 before anything is parsed, 400 with every
 * fault, 403 for another user's path, 404 for a project that is not there or not the user's.
 *
 * A request with a body costs one statement here, so that no stranger's body is ever read. Without a body there is
 * nothing to parse, and the route's own statement settles the claim (CALLER, then admit) in the same round trip.
 */
async function access(app: FastifyInstance) {
  app.decorateRequest('claim')
  app.decorateRequest('caller', null)

  app.addHook('onRoute', (route) => {
    route.attachValidation = true
  })

  app.addHook('onRequest', async (request) => {
    const tokenHash = readSessionToken(request)
    if (!tokenHash) throw new ApiError('UNAUTHORIZED')
    const { user_id, project_id } = request.params as PathParams
    // What is no id is refused below; until then 0 stands for it, which no row has.
    request.claim = { tokenHash, userId: readDecimal(user_id) ?? 0, projectId: readDecimal(project_id) ?? 0 }
    if (hasBody(request.raw.headers)) request.caller = await requireSession(app.pool, request)
  })

  app.addHook('preHandler', async (request) => {
    const faults = findFaults(request)
    if (faults.length > 0) {
      if (!request.caller) await requireSession(app.pool, request)
      throw invalidRequest(...faults)
    }
    if (request.caller) admit(request, request.caller)
  })
}

export default fp(access, {
  name: 'access',
  dependencies: ['database', 'errors', 'session', 'validation', 'json-body'],
})

/**
 * Lets a request pass whose claim the database has looked at.
 * @throws ApiError 401, 403 or 404
 */
export function admit(request: FastifyRequest, caller: Caller | undefined): void {
  if (!caller) throw new ApiError('UNAUTHORIZED')
  if (caller.session_is_stale) touchSession(request, caller.session_id)
  if (caller.session_user_id !== request.claim.userId) throw new ApiError('USER_MISMATCH')
  if (caller.project_id === null) throw new ApiError('PROJECT_NOT_FOUND')
}

async function requireSession(pool: pg.Pool, request: FastifyRequest): Promise<Caller> {
  const { tokenHash, userId, projectId } = request.claim
  const claim = { tokenHash, userId: idOrZero(userId), projectId: idOrZero(projectId) }
  const values = [...callerValues(claim)]
  const { rows } = await pool.query<Caller>({ name: 'find-caller', text: FIND_CALLER, values })
  if (!rows[0]) throw new ApiError('UNAUTHORIZED')
  return rows[0]
}

/** Decimal digits may still be more than PostgreSQL's integer holds. */
function idOrZero(number: number): number {
  return number <= 2_147_483_647 ? number : 0
}

/** Once a minute at most, and nobody waits for it. */
function touchSession(request: FastifyRequest, sessionId: number): void {
  request.server.pool
    .query(TOUCH_SESSION, [sessionId])
    .catch((err) => request.log.warn({ err }, 'last use of a session not recorded'))
}
