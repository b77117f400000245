import pg from 'pg'

export interface PoolOptions {
  connectionString: string
  /** Connections at most. */
  max: number
  /** How long `connect` waits for a connection, in milliseconds. */
  connectTimeout: number
  /** How long one statement may run, in milliseconds. */
  statementTimeout: number
  /** Called with the error of a connection that was lost while idle; without it such an error would end the process. */
  onIdleError: (error: Error) => void
}

/**
 * The pool of connections that the whole process shares, the Prisma client included.
 *
 * PostgreSQL itself ends a statement at `statementTimeout`; the client gives up a second later, for the case that the
 * server no longer answers at all.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.max,
    connectionTimeoutMillis: options.connectTimeout,
    statement_timeout: options.statementTimeout,
    query_timeout: options.statementTimeout + 1000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'neptun-projects-resources',
  })
  pool.on('error', options.onIdleError)
  return pool
}
