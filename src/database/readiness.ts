import pg from 'pg'

/** How long its connection stays open after a check, in milliseconds. */
const IDLE = 1000

/** Checks whether the database responds. */
export interface Readiness {
  /** Rejects if the database does not respond in time. */
  check(): Promise<void>
  close(): Promise<void>
}

/**
 * Checks the database on a connection of its own, so that requests that take the whole pool do not make the service
 * unready. Concurrent checks share one query, so that readiness requests cannot flood the database either.
 */
export function createReadiness(config: pg.PoolConfig): Readiness {
  const application_name = 'neptun-projects-resources-readiness'
  const pool = new pg.Pool({ ...config, application_name, max: 1, idleTimeoutMillis: IDLE })
  // The next check opens another connection.
  pool.on('error', () => {})
  let running: Promise<void> | undefined
  const query = async () => {
    await pool.query('SELECT 1')
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
