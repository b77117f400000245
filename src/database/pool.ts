import pg from 'pg'

export interface PoolOptions {
  connectionString: string
  /** Connections at most. */
  max: number
  /** How long `connect` waits for a connection, in milliseconds. */
  connectTimeout: number
  /** How long it may be silent after a statement, in milliseconds, before it counts as unavailable. */
  answerTimeout: number
  /** How long one statement may run, in milliseconds: PostgreSQL ends it then. */
  statementTimeout: number
  /** How long of that it may wait for a lock, in milliseconds. */
  lockTimeout: number
  /** Called with the error of a connection that was lost while idle; without it such an error would end the process. */
  onIdleError: (error: Error) => void
}

/**
 * The pool of connections that the whole process shares, the Prisma client included.
 *
 * A call meets a silent server at most once, and so is answered within the sum of the limits: by default 800 ms for a
 * connection and 1000 ms for an answer, which leaves it 200 of the 2 s in which it is to have its 503. What may take longer
 * than that is asked by queryLarge.
 *
 * PostgreSQL's planner takes it that the rows of a project are in memory or on an SSD: it then reads them in the order of
 * the index and sorts nothing. (docs/decisions/013)
 */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.max,
    connectionTimeoutMillis: options.connectTimeout,
    statement_timeout: options.statementTimeout,
    lock_timeout: options.lockTimeout,
    query_timeout: options.answerTimeout,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'neptun-projects-resources',
    options: '-c random_page_cost=1.1',
  })
  pool.on('error', options.onIdleError)
  return pool
}
