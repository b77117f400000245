import type pg from 'pg'
import type { Runner } from './shared-connections.js'

/** How much longer than PostgreSQL's own limit the client waits for a large answer, in milliseconds. */
const GRACE = 200

const ALIVE = { name: 'alive', text: 'SELECT 1' }

/**
 * Runs a statement whose answer may be large, and so takes longer than PostgreSQL may otherwise be silent. It is given up
 * only if PostgreSQL does not answer a question beside it either, or at the limit of a statement.
 */
export function queryLarge<Row extends pg.QueryResultRow>(
  { pool, reads }: { pool: pg.Pool; reads: Runner },
  query: pg.QueryConfig,
): Promise<pg.QueryResult<Row>> {
  const { query_timeout: silence = 0, statement_timeout: limit = 0 } = pool.options
  // What `pg` knows of a query, and its types do not.
  const large = { ...query, query_timeout: Number(limit) + GRACE }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => void reads.query(ALIVE).catch(reject), silence)
    pool
      .query<Row>(large)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
