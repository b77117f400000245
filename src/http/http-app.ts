import type { IncomingMessage } from 'node:http'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController, type RouteOptions } from 'fastify'
import { type Config, readList } from '../config.js'
import type { Database } from '../database/database.js'
import { ajvOptions } from './ajv.js'
import caching from './caching.js'
import clientErrors from './client-errors.js'
import coercion from './coercion.js'
import connections from './connection-limit.js'
import crossOrigin from './cross-origin.js'
import errors, { sendError } from './error-handler.js'
import expectations from './expectations.js'
import forwarded, { createProxyTrust } from './forwarded.js'
import jsonBody, { BODY_LIMIT } from './json-body.js'
import { trackResponses } from './open-responses.js'
import overload from './overload.js'
import limits from './rate-limits.js'
import refusals from './refusals.js'
import requestLog, { readRequestId, readTraceId } from './request-log.js'
import responseHeaders from './response-headers.js'
import session from './session-cookie.js'
import shutdown from './shutdown.js'
import slowClients from './slow-clients.js'
import starting from './starting.js'
import unreadBody from './unread-body.js'

export interface HttpAppParts {
  database: Pick<Database, 'renewStatements'>
  log: FastifyBaseLogger
  /** Timeout for a client that does not read its responses, in milliseconds. */
  readTimeout?: number
  /** Returns whether the database is being migrated. Omitted if no migration was pending at startup. */
  isMigrating?: (() => boolean) | undefined
  /** Called for every route, in the scope that registers it. */
  onRoute?: ((this: FastifyInstance, route: RouteOptions) => void) | undefined
}

/** Timeout for a client that does not read its responses, in milliseconds. */
const READ_TIMEOUT = 30_000

/** Maximum total size of the responses that are buffered because their clients read slowly, in bytes. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024

/** Interval between checks for connections that have exceeded their timeouts, in milliseconds. */
const CONNECTIONS_CHECK_INTERVAL = 1000

/**
 * Maximum length of a path parameter, in characters. Equals Node's limit for all headers, so no URL can exceed it: an
 * id that is too long is rejected by validation (400) and not by the router (404).
 */
const MAX_PARAM_LENGTH = 16 * 1024

/** Creates an HTTP server with the plugins for every request, without routes. The order of the plugins matters. */
export async function createHttpApp(
  config: Config,
  { database, log, readTimeout = READ_TIMEOUT, isMigrating, onRoute }: HttpAppParts,
): Promise<FastifyInstance> {
  const isTrustedProxy = createProxyTrust(readList(config.TRUST_PROXY))
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    // Fastify's type allows HTTP/2 requests, but this server supports only HTTP/1.
    childLoggerFactory: (parent, bindings, options, request) => {
      const trace_id = readTraceId(request as IncomingMessage)
      return parent.child(trace_id ? { ...bindings, trace_id } : bindings, options)
    },
    bodyLimit: BODY_LIMIT,
    requestTimeout: config.REQUEST_TIMEOUT,
    keepAliveTimeout: config.KEEP_ALIVE_TIMEOUT,
    trustProxy: config.TRUST_PROXY ? isTrustedProxy : false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, ignoreTrailingSlash: true },
    return503OnClosing: false,
    http: {
      requireHostHeader: false,
      headersTimeout: Math.min(config.HEADERS_TIMEOUT, config.REQUEST_TIMEOUT),
      connectionsCheckingInterval: CONNECTIONS_CHECK_INTERVAL,
    },
    rewriteUrl: ({ url = '/' }) => escapeStrayPercents(url),
    ajv: ajvOptions,
    frameworkErrors: (error, request, reply) => sendError(error, request, reply),
    clientErrorHandler(error, socket) {
      app.handleClientError(error, socket)
    },
    genReqId: readRequestId,
  })
  if (onRoute) app.addHook('onRoute', onRoute)
  trackResponses(app.server)
  await app.register(coercion)
  await app.register(requestLog)
  await app.register(forwarded, { isTrustedProxy, isEnabled: Boolean(config.TRUST_PROXY) })
  await app.register(shutdown)
  await app.register(responseHeaders, config)
  await app.register(caching)
  await app.register(crossOrigin, { origins: readList(config.CORS_ORIGINS) })
  if (isMigrating) await app.register(starting, { isMigrating })
  await app.register(refusals)
  await app.register(connections, config)
  await app.register(clientErrors)
  await app.register(expectations)
  await app.register(overload, config)
  await app.register(session)
  await app.register(limits, config)
  await app.register(slowClients, { readTimeout, maxBufferedBytes: MAX_BUFFERED_BYTES })
  await app.register(errors)
  await app.register(jsonBody)
  await app.register(unreadBody)
  app.addHook('onError', (_request, _reply, error, done) => {
    database.renewStatements(error)
    done()
  })
  return app
}

/**
 * Escapes `%` in a path with invalid percent-encoding, so that it is routed and its parameter is rejected by
 * validation, after authentication. Otherwise, the router would reject the path before the session is checked.
 */
function escapeStrayPercents(url: string): string {
  if (!url.includes('%')) return url
  const [path = '', ...query] = url.split('?')
  try {
    decodeURIComponent(path)
    return url
  } catch {
    return [path.replaceAll('%', '%25'), ...query].join('?')
  }
}
