import pg from 'pg'
import { SharedConnections } from './shared-connections.js'

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
  /** Each for one statement, or transaction, at a time: for whatever may take long. */
  pool: pg.Pool
  /** For statements that only read, by keys, and take milliseconds. */
  reads: SharedConnections
  /** For statements that write, by keys: these wait for each other's locks, and for the disk. */
  writes: SharedConnections
}

/**
 * A pool of connections, each for one statement at a time.
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

/** How many there are of each. Three read as much as one process can ask for. (docs/decisions/014) */
function divide(max: number) {
  const reads = Math.min(3, Math.floor(max / 3))
  const writes = Math.ceil((max - reads) / 2)
  return { reads, writes, pool: max - reads - writes }
}

/**
 * How many statements are sent at once on a shared connection: enough that PostgreSQL finds the next one. The others wait
 * here, for whichever connection has room first.
 */
const DEPTH = 12

/**
 * How many reads one connection is given before another one is woken, as long as it answers at once: to wake a process costs
 * as much as its statement. Writes wait for the disk, together if each has a connection of its own. (docs/decisions/014)
 */
const GATHER = { reads: 4, writes: 1 }

/** The same for a service, which divides its connections. @param options of connections, three at least */
export function openConnections(options: PoolOptions): Connections {
  const { answerTimeout, connectTimeout: waitTimeout, onIdleError } = options
  const max = divide(options.max)
  const shared = { client: clientOptions(options), depth: DEPTH, answerTimeout, waitTimeout, onIdleError }
  return {
    pool: createPool({ ...options, max: max.pool }),
    reads: new SharedConnections({ ...shared, max: max.reads, gather: GATHER.reads, isWriting: false }),
    writes: new SharedConnections({ ...shared, max: max.writes, gather: GATHER.writes, isWriting: true }),
  }
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
