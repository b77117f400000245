import { randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import etag from '@fastify/etag'
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import fp from 'fastify-plugin'
import pino from 'pino'
import { errors, HttpError } from './errors.js'
import { type DataAccess, projectResources } from './routes.js'
import { SESSION_COOKIE } from './session.js'

/** Maximum number of requests per second and client. No load of the benchmark reaches it. */
const RATE_LIMIT = 1_000_000

/** Maximum time for which log lines are buffered, in milliseconds. */
const LOG_INTERVAL = 1000

/** Security headers for an API. Headers that only affect HTML pages are disabled. */
const SECURITY_HEADERS: FastifyHelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  referrerPolicy: { policy: 'no-referrer' },
  crossOriginResourcePolicy: { policy: 'same-origin' },
  xFrameOptions: { action: 'deny' },
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
}

/** Logs to stdout asynchronously (https://getpino.io/#/docs/asynchronous). */
export function createLogger(): FastifyBaseLogger {
  const destination = pino.destination({ sync: false, minLength: 4096 })
  setInterval(() => destination.flush(), LOG_INTERVAL).unref()
  return pino({ level: 'info' }, destination)
}

/** Builds a server with the plugins and checks of a production service, which reads and writes through `data`. */
export async function buildEquipped(data: DataAccess, logger: FastifyBaseLogger): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    bodyLimit: 2 * 1024 * 1024,
    requestTimeout: 60_000,
    keepAliveTimeout: 72_000,
    requestIdHeader: 'x-request-id',
    genReqId: () => randomUUID(),
    ajv: { customOptions: { allErrors: true } },
  })
  await app.register(fp(requestLog))
  await app.register(cookie)
  await app.register(helmet, SECURITY_HEADERS)
  await app.register(etag)
  await app.register(underPressure, { maxEventLoopDelay: 1000 })
  await app.register(rateLimit, {
    global: false,
    max: RATE_LIMIT,
    timeWindow: 1000,
    enableDraftSpec: true,
    keyGenerator: ({ cookies, ip }) => cookies[SESSION_COOKIE] ?? ip,
    errorResponseBuilder: () => new HttpError(429, 'RATE_LIMITED', 'Too many requests'),
  })
  // A server-level hook runs before the session query; a route-level hook would run after it.
  app.addHook('onRequest', app.rateLimit())
  await app.register(fp(errors), data)
  await app.register(projectResources, { ...data, prefix: '/api/users/:user_id/projects/:project_id/resources' })
  return app
}

/** Adds the request id to the response, and logs one line per request. */
async function requestLog(app: FastifyInstance) {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.addHook('onResponse', ({ log, method, routeOptions, session }, reply, done) => {
    const { statusCode: status, elapsedTime: ms } = reply
    log.info({ method, route: routeOptions.url, status, ms, user_id: session?.userId }, 'request')
    done()
  })
}
