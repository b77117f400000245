import { createServer } from 'node:http'
import t from 'tap'
import { errorBody, OWNER, resources, startApp } from '../support/app.js'
import { appSettings, startGithubStub } from '../support/github-stub.js'
import { exchange } from '../support/raw.js'
import { freePort } from '../support/service.js'

const IMPORTS = resources('/imports')

t.test('metrics are served on a separate port, and contain no user data', async (t) => {
  const github = await startGithubStub(t)
  const METRICS_PORT = await freePort()
  const { call, url } = await startApp(t, { METRICS_PORT, ...appSettings(github.url) })
  await call('GET', IMPORTS)
  await call('GET', IMPORTS, { token: null })
  await call('GET', `${IMPORTS}/77`)
  await call('GET', '/nowhere/secret-4711')
  await call('POST', IMPORTS, { body: { source_type: 'github', source_path: 'username/repository' } })
  github.handlers.find = (_, reply) =>
    reply.code(403).header('x-ratelimit-remaining', '0').header('x-ratelimit-resource', 'core').send({})
  await call('POST', IMPORTS, { body: { source_type: 'github', source_path: 'username/another' } })

  await exchange({ url }, 'nonsense\r\n\r\n')

  const response = await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics?x`)
  const text = await response.text()
  t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  const route = '/api/users/:user_id/projects/:project_id/resources/imports'
  for (const line of [
    `http_request_duration_seconds_count{method="GET",route="${route}",status="200",code=""} 1`,
    `http_request_duration_seconds_count{method="GET",route="${route}",status="401",code="UNAUTHORIZED"} 1`,
    `http_request_duration_seconds_count{method="GET",route="${route}/:import_id",status="404",code="IMPORT_NOT_FOUND"} 1`,
    'http_request_duration_seconds_count{method="GET",route="unknown",status="404",code="ROUTE_NOT_FOUND"} 1',
    'database_pool_connections{state="idle"} 1',
    'database_pool_connections{state="busy"} 0',
    'database_pool_max_connections 10',
    'database_pool_waiting_queries 0',
    'http_requests_in_flight 0',
    'http_refusals_total{reason="HPE_INVALID_METHOD"} 1',
    `neptun_build_info{version="0.1.0",node_version="${process.version}"} 1`,
    'github_requests_total{outcome="ok"} 3',
    'github_requests_total{outcome="rate_limited"} 1',
    'github_rate_limit_remaining{resource="core"} 0',
  ]) {
    t.ok(text.includes(`${line}\n`), line)
  }
  t.match(text, /^database_pool_wait_seconds_count [1-9]/m)
  t.match(text, /^nodejs_eventloop_lag_seconds /m)
  t.match(text, /^process_resident_memory_bytes /m)
  for (const secret of ['4711', 'imports/77', OWNER.token, 'username/'])
    t.notOk(text.includes(secret), `the metrics do not contain ${secret}`)

  t.equal((await fetch(`http://127.0.0.1:${METRICS_PORT}/`)).status, 404)
  const other = await call('GET', '/metrics')
  t.same([other.status, other.body], [404, errorBody(404, 'ROUTE_NOT_FOUND', 'Route not found')])
})

t.test('a metrics port that is in use is reported with its variable', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  t.teardown(() => other.close())
  const { port } = other.address() as { port: number }
  await t.rejects(startApp(t, { METRICS_PORT: `${port}` }), {
    message: 'METRICS_PORT: cannot listen on this port (EADDRINUSE)',
  })
})
