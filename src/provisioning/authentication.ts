import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError, invalidRequest } from '../errors.js'
import { findValidationErrors } from '../http/validation.js'
import { createAdmission } from './admission.js'
import { createTokenCheck } from './service-tokens.js'

/** The OpenAPI security requirement of every route of the plugin. */
const TOKEN_REQUIRED = [{ serviceToken: [] }]

/**
 * Guards every route of the plugin that registers it; no route can opt out. Cookies mean nothing here.
 *
 * - onRequest: 401 without a valid token, before any part of the request is parsed; 403 for a request that a browser sent;
 *   429 over a limit. There is no CORS.
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
      throw new ApiError('CROSS_SITE_REQUEST', { message: 'Refused: a browser sent this request' })
    admission.enter(request, reply)
    request.admitLargeBody = () => admission.parse(reply)
  })

  app.addHook('preHandler', async (request) => {
    const validationErrors = findValidationErrors(request)
    if (validationErrors.length > 0) throw invalidRequest(...validationErrors)
    // For the log: the user whom the request concerns.
    request.userId = (request.params as { user_id?: number }).user_id
  })
}

export default fp(authentication, {
  name: 'service-authentication',
  dependencies: ['error-handler', 'rate-limits', 'coercion', 'json-body', 'cross-origin'],
})

/** Pages cannot set these headers, and browsers always send one of them with what a page may not send by itself. */
function isFromBrowser({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-site'] !== undefined || headers.origin !== undefined
}
