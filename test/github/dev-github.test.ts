import { spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { OWNER, resources } from '../support/app.js'
import { createDatabase } from '../support/database.js'

const entry = fileURLToPath(new URL('../../dev/run.ts', import.meta.url))

t.test('npm run dev:github starts an emulator of GitHub for live mode and webhooks', async (t) => {
  const env = { ...process.env, DATABASE_URL: await createDatabase(t), PORT: '0', HOST: '127.0.0.1' }
  const child = spawn(process.execPath, ['--import', 'tsx', entry, '--github'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const matchOutput = async (pattern: RegExp) => {
    for (;;) {
      const found = pattern.exec(output)
      if (found) return found[1] ?? ''
      await Promise.race([
        once(child.stdout, 'data'),
        once(child, 'exit').then(() => Promise.reject(new Error(output))),
      ])
    }
  }
  const url = await matchOutput(/Listening on (\S+)/)
  const github = await matchOutput(/emulated GitHub .*?(http:\S+\d)/)
  const secret = await matchOutput(/webhook secret: (\S+)/)

  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(url + resources(path), {
      method,
      headers: { cookie: `neptun-session=${OWNER.token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    // biome-ignore lint/suspicious/noExplicitAny: bodies of several shapes
    return { status: response.status, body: (await response.json()) as any }
  }
  const webhook = async (action: string) => {
    const body = JSON.stringify({ action, installation: { id: 456789, account: { id: 1, login: 'username' } } })
    const signature = createHmac('sha256', secret).update(body).digest('hex')
    const headers = {
      'content-type': 'application/json',
      'x-github-event': 'installation',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${signature}`,
    }
    return (await fetch(`${url}/webhooks/github`, { method: 'POST', headers, body })).status
  }
  const post = async (source_path: string) =>
    (await call('POST', '/imports', { source_type: 'github', source_path })).status

  t.equal(await post('username/repository'), 201)
  t.equal(await post('username/private-repository'), 201)
  t.equal(await post('username/other-repository'), 403)
  t.equal(await post('username/no-such-repository'), 403)

  const preview = (source_path: string) => call('POST', '/imports/preview', { source_type: 'github', source_path })
  t.equal((await preview('username/other-repository')).status, 403, 'a preview checks permission, too')
  t.match((await preview('username/private-repository')).body, { import: {}, duplicates: [Number] })

  t.equal((await call('POST', '/github-installations', { github_installation_id: 123 })).status, 201)
  for (const name of ['first list', 'cached list']) {
    const list = await call('GET', '/github-repositories')
    t.equal(list.status, 200)
    t.match(
      list.body.repositories,
      [
        { full_name: 'username/private-repository', private: true, installation_id: '456789' },
        { full_name: 'username/repository', private: false, installation_id: '456789' },
      ],
      name,
    )
    t.equal(list.body.repositories.length, 2)
  }

  t.equal(await webhook('suspend'), 200)
  t.same(
    (await call('GET', '/imports')).body.imports,
    [],
    'the imports are withheld while the installation is suspended',
  )
  t.equal(await webhook('unsuspend'), 200)
  t.equal((await call('GET', '/imports')).body.imports.length, 3, 'the imports are visible again')

  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  t.equal(code, 0, output)
  for (const address of [url, github]) await t.rejects(fetch(address), 'all servers are stopped')
})
