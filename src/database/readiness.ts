import pg from 'pg'
import { ApiError } from '../errors.js'
import type { Statements } from './statements.js'

/** How long its connection stays open after a check, in milliseconds. */
const IDLE = 1000

/** Uses the schema's own types, which fail after a restore has replaced them, but takes no lock on a table. */
const PROBE = `SELECT NULL::source_type, NULL::repository_selection,
  current_setting('transaction_read_only') = 'on' AS is_read_only, to_regclass('imports') IS NOT NULL AS has_schema`

/** Checks whether the database can serve. */
export interface Readiness {
  /** Rejects if the database does not respond in time, does not have the schema, or is read-only. */
  check(): Promise<void>
  close(): Promise<void>
}

/**
 * Checks the database on a connection of its own, so that requests that take the whole pool do not make the service
 * unready. Concurrent checks share one query, so that readiness requests cannot flood the database either.
 */
export function createReadiness(config: pg.PoolConfig, statements: Pick<Statements, 'run'>): Readiness {
  const application_name = 'neptun-projects-resources-readiness'
  const pool = new pg.Pool({ ...config, application_name, max: 1, idleTimeoutMillis: IDLE })
  // The next check opens another connection.
  pool.on('error', () => {})
  let running: Promise<void> | undefined
  const query = async () => {
    const { rows } = await statements.run(PROBE, (name) => pool.query({ name, text: PROBE }))
    const [row] = rows
    const message = row.is_read_only
      ? 'The database is read-only'
      : row.has_schema
        ? undefined
        : 'The schema is missing'
    if (message) throw new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, message })
  }
  return {
    check() {
      running ??= query().finally(() => {
        running = undefined
      })
      return running
    },
    close: () => pool.end(),
  }
}
