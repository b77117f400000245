import type { FastifyInstance } from 'fastify'
import type * as Prometheus from 'prom-client'
import type { Database } from '../database/database.js'
import { VERSION } from '../package.js'
import type { ObserveSessionLookup } from '../projects-resources/session-lookup/index.js'
import { onceClosed } from './open-responses.js'
import { routeOf } from './request-log.js'

type Library = typeof Prometheus

/** Histogram buckets, in seconds. They range from a query by primary key to a request that runs into timeouts. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * Default gauges whose names end in `_total`, which Prometheus's conventions reserve for counters. The default gauges
 * with the same names but without `_total` have the same values, broken down by type.
 */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** Defines the metrics of the process. */
export function defineProcessMetrics(
  { collectDefaultMetrics, Counter, Gauge }: Library,
  registry: Prometheus.Registry,
  lostLogLines: (() => number) | undefined,
): void {
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  new Gauge({
    name: 'neptun_build_info',
    help: 'The version of the service, as labels',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version: VERSION, node_version: process.version }, 1)
  if (!lostLogLines) return
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

/**
 * Defines the metrics of HTTP requests, and of connections and requests that were rejected below Fastify.
 * @returns a function that includes another server in the metrics
 */
export function defineHttpMetrics(
  { Counter, Gauge, Histogram }: Library,
  registers: Prometheus.Registry[],
  app: FastifyInstance,
): (other: FastifyInstance) => void {
  const apps: FastifyInstance[] = []
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the end of the request headers to the end of the response',
    labelNames: ['method', 'route', 'status', 'code', 'api'],
    buckets: BUCKETS,
    registers,
  })
  const inFlight = new Gauge({ name: 'http_requests_in_flight', help: 'Requests in progress', registers })
  new Counter({
    name: 'http_refusals_total',
    help: 'Connections and requests that were rejected before they reached Fastify, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset()
      for (const { refusals } of apps) for (const [reason, count] of refusals) this.inc({ reason }, count)
    },
  })
  const observe = (observed: FastifyInstance) => {
    apps.push(observed)
    observed.addHook('onResponse', (request, reply, done) => {
      const { method, refusal } = request
      const { api } = request.routeOptions.config
      const labels = { method, route: routeOf(request), status: reply.statusCode, code: refusal?.code ?? '' }
      duration.observe(api ? { ...labels, api } : labels, reply.elapsedTime / 1000)
      done()
    })
    observed.server.on('request', (_request, response) => {
      inFlight.inc()
      onceClosed(response, () => inFlight.dec())
    })
  }
  observe(app)
  return observe
}

/** Defines the metrics of the PostgreSQL connection pool. */
export function defineDatabaseMetrics(
  { Gauge, Histogram }: Library,
  registers: Prometheus.Registry[],
  database: Database,
): void {
  const { pool } = database
  new Gauge({
    name: 'database_pool_connections',
    help: 'Open connections to PostgreSQL, by state',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'idle' }, pool.idleCount)
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount)
    },
  })
  new Gauge({
    name: 'database_pool_max_connections',
    help: 'Maximum number of connections of the pool (DATABASE_POOL_SIZE)',
    registers,
  }).set(pool.options.max)
  new Gauge({
    name: 'database_pool_waiting_queries',
    help: 'Queries that are waiting for a connection to PostgreSQL',
    registers,
    collect() {
      this.set(pool.waitingCount)
    },
  })
  const wait = new Histogram({
    name: 'database_pool_wait_seconds',
    help: 'Time that queries and transactions waited for a connection to PostgreSQL',
    buckets: BUCKETS,
    registers,
  })
  database.onPoolWait = (milliseconds) => wait.observe(milliseconds / 1000)
}

/** Defines the metrics of Redis, if it is configured. */
export function defineRedisMetrics(
  { Counter, Gauge }: Library,
  registers: Prometheus.Registry[],
  { redis }: FastifyInstance,
): void {
  if (!redis) return
  new Gauge({
    name: 'redis_up',
    help: 'Whether requests are counted in Redis: 0 while its circuit breaker is open',
    registers,
    collect() {
      this.set(redis.isAvailable() ? 1 : 0)
    },
  })
  new Counter({
    name: 'redis_failures_total',
    help: 'Transactions in Redis that failed',
    registers,
    collect() {
      this.reset()
      this.inc(redis.failures())
    },
  })
}

/**
 * Defines the metrics of session lookups in another service.
 * @returns a function that observes a lookup and its duration, in milliseconds
 */
export function defineSessionLookupMetrics(
  { Counter, Histogram }: Library,
  registers: Prometheus.Registry[],
): ObserveSessionLookup {
  const lookups = new Counter({
    name: 'session_lookups_total',
    help: 'Lookups of session cookies (SESSION_LOOKUP_URL), by outcome',
    labelNames: ['outcome'],
    registers,
  })
  const duration = new Histogram({
    name: 'session_lookup_duration_seconds',
    help: 'Time until a session lookup succeeded or failed',
    buckets: BUCKETS,
    registers,
  })
  return (outcome, milliseconds) => {
    lookups.inc({ outcome })
    if (milliseconds !== undefined) duration.observe(milliseconds / 1000)
  }
}
