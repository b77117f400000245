import type { FastifyBaseLogger, FastifyInstance, RouteOptions } from 'fastify'
import { type Config, ConfigError, readTokens, sessionLookupOptions } from './config.js'
import type { Database } from './database/database.js'
import { connectGithub } from './github/connect.js'
import { githubHosts } from './github/hosts.js'
import { createInstallationsRepository } from './github/installations-repository.js'
import health from './http/health.js'
import { createHttpApp, type HttpAppParts } from './http/http-app.js'
import metrics from './http/metrics.js'
import openapi from './http/openapi/index.js'
import retention from './http/retention.js'
import { serializeError } from './logging/serialize-error.js'
import { PROJECT_RESOURCES, projectsResources } from './projects-resources/index.js'

export interface AppParts {
  /** Closed with the app. */
  database: Database
  logger: FastifyBaseLogger
  /** Returns the number of log lines that could not be written, for the metrics. */
  lostLogLines?: () => number
  /** Timeout for a client that does not read its responses, in milliseconds. */
  readTimeout?: number
  /** Interval between deletions of expired rows, in milliseconds. */
  retentionInterval?: number
  /** Returns whether the database is being migrated. Omitted if no migration was pending at startup. */
  isMigrating?: () => boolean
  /** Called for every route, in the scope that registers it. */
  onRoute?: (this: FastifyInstance, route: RouteOptions) => void
}

/** Interval between deletions of expired rows, in milliseconds. */
const RETENTION_INTERVAL = 60 * 60 * 1000

/** Builds the service, ready to listen: first the plugins for every request, then the routes. */
export async function buildApp(
  config: Config,
  { database, logger, lostLogLines, retentionInterval = RETENTION_INTERVAL, ...parts }: AppParts,
): Promise<FastifyInstance> {
  const log = logger.child({}, { serializers: { err: serializeError } })
  const httpParts: HttpAppParts = { ...parts, database, log }
  const app = await createHttpApp(config, httpParts)
  app.addHook('onClose', () => database.close())
  await app.register(retention, { database, interval: retentionInterval, sessionLimits: config })
  await app.register(metrics, { ...config, database, lostLogLines })
  if (config.API_DOCS ?? config.NODE_ENV !== 'production') {
    await app.register(openapi, { signsIn: config.NODE_ENV === 'development', database })
  }

  await app.register(health, { database })
  const installations = createInstallationsRepository(database)
  await app.register(projectsResources, {
    prefix: PROJECT_RESOURCES,
    database,
    installations,
    ...(await connectGithub(config, installations, log, app.observeGithub, app.countCall)),
    githubHosts: githubHosts(config.GITHUB_API_URL),
    sessionLimits: config,
    sessionLookup: sessionLookupOptions(config),
    observeSessionLookup: app.observeSessionLookup,
  })
  if (config.GITHUB_WEBHOOK_SECRET) {
    const { githubWebhooks } = await import('./github/webhooks/index.js')
    const previous = config.GITHUB_WEBHOOK_SECRET_PREVIOUS
    const secrets = [config.GITHUB_WEBHOOK_SECRET, ...(previous ? [previous] : [])]
    await app.register(githubWebhooks, { secrets, database })
  }
  if (config.SERVICE_TOKENS) {
    const { INTERNAL, provisioning } = await import('./provisioning/index.js')
    const scope = config.INTERNAL_PORT === undefined ? app : await openInternalPort(app, config, httpParts, database)
    const poolSize = config.DATABASE_POOL_SIZE
    await scope.register(provisioning, {
      prefix: INTERNAL,
      database,
      tokens: readTokens(config.SERVICE_TOKENS),
      poolSize,
    })
  }
  return app
}

/** Creates the server for `INTERNAL_PORT`. It starts, drains and closes with the app. */
async function openInternalPort(app: FastifyInstance, config: Config, parts: HttpAppParts, database: Database) {
  const { CORS_ORIGINS: _, ...rest } = config
  const internal = await createHttpApp(rest, parts)
  await internal.register(health, { database })
  app.observeRequests(internal)
  app.companions.push(internal)
  app.addHook('onReady', () => listenInternally(internal, config))
  return internal
}

async function listenInternally(internal: FastifyInstance, { HOST: host, INTERNAL_PORT: port = 0 }: Config) {
  const listenTextResolver = (address: string) => `Listening on ${address} (/internal)`
  await internal.listen({ host, port, listenTextResolver }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code ? new ConfigError(`INTERNAL_PORT: cannot listen on this port (${cause.code})`) : cause
  })
}
