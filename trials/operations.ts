import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { findFreePort } from '../dev/port.js'
import { applyMigrations } from '../src/database/migrations.js'
import { lists, visits } from './support/calls.js'
import { openConnection } from './support/connection.js'
import { withEnvironment } from './support/environment.js'
import { check, type Finding, figure, ms, quantile, type Trial, within } from './support/findings.js'
import { type Outcome, startLoad } from './support/load.js'
import { NO_REDIS, startRedis } from './support/redis.js'
import { replaceSchema } from './support/replace-schema.js'
import { createFullTally, describe, failuresOf, isSuccess, unexpected } from './support/tally.js'

const UNAVAILABLE = '503 DATABASE_UNAVAILABLE'

/** Maximum latency of a response, and maximum recovery time, in milliseconds. */
const LIMIT = 2000

/** Duration of the load before and after the event, in milliseconds. */
const MARGIN = 2000

const durations = (outcomes: Outcome[]) => outcomes.map(({ startedAt, endedAt }) => endedAt - startedAt)

/** The disk of the log is full: every write to the log fails. */
export const fullLog: Trial = () =>
  withEnvironment(async ({ startService }) => {
    const metricsPort = await findFreePort()
    const service = await startService({ METRICS_PORT: `${metricsPort}` }, { logFile: '/dev/full' })
    const tally = createFullTally()
    const load = startLoad({ port: service.port, connections: 20, workload: visits, onOutcome: tally.record })
    await sleep(3 * MARGIN)
    await load.stop()
    const lost = await readMetric(metricsPort, 'log_lines_lost_total')
    const startedAt = performance.now()
    service.signal('SIGTERM')
    const { code } = await service.exited
    const failures = failuresOf(tally)
    return [
      check(`failed requests, of ${tally.responseCount()}`, describe(failures), failures.size === 0),
      check('lost log lines, according to the metric (at least 1)', lost, lost > 0),
      within('from SIGTERM to exit', performance.now() - startedAt, 3000),
      check('exit code', `${code}`, code === 0),
    ]
  })

/** Reads a metric without labels. */
async function readMetric(port: number, name: string): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1])
}

const DESCRIPTORS = 512

/** Clients open more connections than the process has file descriptors. */
export const descriptors: Trial = () =>
  withEnvironment(async ({ startService }) => {
    const service = await startService({}, { descriptors: DESCRIPTORS })
    const tally = createFullTally()
    const load = startLoad({ port: service.port, connections: 10, workload: visits, onOutcome: tally.record })
    await sleep(MARGIN)
    const sockets: Socket[] = []
    let refused = 0
    for (let number = 0; number < 2 * DESCRIPTORS; number += 1) {
      const socket = connect(service.port, '127.0.0.1')
      socket
        .on('error', () => {})
        .on('close', () => {
          refused += 1
        })
      socket.resume()
      await once(socket, 'connect')
      sockets.push(socket)
    }
    await sleep(MARGIN)
    const refusedBefore = refused
    for (const socket of sockets) socket.destroy()
    const freed = performance.now()
    while (!(await canConnect(service.port))) await sleep(20)
    const back = performance.now() - freed
    await load.stop()
    const failures = unexpected(tally)
    return [
      figure(
        `refused connections, of ${sockets.length} with a limit of ${DESCRIPTORS} file descriptors`,
        refusedBefore,
      ),
      check(
        `failed requests on existing connections, of ${tally.responseCount()}`,
        describe(failures),
        failures.size === 0,
      ),
      check('requests without a response', describe(tally.lost), tally.lost.size === 0),
      within('recovery: time until a new connection is served', back, LIMIT),
      check('the service is still running', `${service.isRunning()}`, service.isRunning()),
    ]
  })

async function canConnect(port: number): Promise<boolean> {
  try {
    const connection = await openConnection(port)
    const { status } = await connection.send({ method: 'GET', path: '/health/live' })
    connection.destroy()
    return status === 200
  } catch {
    return false
  }
}

/** The database is replaced with a copy, in one transaction, as with `pg_restore --single-transaction --clean`. */
export const restore: Trial = () =>
  withEnvironment(async ({ database, startService }) => {
    const service = await startService()
    const tally = createFullTally()
    const load = startLoad({ port: service.port, connections: 10, workload: lists, onOutcome: tally.record })
    await sleep(MARGIN)
    const startedAt = performance.now()
    await replaceSchema(database.url)
    const restored = performance.now()
    await sleep(MARGIN)
    await load.stop()
    const failures = unexpected(tally, UNAVAILABLE)
    const after = tally.outcomes.filter((outcome) => outcome.startedAt > restored)
    const last = Math.max(restored, ...after.filter((outcome) => !isSuccess(outcome)).map(({ endedAt }) => endedAt))
    return [
      figure('duration of the restore', ms(restored - startedAt)),
      figure('responses', describe(tally.responses)),
      check(`responses other than success and ${UNAVAILABLE}`, describe(failures), failures.size === 0),
      check('requests without a response', describe(tally.lost), tally.lost.size === 0),
      within('slowest response', Math.max(...durations(tally.outcomes)), LIMIT),
      within('time until the last 503 after the restore', last - restored, LIMIT),
      check(
        'requests after the restore; at least one must succeed, without a restart',
        after.length,
        after.some(isSuccess) && service.isRunning(),
      ),
    ]
  })

/** A migration of the imports table that can be applied twice. */
const REPEATABLE = '20261126130000_case_in_one_collation'
const BACKUP = 6000

/** A new version applies a migration while a backup holds a lock on the table. */
export const migration: Trial = () =>
  withEnvironment(async ({ database, startService }) => {
    const service = await startService()
    const backup = new pg.Client({ connectionString: database.url })
    await backup.connect()
    await backup.query('DELETE FROM _prisma_migrations WHERE migration_name = $1', [REPEATABLE])
    const tally = createFullTally()
    const load = startLoad({ port: service.port, connections: 20, workload: visits, onOutcome: tally.record })
    await sleep(MARGIN)
    await backup.query('BEGIN')
    await backup.query('LOCK TABLE imports IN ACCESS SHARE MODE')
    const startedAt = performance.now()
    const messages: string[] = []
    const applied = applyMigrations(database.url, (message) => messages.push(message))
    await sleep(BACKUP)
    await backup.query('COMMIT')
    const finished = performance.now()
    const names = await applied
    const after = performance.now() - finished
    await sleep(MARGIN)
    await load.stop()
    await backup.end()
    const during = tally.outcomes.filter((outcome) => outcome.startedAt > startedAt && outcome.endedAt < finished)
    const failures = failuresOf(tally)
    return [
      figure(`failed attempts to lock the table, in ${BACKUP / 1000} s`, messages.length),
      check('applied migrations', names.join(), names.join() === REPEATABLE),
      within('time from the end of the backup until the migration is applied', after, 3000),
      check(`failed requests, of ${tally.responseCount()}`, describe(failures), failures.size === 0),
      figure('requests during the backup', during.length),
      within('slowest response during the backup', Math.max(...durations(during)), 1000),
    ]
  })

/** Redis, which counts requests for rate limits, is frozen: it accepts commands but does not respond. */
export const redis: Trial = async () => {
  if (NO_REDIS) return [figure('skipped', NO_REDIS)]
  return await withEnvironment(async ({ startService }) => {
    const server = await startRedis()
    try {
      const metricsPort = await findFreePort()
      const service = await startService({ REDIS_URL: server.url, METRICS_PORT: `${metricsPort}` })
      const tally = createFullTally()
      const load = startLoad({ port: service.port, connections: 10, workload: visits, onOutcome: tally.record })
      await sleep(MARGIN)
      server.freeze(true)
      const frozen = performance.now()
      await sleep(2 * MARGIN)
      const upWhileFrozen = await readMetric(metricsPort, 'redis_up')
      server.freeze(false)
      const thawed = performance.now()
      while ((await readMetric(metricsPort, 'redis_up')) !== 1 && performance.now() < thawed + 20_000) await sleep(200)
      const closed = performance.now()
      await sleep(MARGIN / 4)
      await load.stop()
      return judgeRedis(tally.outcomes, frozen, thawed, closed, describe(failuresOf(tally)), upWhileFrozen)
    } finally {
      await server.stop()
    }
  })
}

function judgeRedis(
  outcomes: Outcome[],
  frozen: number,
  thawed: number,
  closed: number,
  failures: string,
  upWhileFrozen: number,
): Finding[] {
  const before = durations(outcomes.filter(({ endedAt }) => endedAt < frozen))
  const during = durations(outcomes.filter(({ startedAt, endedAt }) => startedAt > frozen && endedAt < thawed))
  const slow = during.filter((duration) => duration > 200).length
  return [
    check(`failed requests, of ${outcomes.length}`, failures, failures === 'none'),
    figure('median before', ms(quantile(before, 0.5))),
    within('median while Redis is frozen', quantile(during, 0.5), 100),
    figure(`slower than 200 ms, of ${during.length} requests while Redis is frozen`, slow),
    check('metric redis_up while Redis is frozen', upWhileFrozen, upWhileFrozen === 0),
    within('recovery: time until requests are counted in Redis again', closed - thawed, 5000),
  ]
}
