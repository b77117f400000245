import { type Database, openDatabase } from './database.js'

/** Timeouts of interactive commands, which are longer than those of requests. In milliseconds. */
const TIMEOUTS = {
  connectionTimeoutMillis: 10_000,
  query_timeout: 31_000,
  statement_timeout: 30_000,
  lock_timeout: 30_000,
}

/** Opens the database with a pool of one connection, passes it to `use`, and closes it. */
export async function withSingleConnection<T>(url: string, use: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ url, max: 1, ...TIMEOUTS })
  return await use(database).finally(() => database.close())
}
