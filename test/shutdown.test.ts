import { once } from 'node:events'
import { Agent, get } from 'node:http'
import pg from 'pg'
import t from 'tap'
import { OWNER, resources, startApp, until } from './support/app.js'

t.test('a request in flight is answered, and its connection does not hold the end back', async (t) => {
  const { app, url, sql, databaseUrl } = await startApp(t)
  const locker = new pg.Client({ connectionString: databaseUrl })
  await locker.connect()
  await locker.query('BEGIN')
  await locker.query('LOCK TABLE imports')

  const agent = new Agent({ keepAlive: true })
  const headers = { cookie: `neptun-session=${OWNER.token}` }
  const request = get(url + resources('/imports'), { agent, headers })
  const answered = once(request, 'response')
  const isWaiting = async () =>
    (await sql(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)).length >
    0
  await until(isWaiting, 'the request waits for the lock')

  const closed = app.close()
  await until(() => !app.server.listening, 'nobody is let in any more')
  await locker.query('COMMIT')
  await locker.end()
  const [response] = await answered
  t.equal(response.statusCode, 200)
  t.equal(response.headers.connection, 'close')
  response.resume()
  await closed
  t.equal(app.pool.totalCount, 0, 'and the pool has ended')
  agent.destroy()
})
