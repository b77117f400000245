import pg from 'pg'
import { isStale } from './errors.js'

const ignore = () => {}

/**
 * Wraps a pool so that a failed statement, such as a constraint violation, does not close the connection. The pool's
 * own `query` would close it, and opening a connection takes 20 times as long as a statement.
 *
 * @param onWait called with the time that a query or transaction waited for a connection, in milliseconds
 */
export function keepConnections(pool: pg.Pool, onWait: (milliseconds: number) => void): pg.Pool {
  // A lost connection rejects its query. Without a listener, the error event would also terminate the process.
  pool.on('connect', (client) => client.on('error', ignore))
  const connect = async () => {
    const startedAt = performance.now()
    const client = await pool.connect()
    onWait(performance.now() - startedAt)
    return client
  }
  // Hot path: callbacks are cheaper than promises.
  const query = (config: pg.QueryConfig, values?: unknown[]) =>
    new Promise<pg.QueryResult>((resolve, reject) => {
      const startedAt = performance.now()
      pool.connect((connectError, client, release) => {
        if (connectError || !client) return reject(connectError)
        onWait(performance.now() - startedAt)
        client.query(values ? { ...config, values } : config, (error: Error | null, result) => {
          release(error && !isUsable(error) ? error : undefined)
          if (error) reject(error)
          else resolve(result)
        })
      })
    })
  return new Proxy(pool, {
    get(target, name) {
      if (name === 'query') return query
      if (name === 'connect') return connect
      const value = Reflect.get(target, name)
      // Bound to the pool, because its methods assign to its properties.
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Opens all connections of a pool. Rejects if one of them cannot be opened. */
export async function openConnections(pool: pg.Pool): Promise<void> {
  const open = async () => (await pool.connect()).release()
  await Promise.all(Array.from({ length: pool.options.max }, open))
}

/** Whether a connection can be reused after a failed statement. */
const isUsable = (error: Error) => error instanceof pg.DatabaseError && error.severity === 'ERROR' && !isStale(error)
