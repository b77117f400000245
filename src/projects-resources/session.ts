import { type TObject, type TProperties, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../database/database.js'
import { ApiError, invalidRequest } from '../errors.js'
import { readDecimal } from '../http/coercion.js'
import { isCrossSiteWrite } from '../http/cross-origin.js'
import { createInFlightLimit } from '../http/in-flight-limit.js'
import { hasSessionCookie, SESSION_REQUIRED } from '../http/session-cookie.js'
import { findValidationErrors } from '../http/validation.js'
import { MAX_ID } from '../identity-rules.js'
import { ProjectPath } from '../schemas.js'
import type { LargeWork } from './large-work.js'
import { type Authorization, createAuthorize, type Owner, type SessionLimits } from './owner.js'
import type { SessionLookup } from './session-lookup/index.js'
import { createSessionUseRepository } from './session-use-repository.js'

/** Private to this module, so that only the hook can set them. */
const authorization = Symbol('authorization')
const authorized = Symbol('authorized')

declare module 'fastify' {
  interface FastifyRequest {
    [authorization]: Authorization | null
    [authorized]: Owner | null
    /** The authorized user and project. Throws before the access check has passed. */
    readonly owner: Owner
    /** The user of the session, for the log. */
    userId: number | undefined
  }
  interface FastifyContextConfig {
    /** Whether handlers use `request.owner.githubAccounts()`. */
    needsGithubAccounts?: boolean
    /** The counter of the list that handlers read, if they use `request.owner.listBytes()`. */
    listCounter?: string
  }
}

interface SessionOptions {
  database: Database
  largeBodies: LargeWork
  limits: SessionLimits
  /** Set if another service decides about sessions that the table does not have. */
  lookup?: SessionLookup | undefined
}

/**
 * Guards every route of the plugin that registers it, before or after, with or without a body; no route can opt out.
 *
 * - onRequest: 429 over a limit; 401 without a valid session, before any part of the request is parsed; 403 for a
 *   cross-site write.
 * - preHandler: 400 with all validation errors; 403 for another user's path; 404 for a project that does not exist or is
 *   not the user's. Only then is `request.owner` available.
 */
async function session(app: FastifyInstance, { database, largeBodies, limits, lookup }: SessionOptions) {
  app.decorateRequest(authorization, null)
  app.decorateRequest(authorized, null)
  app.decorateRequest('userId', undefined)
  app.decorateRequest('owner', {
    getter() {
      if (this[authorized]) return this[authorized]
      throw new Error('This request has not been authorized')
    },
  })

  /**
   * The ids in the path are validated on every route, and belong to this hook alone: routes declare only their own
   * parameters. Each schema is compiled once.
   */
  const schemas = new Map<unknown, TObject>()
  const withProjectPath = (own: { properties?: TProperties } | undefined) => {
    const { properties = {} } = own ?? {}
    const known = schemas.get(own) ?? Type.Object({ ...ProjectPath, ...properties })
    schemas.set(own, known).set(known, known)
    return known
  }

  app.addHook('onRoute', (route) => {
    route.schema = {
      ...route.schema,
      params: withProjectPath(route.schema?.params as object | undefined),
      security: SESSION_REQUIRED,
    }
    route.attachValidation = true
    route.config = { ...route.config, needsSession: true }
  })

  const authorize = createAuthorize(database, limits)
  const sessionUse = createSessionUseRepository(database, app.log)
  // Runs before the hook that closes the database: Fastify calls onClose hooks in reverse order.
  app.addHook('onClose', sessionUse.flush)

  const inFlight = createInFlightLimit(app)
  app.addHook('onRequest', (request, reply, done) => {
    const { sessionHash } = request
    inFlight.enter(request, reply)
    let reason: string | undefined
    const lookUp = async () => {
      if (!sessionHash) return null
      const find = () => authorize(sessionHash, readPath(request), request.routeOptions.config)
      let found = await find()
      if (lookup && 'refused' in found && NOT_DECIDED.includes(found.refused)) {
        if (await lookup.find(request.sessionToken, sessionHash)) found = await find()
      }
      request.userId = found.sessionUserId
      if (!('refused' in found)) return found
      reason = found.refused
      return null
    }
    app.admitSession(request, reply, lookUp).then((found) => {
      inFlight.pause(request)
      if (!found) return done(unauthorized(request, reason))
      request[authorization] = found
      request.admitLargeBody = () => largeBodies.enter(found.sessionUserId, reply.raw)
      if (found.touch) sessionUse.record(found.touch.sessionId, found.touch.usedAt)
      done(isCrossSiteWrite(request) ? new ApiError('CROSS_SITE_REQUEST') : undefined)
    }, done)
  })

  app.addHook('preHandler', (request, _reply, done) => {
    const validationErrors = findValidationErrors(request)
    if (validationErrors.length > 0) return done(invalidRequest(...validationErrors))
    const found = request[authorization]
    // The path has passed its schema.
    if (found?.sessionUserId !== (request.params as { user_id: number }).user_id)
      return done(new ApiError('USER_MISMATCH'))
    request[authorized] = found.owner
    if (!found.owner) return done(new ApiError('PROJECT_NOT_FOUND'))
    inFlight.resume(request)
    // Validating a large body takes many milliseconds, and storing it as well.
    if (request.hasLargeBody) setImmediate(done)
    else done()
  })

  app.addHook('onSend', (request, _reply, payload, done) => {
    inFlight.leave(request)
    done(null, payload)
  })
}

export default fp(session, {
  name: 'projects-resources-session',
  dependencies: ['error-handler', 'session-cookie', 'rate-limits', 'cross-origin', 'coercion', 'json-body'],
})

/** @param reason why the session is not valid, for the log; undefined if the request names none */
function unauthorized(request: FastifyRequest, reason?: string): ApiError {
  const isNamed = reason === undefined && hasSessionCookie(request)
  return new ApiError('UNAUTHORIZED', { reason: reason ?? (isNamed ? 'invalid_session_cookie' : 'no_session_cookie') })
}

/** Refusals of sessions that another service may know. */
const NOT_DECIDED = ['unknown_session', 'session_unchecked']

/** The ids in the path, which at onRequest are text; 0, which no row has, for one that is not an id. */
function readPath({ params }: FastifyRequest): { userId: number; projectId: number } {
  const { user_id, project_id } = params as { user_id?: string | number; project_id?: string | number }
  return { userId: readId(user_id), projectId: readId(project_id) }
}

function readId(value: string | number | undefined): number {
  const id = readDecimal(String(value)) ?? 0
  return id <= MAX_ID ? id : 0
}
