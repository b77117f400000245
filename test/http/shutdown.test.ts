import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { withClient } from '../../src/database/database.js'
import { createSession, errorBody, OWNER, resources, startApp, type TestApp, until } from '../support/app.js'
import { compiled } from '../support/compiled.js'
import { createDatabase, holdTransaction } from '../support/database.js'
import { startProxy } from '../support/proxy.js'

const IMPORTS = resources('/imports')

t.test('a request in progress gets its response, and its connection does not block the shutdown', async (t) => {
  const { app, database, url, sql, databaseUrl } = await startApp(t)
  const release = await holdTransaction(t, databaseUrl, 'LOCK TABLE imports')

  const agent = new Agent({ keepAlive: true })
  const headers = { cookie: `neptun-session=${OWNER.token}` }
  const request = get(url + IMPORTS, { agent, headers })
  const responded = once(request, 'response')
  const isWaiting = async () =>
    (await sql(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)).length >
    0
  await until(isWaiting, 'the request waits for the lock')

  const closed = app.close()
  await until(() => !app.server.listening, 'the port is closed')
  await release()
  const [response] = await responded
  t.equal(response.statusCode, 200)
  t.equal(response.headers.connection, 'close')
  response.resume()
  await closed
  t.equal(database.pool.totalCount, 0, 'the pool is closed')
  agent.destroy()
})

t.test(
  'while draining, the service is not ready but serves requests; after the port is closed, responses close connections',
  async (t) => {
    const { app, call, url } = await startApp(t)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const headers = { cookie: `neptun-session=${OWNER.token}` }
    const list = async () => {
      const [{ statusCode, headers: received }] = await once(
        get(url + IMPORTS, { agent, headers }).on('response', (response) => response.resume()),
        'response',
      )
      return [statusCode, received.connection]
    }
    const drained = app.drain(3000)
    const ready = await call('GET', '/health/ready', { token: null })
    t.strictSame([ready.status, ready.headers.get('retry-after')], [503, '1'])
    t.strictSame(ready.body, errorBody(503, 'SHUTTING_DOWN', 'The service is shutting down'))
    const { status } = await call('POST', IMPORTS, { body: { source_type: 'local', source_path: '/srv/app' } })
    t.equal(status, 201, 'other requests are served')
    t.strictSame(await list(), [200, 'keep-alive'])
    await until(() => !app.server.listening, 'the port is closed')
    t.strictSame(await list(), [200, 'close'], 'a response over the idle connection closes it')
    agent.destroy()
    await drained
  },
)

t.test('a connection on which nothing was ever sent does not block the shutdown', async (t) => {
  const { app } = await startApp(t)
  const { port } = app.server.address() as { port: number }
  const silent = connect(port, '127.0.0.1')
  await once(app.server, 'connection')
  const ended = once(silent.resume(), 'close')
  await app.close()
  t.strictSame(await ended, [false], 'the connection is closed without an error')
})

/** Starts the service as a process, with a request that never ends because its body does not arrive. */
async function startBusy(t: Test, variables: Record<string, string>) {
  const databaseUrl = await createDatabase(t)
  await withClient(databaseUrl, async (client) => {
    await client.query(`INSERT INTO users (id, email) VALUES (1, 'owner@example.com')`)
    const sql = async (text: string, values: unknown[] = []) => (await client.query(text, values)).rows
    await createSession(sql as TestApp['sql'], OWNER.userId, { token: OWNER.token })
  })
  const child = spawn(process.execPath, [compiled('src/server.ts')], {
    cwd: t.testdir(),
    env: { DATABASE_URL: databaseUrl, PORT: '0', ...variables },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const [{ address }] = await once(child, 'message')
  const socket = connect(Number(new URL(address).port), '127.0.0.1')
  socket.on('error', () => {})
  const head = `POST ${IMPORTS} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n`
  socket.write(`${head}Cookie: neptun-session=${OWNER.token}\r\n\r\n`)
  await once(socket, 'data')
  return { child, address: address as string, ended }
}

async function terminate(child: ChildProcess, address: string) {
  child.kill('SIGTERM')
  await until(async () => (await fetch(`${address}/health/ready`)).status === 503, 'the service is shutting down')
}

t.test('a second signal ends the process immediately', async (t) => {
  const { child, address, ended } = await startBusy(t, { SHUTDOWN_TIMEOUT: '600000', SHUTDOWN_DELAY: '300000' })
  await terminate(child, address)
  child.kill('SIGTERM')
  t.strictSame(await ended, [1, null])
})

t.test('a request that never ends delays the shutdown by at most SHUTDOWN_TIMEOUT', async (t) => {
  const { child, address, ended } = await startBusy(t, { SHUTDOWN_TIMEOUT: '1000' })
  await terminate(child, address)
  t.strictSame(await ended, [1, null])
})

t.test('an unresponsive PostgreSQL does not block the shutdown', async (t) => {
  const proxy = await startProxy(t, await createDatabase(t))
  const child = spawn(process.execPath, [compiled('src/server.ts')], {
    cwd: t.testdir(),
    env: { DATABASE_URL: proxy.url, PORT: '0', SHUTDOWN_DELAY: '1', DATABASE_ANSWER_TIMEOUT: '1000' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const [{ address }] = await once(child, 'message')
  t.equal((await fetch(`${address}/health/ready`)).status, 200)
  await proxy.become('hang')
  const waiting = fetch(`${address}/health/ready`)
  await once(child.stdout as Readable, 'data')
  child.kill('SIGTERM')
  t.strictSame(await ended, [0, null])
  t.equal((await waiting).status, 503)
})
