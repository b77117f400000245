import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Config, ConfigError } from '../config.js'
import type { Database } from '../database/database.js'
import type { ObserveGithub } from '../github/observe.js'
import type { ObserveSessionLookup } from '../projects-resources/session-lookup/index.js'
import {
  defineDatabaseMetrics,
  defineHttpMetrics,
  defineProcessMetrics,
  defineRedisMetrics,
  defineSessionLookupMetrics,
} from './metric-definitions.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts a request to GitHub by its outcome. Does nothing if metrics are disabled. */
    observeGithub: ObserveGithub
    /** Observes a session lookup in another service. Does nothing if metrics are disabled. */
    observeSessionLookup: ObserveSessionLookup
    /**
     * Includes another server's requests in the metrics. Call this before registering nested plugins on that server.
     */
    observeRequests: (other: FastifyInstance) => void
  }
}

type MetricsOptions = Pick<Config, 'HOST' | 'SESSION_LOOKUP_URL'> & {
  METRICS_PORT?: number
  database: Database
  lostLogLines: (() => number) | undefined
}

/**
 * Serves Prometheus metrics at `GET /metrics` on a separate port, which need not be reachable for clients. Names and
 * units follow the conventions of Prometheus. Labels have low cardinality, such as route templates and statuses.
 */
async function metrics(app: FastifyInstance, options: MetricsOptions) {
  const { HOST, METRICS_PORT, SESSION_LOOKUP_URL, database, lostLogLines } = options
  app.decorate('observeGithub', () => {})
  app.decorate('observeSessionLookup', () => {})
  app.decorate('observeRequests', () => {})
  if (METRICS_PORT === undefined) return
  const library = await import('prom-client')
  const { Counter, Gauge, Registry } = library
  const registry = new Registry()
  const registers = [registry]
  defineProcessMetrics(library, registry, lostLogLines)
  app.observeRequests = defineHttpMetrics(library, registers, app)
  defineDatabaseMetrics(library, registers, database)
  defineRedisMetrics(library, registers, app)
  if (SESSION_LOOKUP_URL !== undefined) app.observeSessionLookup = defineSessionLookupMetrics(library, registers)

  const github = new Counter({
    name: 'github_requests_total',
    help: 'Requests to GitHub, by outcome',
    labelNames: ['outcome'],
    registers,
  })
  const quota = new Gauge({
    name: 'github_rate_limit_remaining',
    help: 'Remaining requests of the GitHub rate limit, as of the last response',
    labelNames: ['resource'],
    registers,
  })
  app.observeGithub = (outcome, remaining, resource = 'core') => {
    github.inc({ outcome })
    if (remaining !== undefined) quota.set({ resource }, remaining)
  }

  const server = createServer(async ({ method, url }, response) => {
    if (method !== 'GET' || url?.split('?', 1)[0] !== '/metrics') return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics())
  })
  app.addHook('onReady', () => listen(server, HOST, METRICS_PORT))
  app.addHook('onClose', () => close(server))
}

export default fp(metrics, { name: 'metrics', dependencies: ['rate-limits', 'refusals'] })

async function listen(server: Server, host: string, port: number) {
  server.listen({ host, port })
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError(`METRICS_PORT: cannot listen on this port (${cause.code})`)
  })
}

async function close(server: Server) {
  server.closeAllConnections()
  if (server.listening) await new Promise((resolve) => server.close(resolve))
}
