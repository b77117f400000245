import pg from 'pg'
import { ApiError } from '../errors.js'
import type { Statements } from './statements.js'

/**
 * Maximum age of the connection, in seconds. Within it, checks do not open a new connection, which takes up to 0.1 s
 * under load. After it, they notice if new connections are rejected or reach another server.
 */
const MAX_AGE = 30

/** Uses types of the schema, to detect a stale statement after a restore, but takes no lock on a table. */
const PROBE = `SELECT NULL::source_type, NULL::repository_selection,
  current_setting('transaction_read_only') = 'on' AS is_read_only, to_regclass('imports') IS NOT NULL AS has_schema`

/** Readiness check of the database. */
export interface Readiness {
  /** Rejects if the database does not respond in time, has no schema, or is read-only. */
  check(): Promise<void>
  close(): Promise<void>
}

/**
 * Creates a readiness check with a separate connection, so that an exhausted pool does not make the service unready.
 * Concurrent checks share one query, so that they cannot flood the database.
 */
export function createReadiness(config: pg.PoolConfig, statements: Pick<Statements, 'run'>): Readiness {
  const application_name = 'neptun-projects-resources-readiness'
  const pool = new pg.Pool({ ...config, application_name, max: 1, idleTimeoutMillis: 0, maxLifetimeSeconds: MAX_AGE })
  // A lost connection rejects its query; the next check opens a new one. Without listeners, the error event would also
  // terminate the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  let inFlight: Promise<void> | undefined
  const query = async () => {
    const client = await pool.connect()
    try {
      const { rows } = await statements.run(PROBE, (name) => client.query({ name, text: PROBE }))
      const message = problemOf(rows[0])
      if (message) throw new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, message })
      client.release()
    } catch (error) {
      // Closes the connection: after a failover, a new one may reach another server.
      client.release(true)
      throw error
    }
  }
  return {
    check() {
      inFlight ??= query().finally(() => {
        inFlight = undefined
      })
      return inFlight
    },
    close: () => pool.end(),
  }
}

/** Returns why a database with this result of the probe is not ready, or undefined if it is ready. */
function problemOf({ is_read_only, has_schema }: { is_read_only: boolean; has_schema: boolean }): string | undefined {
  if (is_read_only) return 'The database is read-only'
  return has_schema ? undefined : 'The schema is missing'
}
