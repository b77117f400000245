import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError, invalidRequest } from '../errors.js'
import { findValidationErrors } from '../http/validation.js'
import { createAdmission } from './admission.js'
import { createTokenCheck } from './service-tokens.js'

/** OpenAPI security requirement of every route of the plugin. */
const TOKEN_REQUIRED = [{ serviceToken: [] }]

/**
 * Authenticates the requests to every route of the plugin that registers this one. No route can opt out. Cookies are
 * ignored.
 *
 * - onRequest: 401 without a valid token, before the body is read or any part of the request is validated; 403 for a
 *   request from a browser; 429 over a rate limit or concurrency limit. CORS is disabled.
 * - preHandler: 400 with all validation errors.
 */
async function authentication(app: FastifyInstance, { tokens }: { tokens: string[] }) {
  const findToken = createTokenCheck(tokens)
  const admission = createAdmission()

  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, security: TOKEN_REQUIRED }
    route.attachValidation = true
    route.config = { ...route.config, api: 'internal', cors: false } as FastifyContextConfig
  })

  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'Authorization')
    const { authorization } = request.headers
    const token = findToken(authorization)
    if (!token) {
      await app.countRefusedRequest(request, reply)
      const reason = authorization === undefined ? 'no_service_token' : 'invalid_service_token'
      throw new ApiError('UNAUTHORIZED', { reason })
    }
    await app.countServiceRequest(request, reply, token.key)
    if (isFromBrowser(request))
      throw new ApiError('CROSS_SITE_REQUEST', { message: 'Requests from browsers are refused' })
    admission.enter(request, reply)
    request.admitLargeBody = () => admission.parse(reply)
  })

  app.addHook('preHandler', async (request) => {
    const validationErrors = findValidationErrors(request)
    if (validationErrors.length > 0) throw invalidRequest(...validationErrors)
    // For the request log.
    request.userId = (request.params as { user_id?: number }).user_id
  })
}

export default fp(authentication, {
  name: 'service-authentication',
  dependencies: ['error-handler', 'rate-limits', 'coercion', 'json-body', 'cross-origin'],
})

/**
 * Detects browsers by headers that a page cannot set. A cross-origin request with an `Authorization` header always has
 * `Origin`, because it is subject to CORS.
 */
function isFromBrowser({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-site'] !== undefined || headers.origin !== undefined
}
