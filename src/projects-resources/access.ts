import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError, type Fault, invalidRequest } from '../errors.js'
import { isCrossSiteWrite } from '../plugins/cross-origin.js'
import { hasBody } from '../plugins/json-body.js'
import { SESSION_REQUIRED } from '../plugins/session.js'
import { findFaults, readDecimal } from '../plugins/validation.js'
import { MAX_ID } from '../schemas.js'
import { type Caller, type Claim, findCaller, touchSession } from './caller.js'

declare module 'fastify' {
  interface FastifyRequest {
    claim: Claim
    /** What was settled of the claim before the body was parsed. */
    caller: Caller | null
    /** Whose session it is, once that is settled; for the log. */
    userId: number | undefined
  }
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
  app.decorateRequest('userId', undefined)

  // Faults are for the hook below to report, once it is known who asks.
  app.addHook('onRoute', (route) => {
    route.attachValidation = true
    route.schema = { ...route.schema, security: SESSION_REQUIRED }
  })

  app.addHook('onRequest', (request, _reply, done) => {
    const { sessionHash } = request
    if (!sessionHash) return done(new ApiError('UNAUTHORIZED'))
    request.claim = readClaim(request, sessionHash)
    const isCrossSite = isCrossSiteWrite(request)
    if (!isCrossSite && !hasBody(request.raw.headers)) return done()
    requireSession(request).then((caller) => {
      request.caller = caller
      done(isCrossSite ? new ApiError('CROSS_SITE_REQUEST') : undefined)
    }, done)
  })

  app.addHook('preHandler', (request, _reply, done) => {
    const faults = findFaults(request)
    if (faults.length > 0) return void refuse(request, faults).catch(done)
    if (request.caller) return done(refusalOf(request, request.caller))
    done()
  })
}

export default fp(access, {
  name: 'access',
  dependencies: ['database', 'errors', 'session', 'cross-origin', 'validation', 'json-body'],
})

/**
 * Lets a request pass whose claim the database has looked at.
 * @throws ApiError 401, 403 or 404
 */
export function admit(request: FastifyRequest, caller: Caller | undefined): void {
  const refusal = refusalOf(request, caller)
  if (refusal) throw refusal
}

function refusalOf(request: FastifyRequest, caller: Caller | undefined): ApiError | undefined {
  if (!caller) return new ApiError('UNAUTHORIZED')
  request.userId = caller.session_user_id
  if (caller.stale_session_id !== null) {
    // Nobody waits for it.
    touchSession(request.server.writes, caller.stale_session_id).catch((err) =>
      request.log.warn({ err }, 'last use of a session not recorded'),
    )
  }
  if (caller.session_user_id !== request.claim.userId) return new ApiError('USER_MISMATCH')
  if (caller.project_id !== request.claim.projectId) return new ApiError('PROJECT_NOT_FOUND')
  return undefined
}

/** @throws ApiError 401 or 400, always */
async function refuse(request: FastifyRequest, faults: Fault[]): Promise<never> {
  if (!request.caller) await requireSession(request)
  throw invalidRequest(...faults)
}

function readClaim(request: FastifyRequest, tokenHash: Buffer): Claim {
  const { user_id, project_id } = request.params as { user_id?: string; project_id?: string }
  return { tokenHash, userId: readIdOrZero(user_id), projectId: readIdOrZero(project_id) }
}

/** What is no id is refused with the other faults, later; until then 0 stands for it, which no row has. */
function readIdOrZero(text: string | undefined): number {
  const number = readDecimal(text) ?? 0
  return number <= MAX_ID ? number : 0
}

/**
 * Asks the database who calls, for that alone.
 * @throws ApiError 401
 */
export async function requireSession(request: FastifyRequest): Promise<Caller> {
  const caller = await findCaller(request.server.reads, request.claim)
  if (!caller) throw new ApiError('UNAUTHORIZED')
  request.userId = caller.session_user_id
  return caller
}
