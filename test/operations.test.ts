import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { findFreePort } from '../dev/port.js'
import { compiled, root } from './support/compiled.js'
import { createDatabase } from './support/database.js'

const promtool = (args: string[], input = '') =>
  spawnSync('promtool', args, { cwd: root, input, encoding: 'utf8', timeout: 60_000 })

const skip = promtool(['--version']).status !== 0 && 'promtool is not installed here'

/** Starts the service like in production, sends a few requests, and returns its metrics. */
async function scrape(t: Test): Promise<string> {
  const metricsPort = await findFreePort()
  const child = spawn(process.execPath, [compiled('src/server.ts')], {
    cwd: t.testdir(),
    env: {
      DATABASE_URL: await createDatabase(t),
      PORT: '0',
      METRICS_PORT: `${metricsPort}`,
      REDIS_URL: 'redis://127.0.0.1:1',
      DATABASE_CONNECT_TIMEOUT: '15000',
      DATABASE_ANSWER_TIMEOUT: '15000',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  t.teardown(async () => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  })
  const [{ address }] = await once(child, 'message')
  const paths = ['/health/ready', '/nowhere', '/api/users/1/projects/1/resources/imports']
  for (const path of paths) await (await fetch(address + path)).arrayBuffer()
  return await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
}

/** Matches the names of this service's metrics in a Prometheus query. */
const METRIC = /\b(?:database|github|http|log|neptun|nodejs|process|redis|session)_[a-z0-9_]+/g

t.test('metrics pass promtool, and alerts and the dashboard use only existing metrics', async (t) => {
  const text = await scrape(t)
  if (!skip) t.match(promtool(['check', 'metrics'], text), { status: 0, stdout: '', stderr: '' })
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
  const [alerts, dashboard] = await Promise.all(
    ['alerts.yml', 'dashboard.json'].map((name) => readFile(`${root}/docs/operations/${name}`, 'utf8')),
  )
  const queries = [
    ...[...(alerts ?? '').matchAll(/expr: (?:\|\n((?: {10,}.*\n)+)|(.*))/g)].map(
      ([, long, short]) => long ?? short ?? '',
    ),
    ...JSON.parse(dashboard ?? '').panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
      targets.map(({ expr }) => expr),
    ),
  ]
  const expressions = `${alerts}${dashboard}`.match(/\bexpr\b"?:/g)
  t.equal(queries.length, expressions?.length, 'every query is checked')
  for (const query of queries) {
    for (const [name] of query.matchAll(METRIC)) {
      const base = name.replace(/_(bucket|count|sum)$/, '')
      t.ok(types.get(base) === 'histogram' || types.has(name), name)
    }
  }
})

t.test('the alerting rules are valid and pass their promtool tests', { skip }, async (t) => {
  t.match(promtool(['check', 'rules', 'docs/operations/alerts.yml']), { status: 0, stderr: '' })
  t.match(promtool(['test', 'rules', 'docs/operations/alerts.test.yml']), { status: 0, stdout: /SUCCESS/ })
})
