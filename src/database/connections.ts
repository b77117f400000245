import pg from 'pg'
import { Reads } from './reads.js'

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

/** The connections of a process. */
export interface Connections {
  /** Each for one statement, or transaction, at a time. */
  pool: pg.Pool
  /** Of these, reads share a few. */
  reads: Reads
}

/**
 * The pool of connections that a whole process shares, the Prisma client included.
 *
 * A call meets a silent server at most once, and so is answered within the sum of the limits: by default 800 ms for a
 * connection and 1000 ms for an answer, which leaves it 200 of the 2 s in which it is to have its 503. What may take longer
 * than that is asked by queryLarge.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    ...clientOptions(options),
    max: options.max,
    query_timeout: options.answerTimeout,
    idleTimeoutMillis: 30_000,
  })
  pool.on('error', options.onIdleError)
  return pool
}

/** More of them serve reads no faster: one is busy with 5000 statements a second. (docs/decisions/014) */
const MOST_SHARED = 3

/** The same for a service: of its connections, of which there are two at least, reads share up to half. */
export function openConnections(options: PoolOptions): Connections {
  const { max, answerTimeout, connectTimeout, onIdleError } = options
  const shared = Math.min(MOST_SHARED, Math.floor(max / 2))
  const pool = createPool({ ...options, max: max - shared })
  const client = clientOptions(options)
  const reads = new Reads({ client, max: shared, answerTimeout, waitTimeout: connectTimeout, onIdleError })
  return { pool, reads }
}

/**
 * PostgreSQL's planner takes it that the rows of a project are in memory or on an SSD: it then reads them in the order of
 * the index and sorts nothing. (docs/decisions/013)
 */
function clientOptions(options: PoolOptions): pg.ClientConfig {
  return {
    connectionString: options.connectionString,
    connectionTimeoutMillis: options.connectTimeout,
    statement_timeout: options.statementTimeout,
    lock_timeout: options.lockTimeout,
    keepAlive: true,
    application_name: 'neptun-projects-resources',
    options: '-c random_page_cost=1.1',
  }
}
