import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Config, ConfigError } from '../config.js'
import type { Database } from '../database/database.js'
import type { ObserveGithub } from '../github/outcome.js'
import { routeOf } from './request-log.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts what GitHub answers; does nothing where there are no metrics. */
    observeGithub: ObserveGithub
  }
}

type MetricsOptions = Pick<Config, 'HOST'> & {
  METRICS_PORT?: number
  database: Database
  lostLogLines: (() => number) | undefined
}

/** In seconds: from a statement by primary key to a request that waited for everything. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * Metrics for Prometheus on a port of their own, which need not be where callers get at: `GET /metrics`. Names and units
 * follow Prometheus' conventions; labels are templates and statuses, of which there are few.
 */
async function metrics(app: FastifyInstance, { HOST, METRICS_PORT, database, lostLogLines }: MetricsOptions) {
  app.decorate('observeGithub', () => {})
  if (METRICS_PORT === undefined) return
  const { collectDefaultMetrics, Gauge, Counter, Histogram, Registry } = await import('prom-client')
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers,
  })
  app.addHook('onResponse', (request, reply, done) => {
    const labels = { method: request.method, route: routeOf(request), status: reply.statusCode }
    duration.observe(labels, reply.elapsedTime / 1000)
    done()
  })

  const { pool } = database
  new Gauge({
    name: 'database_pool',
    help: 'Connections to PostgreSQL: total, idle, and queries waiting for one',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'total' }, pool.totalCount)
      this.set({ state: 'idle' }, pool.idleCount)
      this.set({ state: 'waiting' }, pool.waitingCount)
    },
  })

  if (lostLogLines) {
    new Counter({
      name: 'log_lines_lost_total',
      help: 'Log lines that could not be written',
      registers,
      collect() {
        this.reset()
        this.inc(lostLogLines())
      },
    })
  }

  const github = new Counter({
    name: 'github_requests_total',
    help: 'Requests to GitHub, by what came of them',
    labelNames: ['outcome'],
    registers,
  })
  const quota = new Gauge({
    name: 'github_rate_limit_remaining',
    help: 'Requests that GitHub still allowed, as of its last answer',
    labelNames: ['resource'],
    registers,
  })
  app.observeGithub = (outcome, remaining, resource = 'core') => {
    github.inc({ outcome })
    if (remaining !== undefined) quota.set({ resource }, remaining)
  }

  const server = createServer(async ({ method, url }, response) => {
    if (method !== 'GET' || url !== '/metrics') return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics())
  })
  app.addHook('onReady', () => listen(server, HOST, METRICS_PORT))
  app.addHook('onClose', () => end(server))
}

export default fp(metrics, { name: 'metrics' })

async function listen(server: Server, host: string, port: number) {
  server.listen({ host, port })
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError(`METRICS_PORT: cannot listen there: ${cause.code}`)
  })
}

async function end(server: Server) {
  server.closeAllConnections()
  if (server.listening) await new Promise((resolve) => server.close(resolve))
}
