import { type TObject, type TProperties, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../database/database.js'
import type { SessionLimits } from '../database/session-limits.js'
import { ApiError, invalidRequest } from '../errors.js'
import { readDecimal } from '../http/coercion.js'
import { isCrossSiteWrite } from '../http/cross-origin.js'
import { createInFlightLimit } from '../http/in-flight-limit.js'
import { hasSessionCookie, SESSION_REQUIRED } from '../http/session-cookie.js'
import { findValidationErrors } from '../http/validation.js'
import { MAX_ID } from '../identity-rules.js'
import { ProjectPath } from '../schemas.js'
import { createReceiving, type LargeWork } from './large-work.js'
import { type Authorization, createAuthorize, type Owner } from './owner.js'
import type { SessionLookup } from './session-lookup/index.js'
import { createSessionQueries } from './session-queries.js'
import { createSessionUseRepository } from './session-use-repository.js'

/** Not exported, so that only the session hook can set these properties. */
const authorization = Symbol('authorization')
const authorized = Symbol('authorized')

declare module 'fastify' {
  interface FastifyRequest {
    [authorization]: Authorization | null
    [authorized]: Owner | null
    /** The authorized user and project. Throws if the request has not passed the access check. */
    readonly owner: Owner
    /** For the log: the user of the session, or on the internal API the user in the path. */
    userId: number | undefined
  }
  interface FastifyContextConfig {
    /** Whether handlers use `request.owner.githubAccounts()`. */
    needsGithubAccounts?: boolean
    /** Prefix of the list's counter columns in `projects`. Required for `request.owner.listBytes()`. */
    listCounter?: string
  }
}

interface SessionOptions {
  database: Database
  largeBodies: LargeWork
  limits: SessionLimits
  /** Set if sessions that are not in the table are looked up in another service. */
  lookup?: SessionLookup | undefined
}

/**
 * Guards every route of the plugin that registers this one, in any order of registration. No route can opt out.
 *
 * - onRequest: 429 if a limit is exceeded; 401 without a valid session, before the body is read or any part of the
 *   request is validated; 403 for a cross-site write.
 * - preHandler: 400 with all validation errors; 403 for the path of another user; 404 for a project that does not exist
 *   or belongs to another user. Then `request.owner` is available.
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
   * Parameter schemas of the routes. Routes declare only their additional parameters; the user and project ids, which
   * are validated for every route, are added here. Cached, so that Fastify compiles each schema once.
   */
  const schemas = new Map<unknown, TObject>()
  const withProjectPath = (params: { properties?: TProperties } | undefined) => {
    const { properties = {} } = params ?? {}
    const schema = schemas.get(params) ?? Type.Object({ ...ProjectPath, ...properties })
    schemas.set(params, schema).set(schema, schema)
    return schema
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
  // Flushes before the database closes: Fastify calls onClose hooks in reverse order of registration.
  app.addHook('onClose', sessionUse.flush)

  const inFlight = createInFlightLimit(app)
  const queries = createSessionQueries()
  const receiving = createReceiving()
  app.addHook('onRequest', (request, reply, done) => {
    const { sessionHash, sessionKey } = request
    inFlight.enter(request, reply)
    let reason: string | undefined
    const lookUp = async () => {
      if (!sessionHash || sessionKey === undefined) return null
      const query = () => authorize(sessionHash, readPath(request), request.routeOptions.config)
      const find = () => queries.run(sessionKey, query)
      let found = await find()
      if (lookup && 'refused' in found && LOOKUP_REASONS.includes(found.refused)) {
        if (await lookup.find(request.sessionToken, sessionHash)) found = await find()
      }
      request.userId = found.sessionUserId
      if ('refused' in found) {
        queries.forget(sessionKey)
        reason = found.refused
        return null
      }
      queries.remember(sessionKey, found.sessionUserId)
      return found
    }
    app.admitSession(request, reply, lookUp).then((found) => {
      inFlight.pause(request)
      if (!found) return done(unauthorized(request, reason))
      request[authorization] = found
      request.receiveLargeBody = () => receiving.enter(found.sessionUserId, reply.raw)
      request.admitLargeBody = () => largeBodies.enter(found.sessionUserId, reply.raw)
      if (found.touch) sessionUse.record(found.touch.sessionId, found.touch.usedAt)
      done(isCrossSiteWrite(request) ? new ApiError('CROSS_SITE_REQUEST') : undefined)
    }, done)
  })

  app.addHook('preHandler', (request, _reply, done) => {
    const validationErrors = findValidationErrors(request)
    if (validationErrors.length > 0) return done(invalidRequest(...validationErrors))
    const found = request[authorization]
    // The path parameters have been validated by their schema.
    if (found?.sessionUserId !== (request.params as { user_id: number }).user_id)
      return done(new ApiError('USER_MISMATCH'))
    request[authorized] = found.owner
    if (!found.owner) return done(new ApiError('PROJECT_NOT_FOUND'))
    inFlight.resume(request)
    // Validating and storing a large body each block the event loop for many milliseconds: yield in between.
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

/**
 * @param reason why the session is not valid, for the log; undefined if the session query did not run, because the
 *   cookie is missing, ambiguous or malformed
 */
function unauthorized(request: FastifyRequest, reason?: string): ApiError {
  const hasCookie = reason === undefined && hasSessionCookie(request)
  return new ApiError('UNAUTHORIZED', {
    reason: reason ?? (hasCookie ? 'invalid_session_cookie' : 'no_session_cookie'),
  })
}

/** Reasons for which a session is looked up in the other service. */
const LOOKUP_REASONS = ['unknown_session', 'session_unchecked']

/** Returns the ids in the path, which are still text at onRequest. An invalid id becomes 0, which matches no row. */
function readPath({ params }: FastifyRequest): { userId: number; projectId: number } {
  const { user_id, project_id } = params as { user_id?: string | number; project_id?: string | number }
  return { userId: readId(user_id), projectId: readId(project_id) }
}

function readId(value: string | number | undefined): number {
  const id = readDecimal(String(value)) ?? 0
  return id <= MAX_ID ? id : 0
}
