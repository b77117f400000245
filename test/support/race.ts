import type { Test } from 'tap'
import { type AppResponse, type TestApp, until } from './app.js'
import { holdTransaction, LOCK_WAITS } from './database.js'

/**
 * Sends two requests that write the same row, and delays both writes until each request has read the row.
 *
 * @param statement locks the row
 */
export async function race(
  t: Test,
  { databaseUrl, sql }: TestApp,
  statement: string,
  requests: [() => Promise<AppResponse>, () => Promise<AppResponse>],
): Promise<AppResponse[]> {
  const release = await holdTransaction(t, databaseUrl, statement)
  const responses = requests.map((send) => send())
  await until(async () => (await sql(LOCK_WAITS)).length === 2, 'both requests wait for the lock')
  await release()
  return await Promise.all(responses)
}
