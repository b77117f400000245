import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { withClient } from '../../src/database/database.js'
import { createSession, OWNER, resources, type TestApp, until } from '../support/app.js'
import { compiled } from '../support/compiled.js'
import { createDatabase } from '../support/database.js'

const IMPORTS = resources('/imports')

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts the service as a process, like in production, with its log written to `stdout`. */
async function start(t: Test, stdout: number | 'pipe') {
  const databaseUrl = await createDatabase(t)
  await withClient(databaseUrl, async (client) => {
    await client.query(`INSERT INTO users (id, email) VALUES (1, 'owner@example.com')`)
    await client.query(`INSERT INTO projects (id, name, neptun_user_id) VALUES (789, 'first', 1)`)
    const sql = async (text: string, values: unknown[] = []) => (await client.query(text, values)).rows
    await createSession(sql as TestApp['sql'], OWNER.userId, { token: OWNER.token })
  })
  const metricsPort = await freePort()
  const child = spawn(process.execPath, [compiled('src/server.ts')], {
    cwd: t.testdir(),
    env: {
      DATABASE_URL: databaseUrl,
      PORT: '0',
      METRICS_PORT: String(metricsPort),
      SHUTDOWN_DELAY: '1',
      RATE_LIMIT_SESSION: '1000000',
      DATABASE_CONNECT_TIMEOUT: '15000',
      DATABASE_ANSWER_TIMEOUT: '15000',
      MAX_EVENT_LOOP_DELAY: '60000',
    },
    stdio: ['ignore', stdout, 'inherit', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const [{ address }] = await once(child, 'message')
  const list = async () => {
    const headers = { cookie: `neptun-session=${OWNER.token}`, 'x-request-id': 'r'.repeat(128) }
    const response = await fetch(address + IMPORTS, { headers })
    await response.arrayBuffer()
    return response.status
  }
  const lostLines = async () => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    return Number(/^log_lines_lost_total (\d+)$/m.exec(text)?.[1])
  }
  return { child, exited, list, lostLines }
}

const NEEDS_FULL = { skip: existsSync('/dev/full') ? false : '/dev/full does not exist here' }

t.test(
  'with a full log disk, log lines are lost and counted, requests succeed, and the shutdown is not blocked',
  NEEDS_FULL,
  async (t) => {
    const { child, exited, list, lostLines } = await start(t, openSync('/dev/full', 'w'))
    for (let number = 0; number < 20; number += 1) t.equal(await list(), 200)
    await until(async () => (await lostLines()) >= 20, 'lost lines are counted')
    child.kill('SIGTERM')
    t.strictSame(await exited, [0, null])
  },
)

t.test('a log pipe that is not read blocks neither requests nor the shutdown', async (t) => {
  const { child, exited, list } = await start(t, 'pipe')
  child.stdout?.pause()
  const statuses = new Set<number>()
  for (let round = 0; round < 250; round += 1) {
    for (const status of await Promise.all(Array.from({ length: 8 }, list))) statuses.add(status)
  }
  t.strictSame([...statuses], [200])
  child.kill('SIGTERM')
  t.strictSame(await exited, [0, null])
})
