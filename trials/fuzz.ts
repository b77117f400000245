import pg from 'pg'
import type { Context } from './fuzz/context.js'
import { runRawWorker } from './fuzz/raw.js'
import { createReport } from './fuzz/report.js'
import { MAX_BYTES, MAX_ROWS } from './fuzz/room.js'
import { readModel } from './fuzz/stored.js'
import { createUsers } from './fuzz/users.js'
import { verify, verifyAll } from './fuzz/verify.js'
import { WEBHOOK_SECRET } from './fuzz/webhook.js'
import { runWorker } from './fuzz/worker.js'
import { withEnvironment } from './support/environment.js'
import { check, type Finding, figure, type Trial } from './support/findings.js'

const USERS = 12

/** Number of users whose worker sends raw bytes. */
const RAW_USERS = 2

/**
 * No rate limits, and no timeouts that a slow machine could exceed. Installations are recorded without calling GitHub.
 */
const SETTINGS = {
  DATABASE_CONNECT_TIMEOUT: '30000',
  DATABASE_ANSWER_TIMEOUT: '30000',
  DATABASE_LOCK_TIMEOUT: '30000',
  MAX_EVENT_LOOP_DELAY: '30000',
  NODE_ENV: 'test',
  MAX_PROJECT_BYTES: `${MAX_BYTES}`,
  RATE_LIMIT_ADDRESS: '1000000000',
  GITHUB_RATE_LIMIT_USER: '1000000000',
  GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
}

/** Restores the default limit of rows in each list of a project. startDatabase() has raised it for the other trials. */
const LIMIT_ROWS = `
  CREATE OR REPLACE FUNCTION max_project_rows() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT ${MAX_ROWS}'`

/**
 * Sends random valid, invalid and malicious requests of several users, and compares responses and stored rows with a
 * model.
 */
export const fuzz: Trial = ({ requests, seed }) =>
  withEnvironment(async (environment) => {
    const pool = new pg.Pool({ connectionString: environment.database.url, max: 4, options: '-c TimeZone=UTC' })
    try {
      const before = (await pool.query('SELECT id FROM users')).rows.map(({ id }) => id)
      await pool.query('DELETE FROM users WHERE id = ANY ($1)', [before])
      await pool.query(LIMIT_ROWS)
      const { port, log } = await environment.startService(SETTINGS)
      const users = await createUsers(pool, USERS, seed)
      const report = createReport(seed)
      const context: Context = { port, pool, users, report, requests }
      const startedAt = performance.now()
      await Promise.all(
        users.map((user) => (user.index < USERS - RAW_USERS ? runWorker(context, user) : runRawWorker(context, user))),
      )
      const seconds = (performance.now() - startedAt) / 1000
      for (const user of users.slice(-RAW_USERS)) user.model = await readModel(pool, user.id)
      for (const user of users) report.add(user, await verify(pool, user), () => 'at the end')
      report.add(undefined, await verifyAll(pool, users), () => 'at the end')
      return [
        figure('seed', seed),
        figure('requests', report.requests()),
        figure('seconds', seconds.toFixed(0)),
        ...report.findings(),
        ...judgeLog(
          log(),
          users.flatMap(({ canary, sessions }) => [canary, ...sessions.map(({ token }) => token)]),
        ),
      ]
    } finally {
      await pool.end()
    }
  })

/**
 * Checks that no log line contains a value of a request, or reports an error other than GITHUB_UNAVAILABLE, which is
 * expected without a GitHub App.
 */
function judgeLog(log: string, values: string[]): Finding[] {
  const lines = log.split('\n').filter(Boolean)
  const leaking = lines.filter((line) => values.some((value) => line.includes(value)))
  const errors = lines.filter((line) => Number(JSON.parse(line).level) >= 50 && !line.includes('GITHUB_UNAVAILABLE'))
  return [
    check('log lines with a value from a request', leaking[0] ?? 'none', leaking.length === 0),
    check('log lines that report an error other than GITHUB_UNAVAILABLE', errors[0] ?? 'none', errors.length === 0),
  ]
}
