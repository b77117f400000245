import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { demo } from '../src/demo-data.js'
import { root } from './support/compiled.js'
import { createDatabase } from './support/database.js'
import { privateKey } from './support/github-stub.js'
import { freePort, SERVICE_TOKEN } from './support/service.js'
import { deliver, SECRET } from './support/webhook.js'

const run = promisify(execFile)

/** Packages that are not bundled (scripts/build.mjs). */
const PACKAGES = ['pg', 'ioredis', 'prom-client', '@fastify/swagger-ui']

/** Builds the service into a folder, and adds only the files and packages that the service needs at run time. */
async function deploy(t: Test): Promise<string> {
  const folder = t.testdir({ prisma: {}, node_modules: { '@fastify': {} } })
  await run(process.execPath, [join(root, 'scripts/build.mjs'), join(folder, 'dist')])
  for (const path of ['package.json', 'prisma/migrations']) {
    await cp(join(root, path), join(folder, path), { recursive: true })
  }
  for (const name of PACKAGES.map((name) => `node_modules/${name}`)) {
    await symlink(join(root, name), join(folder, name), 'junction')
  }
  return folder
}

t.test('the production build contains the service and the command line', async (t) => {
  const folder = await deploy(t)
  const DATABASE_URL = await createDatabase(t, { migrated: false })
  const cli = async (...args: string[]) => {
    const env = { DATABASE_URL, NODE_ENV: 'development' }
    return (await run(process.execPath, ['dist/cli.js', ...args], { cwd: folder, env })).stdout
  }
  await cli('migrate')
  t.equal(await cli('migrate', '--check'), 'no pending migrations\n')
  t.match(await cli('demo'), demo.user.token)

  // Enables every part that is loaded on demand. Redis and GitHub are unreachable.
  const METRICS_PORT = await freePort()
  const env = {
    DATABASE_URL,
    METRICS_PORT,
    NODE_ENV: 'production',
    PORT: '0',
    API_DOCS: 'true',
    SERVICE_TOKENS: SERVICE_TOKEN,
    REDIS_URL: 'redis://127.0.0.1:1',
    GITHUB_API_URL: 'http://127.0.0.1:1',
    GITHUB_APP_ID: '1',
    GITHUB_APP_PRIVATE_KEY: privateKey,
    GITHUB_WEBHOOK_SECRET: SECRET,
  }
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const
  const child = spawn(process.execPath, ['dist/server.js'], { cwd: folder, env, stdio: [...stdio] })
  t.teardown(() => child.kill('SIGKILL'))
  const [{ address }] = await once(child, 'message')
  const call = async (path: string, { method = 'GET', body }: { method?: string; body?: object } = {}) => {
    const headers = { cookie: `neptun-session=${demo.user.token}`, 'content-type': 'application/json' }
    const authorization = path.startsWith('/internal') ? { authorization: `Bearer ${SERVICE_TOKEN}` } : {}
    const response = await fetch(new URL(path, address), {
      method,
      headers: { ...headers, ...authorization },
      ...(body && { body: JSON.stringify(body) }),
    })
    return `${response.status} ${(await response.text()).slice(0, 400)}`
  }
  const imports = `/api/users/${demo.user.id}/projects/${demo.user.projectId}/resources/imports`
  t.match(await call('/health/ready'), /^200/)
  t.match(
    await call(imports, { method: 'POST', body: { source_type: 'url', source_path: 'https://example.com' } }),
    /^201/,
  )
  t.match(
    await call(imports, { method: 'POST', body: { source_type: 'github', source_path: 'owner/repo' } }),
    /^503.*GITHUB_UNAVAILABLE/,
  )
  t.match(await call(`${imports}?limit=1`), /^200/)
  t.match(await call('/internal/v1/users/1/sessions'), /^200/)
  const delivery = await deliver({ url: new URL(address).origin }, 'installation', {
    action: 'suspend',
    installation: { id: 1 },
  })
  t.equal(delivery.status, 200)
  t.match(await call('/openapi.json'), /^200/)
  t.match(await call('/docs/'), /^200.*<!DOCTYPE html>/s)
  t.match(await call('/docs/static/swagger-ui.css'), /^200/)
  t.match(await call(`http://127.0.0.1:${METRICS_PORT}/metrics`), /^200/)
  child.kill('SIGTERM')
  t.strictSame(await once(child, 'exit'), [0, null])
})
