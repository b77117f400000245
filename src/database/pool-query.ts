import pg from 'pg'
import { isStale } from './errors.js'

const ignore = () => {}

/**
 * Returns a view of a pool whose connections survive statements that fail, such as one that violates a constraint. The pool's
 * own `query` closes the connection, and the next request pays for another one: with a login, 20 times the statement itself.
 *
 * @param onWait called with the time that a query or transaction waited for its connection, in milliseconds
 */
export function keepConnections(pool: pg.Pool, onWait: (milliseconds: number) => void): pg.Pool {
  // A connection that is lost fails its query; without a listener the event would also end the process.
  pool.on('connect', (client) => client.on('error', ignore))
  const connect = async () => {
    const begun = performance.now()
    const client = await pool.connect()
    onWait(performance.now() - begun)
    return client
  }
  // With callbacks: each promise in between would cost every request.
  const query = (config: pg.QueryConfig, values?: unknown[]) =>
    new Promise<pg.QueryResult>((resolve, reject) => {
      const begun = performance.now()
      pool.connect((unreachable, client, release) => {
        if (unreachable || !client) return reject(unreachable)
        onWait(performance.now() - begun)
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
      // The pool itself must run its methods: it assigns to its own properties.
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Whether a connection can be used again after a statement that failed. */
const isUsable = (error: Error) => error instanceof pg.DatabaseError && error.severity === 'ERROR' && !isStale(error)
