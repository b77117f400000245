import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { withClient } from '../src/database/database.js'
import { until } from './support/app.js'
import { compiled } from './support/compiled.js'
import { createDatabase } from './support/database.js'

/** Emits a warning like those of Node.js for a deprecated function. */
const WARN = `process.once('message', () => process.emitWarning('a deprecated function', { type: 'DeprecationWarning', code: 'DEP1' }))`

t.test('all output of the service is JSON, including warnings and unknown variables', async (t) => {
  const folder = t.testdir({ 'warn.mjs': WARN })
  const flags = ['--no-warnings', '--import', join(folder, 'warn.mjs')]
  const child = spawn(process.execPath, [...flags, compiled('src/server.ts')], {
    cwd: folder,
    env: {
      DATABASE_URL: await createDatabase(t),
      PORT: '0',
      NODE_ENV: 'test',
      DATABASE_POOLSIZE: '77777',
      SHUTDOWN_DELAYS: 'pa55word',
      RATE_LIMIT_EVERYTHING: 'pa55word',
      DATABASE_CONNECT_TIMEOUT: '15000',
      DATABASE_ANSWER_TIMEOUT: '15000',
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  const closed = once(child, 'close')
  await once(child, 'message')
  child.send('warn')
  await until(() => output.includes('a deprecated function'), 'the warning is logged')
  child.kill('SIGTERM')
  t.same(await closed, [0, null])
  const lines = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.same(
    lines.filter(({ level }) => level === 40).map(({ msg, reason }) => [msg, reason]),
    [
      ['DATABASE_POOLSIZE is not a variable of this service: did you mean DATABASE_POOL_SIZE?', undefined],
      ['SHUTDOWN_DELAYS is not a variable of this service: did you mean SHUTDOWN_DELAY?', undefined],
      ['RATE_LIMIT_EVERYTHING is not a variable of this service', undefined],
      ['a deprecated function', 'DeprecationWarning'],
    ],
  )
  t.match(lines.at(-1), { level: 30, msg: 'shutting down', reason: 'SIGTERM' })
  t.notMatch(output, /pa55word|77777/)
})

/** Starts the service as a separate process. */
async function start(t: Test, DATABASE_URL: string) {
  const child = spawn(process.execPath, ['--no-warnings', compiled('src/server.ts')], {
    cwd: t.testdir(),
    env: { DATABASE_URL, DATABASE_POOL_SIZE: '4', PORT: '0', NODE_ENV: 'test' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const service = { log: '', address: '' }
  child.stdout?.on('data', (chunk) => (service.log += chunk))
  const [message] = await once(child, 'message')
  return Object.assign(service, message as { address: string })
}

/** Sends a request that uses a connection of the pool. */
const isServed = async ({ address }: { address: string }) => {
  const headers = { cookie: `neptun-session=${'x'.repeat(43)}` }
  const response = await fetch(`${address}/api/users/1/projects/1/resources/imports`, { headers })
  return response.status === 401
}

const CONNECTIONS = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'neptun-projects-resources' ORDER BY pid`

t.test('after the start, all connections of the pool are opened, and they stay open', async (t) => {
  const url = await createDatabase(t)
  const service = await start(t, url)
  await withClient(url, async (client) => {
    const list = async () => (await client.query(CONNECTIONS)).rows
    await until(async () => (await list()).length === 4, 'four connections are open')
    const opened = await list()
    // Longer than the default idle timeout of pg-pool.
    await sleep(11_000)
    t.strictSame(await list(), opened)
    t.ok(await isServed(service))
  })
})

t.test('if the server rejects some of the connections, the service logs it and continues', async (t) => {
  const url = await createDatabase(t)
  const role = `limited_${new URL(url).pathname.slice(1)}`
  await withClient(url, (client) =>
    client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'limited' CONNECTION LIMIT 3;
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`),
  )
  t.teardown(() => withClient(url, (client) => client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
  const service = await start(t, Object.assign(new URL(url), { username: role, password: 'limited' }).href)
  await until(() => service.log.includes('not all connections of the pool are open'), 'it is logged')
  t.match(service.log, 'too many connections for role')
  t.ok(await isServed(service))
  // One of the three is that of the readiness check. The limit also counts connections that were closed a moment ago, so
  // the pool can have fewer than two.
  const { rows } = await withClient(url, (client) => client.query(CONNECTIONS))
  t.ok(rows.length <= 2, `${rows.length} connections`)
  t.equal((await fetch(`${service.address}/health/ready`)).status, 200)
})
