import { execFile, spawn, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { errorBody, startApp } from './support/app.js'
import { root } from './support/compiled.js'
import { freePort, SERVICE_TOKEN } from './support/service.js'

const run = promisify(execFile)
const NODE_ARGS = ['--import', 'tsx']
const IMPORTS = '/api/users/1/projects/789/resources/imports'
const GITLAB = { source_type: 'gitlab', source_path: 'group/project' }

/** Starts an example server, and waits until it listens. */
async function startExample(t: Test, file: string, env: NodeJS.ProcessEnv): Promise<string> {
  const PORT = await freePort()
  const child = spawn(process.execPath, [...NODE_ARGS, file], { cwd: root, env: { ...process.env, ...env, PORT } })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  t.teardown(async () => {
    child.kill()
    await ended
  })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const collect = (chunk: Buffer) => {
      output += chunk
      if (output.includes('Server listening')) resolve()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('exit', () => reject(new Error(output)))
  })
  return `http://127.0.0.1:${PORT}`
}

t.test('the example of a sign-in service signs a user in, forwards requests, and signs the user out', async (t) => {
  const service = await startApp(t, { SERVICE_TOKENS: SERVICE_TOKEN, TRUST_PROXY: '127.0.0.1' })
  const env = { RESOURCES_URL: service.url, SERVICE_TOKEN }
  const url = await startExample(t, 'examples/sign-in-service.ts', env)
  const post = (path: string, body: object | undefined, headers: Record<string, string> = {}) =>
    fetch(url + path, {
      method: 'POST',
      headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body ? JSON.stringify(body) : null,
    })
  const credentials = { email: 'someone@example.com', password: 'correct horse' }
  t.equal((await post('/sign-in', { ...credentials, password: 'x' })).status, 401)
  t.equal((await service.sql('SELECT FROM users WHERE id = 5001')).length, 0)
  const signedIn = await post('/sign-in', credentials)
  t.same([signedIn.status, await signedIn.json()], [200, { user_id: 5001, project_id: 6001 }])
  const [set = ''] = signedIn.headers.getSetCookie()
  t.match(set, /^neptun-session=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/)
  const cookie = set.split(';')[0] ?? ''
  const imports = '/api/users/5001/projects/6001/resources/imports'
  const created = await post(imports, GITLAB, { cookie, origin: url })
  t.equal(created.status, 201, 'a write with the Origin that a browser would send')
  const evil = await post(imports, GITLAB, { cookie, origin: 'https://evil.example' })
  t.equal(evil.status, 403)
  t.equal((await post('/sign-in', credentials)).status, 200, 'signing in again')
  t.equal((await post('/sign-out', undefined, { cookie })).status, 204)
  t.equal((await fetch(url + imports, { headers: { cookie } })).status, 401)
  t.equal((await service.sql('SELECT FROM sessions WHERE neptun_user_id = 5001 AND revoked_at IS NULL')).length, 1)
  t.equal((await fetch(`${url}/internal/openapi.json`)).status, 404, 'other paths are not forwarded')
})

t.test('the backend for a front end forwards the cookie and the origin', async (t) => {
  const { url: RESOURCES_URL, log } = await startApp(t, { TRUST_PROXY: '127.0.0.1' })
  const url = await startExample(t, 'examples/bff.ts', { RESOURCES_URL })
  const send = (headers: Record<string, string>) =>
    fetch(url + IMPORTS, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(GITLAB),
    })
  const cookie = 'neptun-session=your-session-cookie'
  t.equal(
    (await send({ cookie, origin: url })).status,
    201,
    'Origin is compared with the host that the browser requested',
  )
  t.equal((await send({ cookie, origin: 'https://evil.example' })).status, 403)
  t.equal((await send({ cookie, origin: url, 'sec-fetch-site': 'cross-site' })).status, 403)
  const rejected = await send({ origin: url })
  t.same([rejected.status, await rejected.json()], [401, errorBody(401, 'UNAUTHORIZED', 'Unauthorized')])
  t.match(log.join(''), /"address":"127\.0\.0\.1"/)
})

t.test('the example of a typed client works', async (t) => {
  const { url: RESOURCES_URL } = await startApp(t)
  const env = { ...process.env, RESOURCES_URL }
  const { stdout } = await run(process.execPath, [...NODE_ARGS, 'examples/client.ts'], { cwd: root, env })
  t.equal(stdout, '201 group/project true\n')
})

t.test(
  'the example with curl works',
  { skip: spawnSync('curl', ['--version']).status !== 0 && 'curl is not installed here' },
  async (t) => {
    const { url: RESOURCES_URL, sql } = await startApp(t)
    const env = { ...process.env, RESOURCES_URL }
    const { stdout } = await run('sh', ['examples/client.sh'], { cwd: root, env })
    const [created = '', listed = '', status] = stdout.trim().split('\n')
    t.match(JSON.parse(created), { import: GITLAB })
    t.same(JSON.parse(listed), { imports: [JSON.parse(created).import] })
    t.equal(status, '204')
    t.equal((await sql('SELECT FROM imports')).length, 0)
    const rejected = await run('sh', ['examples/client.sh'], {
      cwd: root,
      env: { ...env, TOKEN: 'no-session-at-all-0' },
    }).catch(({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }))
    t.match(rejected, { code: 22 }, 'exit code of curl for an error response')
  },
)

const hasHttpx = spawnSync('python3', ['-c', 'import httpx']).status === 0

t.test('the example in Python works', { skip: !hasHttpx && 'Python with httpx is not installed here' }, async (t) => {
  const { url: RESOURCES_URL, sql } = await startApp(t)
  await sql(`INSERT INTO imports (source_type, source_path, project_id, neptun_user_id)
    SELECT 'local', 'folder ' || n, 789, 1 FROM generate_series(1, 149) AS n`)
  const { stdout } = await run('python3', ['examples/client.py'], { cwd: root, env: { ...process.env, RESOURCES_URL } })
  t.equal(stdout, '201 group/project\nimports: 150\n')
})

t.test('the documentation contains the examples unchanged', async (t) => {
  const page = await readFile(new URL('../docs/clients.md', import.meta.url), 'utf8')
  for (const name of ['client.ts', 'client.sh', 'client.py', 'bff.ts']) {
    t.ok(page.includes(await readFile(new URL(`../examples/${name}`, import.meta.url), 'utf8')), name)
  }
  const integration = await readFile(new URL('../docs/integration.md', import.meta.url), 'utf8')
  t.ok(integration.includes(await readFile(new URL('../examples/sign-in-service.ts', import.meta.url), 'utf8')))
})
