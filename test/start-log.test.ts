import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
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
