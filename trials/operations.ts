import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { findFreePort } from '../dev/port.js'
import { applyMigrations } from '../src/database/migrations.js'
import { lists, visits } from './support/calls.js'
import { openConnection } from './support/connection.js'
import { check, type Finding, figure, ms, quantile, type Trial, within } from './support/findings.js'
import { type Outcome, startLoad } from './support/load.js'
import { NO_REDIS, startRedis } from './support/redis.js'
import { replaceSchema } from './support/replace-schema.js'
import { withStage } from './support/stage.js'
import { createFullTally, describe, isSuccess, unexpected } from './support/tally.js'

const UNAVAILABLE = '503 DATABASE_UNAVAILABLE'

/** What every 503, and the return to normal, may take, in milliseconds. */
const LIMIT = 2000

/** Load before and after what happens, in milliseconds. */
const AROUND = 2000

const durations = (outcomes: Outcome[]) => outcomes.map(({ begun, ended }) => ended - begun)

/** The disk of the log is full: every write of it fails. */
export const fullLog: Trial = () =>
  withStage(async ({ startService }) => {
    const metricsPort = await findFreePort()
    const service = await startService({ METRICS_PORT: `${metricsPort}` }, { logFile: '/dev/full' })
    const tally = createFullTally()
    const load = startLoad({ port: service.port, connections: 20, talk: visits, onOutcome: tally.record })
    await sleep(3 * AROUND)
    await load.stop()
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    const lost = Number(/^log_lines_lost_total (\d+)/m.exec(metrics)?.[1])
    const begun = performance.now()
    service.signal('SIGTERM')
    const { code } = await service.ended
    const validationErrors = unexpected(tally)
    return [
      check(`${tally.answered()} requests, of them failed`, describe(validationErrors), validationErrors.size === 0),
      check('log lines lost, as the metric counts them', lost, lost > 0),
      within('from SIGTERM to the end', performance.now() - begun, 3000),
      check('exit code', `${code}`, code === 0),
    ]
  })

const DESCRIPTORS = 512

/** Clients open more connections than the process may have file descriptors. */
export const descriptors: Trial = () =>
  withStage(async ({ startService }) => {
    const service = await startService({}, { descriptors: DESCRIPTORS })
    const tally = createFullTally()
    const load = startLoad({ port: service.port, connections: 10, talk: visits, onOutcome: tally.record })
    await sleep(AROUND)
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
    await sleep(AROUND)
    const refusedBefore = refused
    for (const socket of sockets) socket.destroy()
    const freed = performance.now()
    while (!(await canConnect(service.port))) await sleep(20)
    const back = performance.now() - freed
    await load.stop()
    const validationErrors = unexpected(tally)
    return [
      figure(`of ${sockets.length} more connections, limit ${DESCRIPTORS} descriptors, refused`, refusedBefore),
      check(
        `${tally.answered()} requests on existing connections, of them failed`,
        describe(validationErrors),
        validationErrors.size === 0,
      ),
      check('requests without an answer', describe(tally.lost), tally.lost.size === 0),
      within('until a new connection is served, once they have closed', back, LIMIT),
      check('the same process', `${service.isRunning()}`, service.isRunning()),
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

/** The database is replaced by a copy of itself, in one transaction, as by `pg_restore --single-transaction --clean`. */
export const restore: Trial = () =>
  withStage(async ({ database, startService }) => {
    const service = await startService()
    const tally = createFullTally()
    const load = startLoad({ port: service.port, connections: 10, talk: lists, onOutcome: tally.record })
    await sleep(AROUND)
    const begun = performance.now()
    await replaceSchema(database.url)
    const restored = performance.now()
    await sleep(AROUND)
    await load.stop()
    const validationErrors = unexpected(tally, UNAVAILABLE)
    const after = tally.outcomes.filter((outcome) => outcome.begun > restored)
    const last = Math.max(restored, ...after.filter((outcome) => !isSuccess(outcome)).map(({ ended }) => ended))
    return [
      figure('the restore took', ms(restored - begun)),
      figure('answers', describe(tally.answers)),
      check(
        `answers that are neither a success nor ${UNAVAILABLE}`,
        describe(validationErrors),
        validationErrors.size === 0,
      ),
      check('requests without an answer', describe(tally.lost), tally.lost.size === 0),
      within('slowest answer', Math.max(...durations(tally.outcomes)), LIMIT),
      within('last 503 after the restore', last - restored, LIMIT),
      check('requests after it, without a restart', after.length, after.some(isSuccess) && service.isRunning()),
    ]
  })

/** A migration of the table imports, which can be applied again. */
const REPEATABLE = '20261126130000_case_in_one_collation'
const BACKUP = 6000

/** A new version applies a migration while a backup holds every table. */
export const migration: Trial = () =>
  withStage(async ({ database, startService }) => {
    const service = await startService()
    const backup = new pg.Client({ connectionString: database.url })
    await backup.connect()
    await backup.query('DELETE FROM _prisma_migrations WHERE migration_name = $1', [REPEATABLE])
    const tally = createFullTally()
    const load = startLoad({ port: service.port, connections: 20, talk: visits, onOutcome: tally.record })
    await sleep(AROUND)
    await backup.query('BEGIN')
    await backup.query('LOCK TABLE imports IN ACCESS SHARE MODE')
    const begun = performance.now()
    const messages: string[] = []
    const applied = applyMigrations(database.url, (message) => messages.push(message))
    await sleep(BACKUP)
    await backup.query('COMMIT')
    const finished = performance.now()
    const names = await applied
    const after = performance.now() - finished
    await sleep(AROUND)
    await load.stop()
    await backup.end()
    const during = tally.outcomes.filter((outcome) => outcome.begun > begun && outcome.ended < finished)
    const validationErrors = unexpected(tally)
    return [
      figure(`attempts that were logged, in ${BACKUP / 1000} s`, messages.length),
      check('applied', names.join(), names.join() === REPEATABLE),
      within('after the end of the backup', after, 3000),
      check(
        `${during.length} requests meanwhile; failed in all`,
        describe(validationErrors),
        validationErrors.size === 0,
      ),
      within('slowest answer meanwhile', Math.max(...durations(during)), 1000),
    ]
  })

/** Redis, which counts requests, is frozen: it accepts commands and does not respond. */
export const redis: Trial = async () => {
  if (NO_REDIS) return [figure('not run', NO_REDIS)]
  return await withStage(async ({ startService }) => {
    const server = await startRedis()
    try {
      const service = await startService({ REDIS_URL: server.url })
      const tally = createFullTally()
      const load = startLoad({ port: service.port, connections: 10, talk: visits, onOutcome: tally.record })
      await sleep(AROUND)
      server.freeze(true)
      const frozen = performance.now()
      await sleep(2 * AROUND)
      server.freeze(false)
      const thawed = performance.now()
      while (!/available again/.test(service.log()) && performance.now() < thawed + 20_000) await sleep(200)
      const closed = performance.now()
      await sleep(AROUND / 4)
      await load.stop()
      return judgeRedis(tally.outcomes, frozen, thawed, closed, describe(unexpected(tally)), service.log())
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
  validationErrors: string,
  log: string,
): Finding[] {
  const before = durations(outcomes.filter(({ ended }) => ended < frozen))
  const during = durations(outcomes.filter(({ begun, ended }) => begun > frozen && ended < thawed))
  const slow = during.filter((duration) => duration > 200).length
  return [
    check(`${outcomes.length} requests, of them failed`, validationErrors, validationErrors === 'none'),
    figure('median before', ms(quantile(before, 0.5))),
    within('median while it is frozen', quantile(during, 0.5), 100),
    figure(`of ${during.length} requests meanwhile, took more than 200 ms`, slow),
    check(
      'the log says that it is unavailable',
      `${/Redis is unavailable/.test(log)}`,
      /Redis is unavailable/.test(log),
    ),
    within('counted in Redis again, after it went on', closed - thawed, 5000),
  ]
}
