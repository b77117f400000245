import pg from 'pg'

/**
 * Connection settings that the service uses too. A trigger reads `neptun.max_project_bytes`; no load reaches this
 * limit. `random_page_cost` makes PostgreSQL read a project's rows in index order.
 */
const OPTIONS = '-c neptun.max_project_bytes=1000000000 -c random_page_cost=1.1'

/** Opens the pool of a peer. Every peer has as many connections as the service. */
export function openPool(config: pg.PoolConfig = {}): pg.Pool {
  const { DATABASE_URL: connectionString, DATABASE_POOL_SIZE: size } = process.env
  return new pg.Pool({ ...config, connectionString, max: Number(size), options: OPTIONS })
}

/** Opens the pool of an equipped peer, with the service's timeouts. */
export function openProductionPool(onIdleError: (error: Error) => void): pg.Pool {
  const pool = openPool({
    connectionTimeoutMillis: 10_000,
    query_timeout: 1000,
    statement_timeout: 10_000,
    lock_timeout: 500,
    keepAlive: true,
  })
  pool.on('error', onIdleError)
  return pool
}
