import { createEmulator } from 'emulate'
import t, { type Test } from 'tap'
import { githubAccessDenied, installationNotConfirmed } from '../../src/github/permission.js'
import { Import } from '../../src/projects-resources/imports/schemas.js'
import { resources, startApp } from '../support/app.js'
import { appSettings, privateKey } from '../support/github-stub.js'

const imports = resources('/imports')
const installations = resources('/github-installations')

/**
 * Starts the service in live mode with an emulator of GitHub. The App is installed on `username` for selected
 * repositories, and on `acme` for all.
 */
async function start(t: Test) {
  const github = await createEmulator({
    service: 'github',
    port: 0,
    seed: {
      github: {
        users: [{ login: 'username' }, { login: 'somebody' }],
        orgs: [{ login: 'acme' }],
        repos: [
          { owner: 'username', name: 'Granted', private: true },
          { owner: 'username', name: 'public', private: false },
          { owner: 'username', name: 'not-granted', private: true },
          { owner: 'username', name: 'public-not-granted' },
          { owner: 'somebody', name: 'public' },
          { owner: 'somebody', name: 'private', private: true },
          { owner: 'acme', name: 'any', private: true },
        ],
        apps: [
          {
            app_id: 1234,
            slug: 'neptun',
            name: 'Neptun',
            private_key: privateKey,
            permissions: { metadata: 'read', contents: 'read' },
            installations: [
              {
                installation_id: 456789,
                account: 'username',
                repository_selection: 'selected',
                repositories: ['username/Granted', 'username/public'],
              },
              { installation_id: 456790, account: 'acme', repository_selection: 'all' },
            ],
          },
        ],
      },
    },
  })
  t.teardown(() => github.close())
  const service = await startApp(t, appSettings(github.url))
  await service.sql(`UPDATE github_installations SET repository_selection = 'selected'`)
  const response = await fetch(`${github.url}/users/username`)
  const account = (await response.json()) as { id: number; avatar_url: string }
  return { ...service, github, account }
}

const post = (path: string) => ({ body: { source_type: 'github', source_path: path } })

t.test("a repository that one of the user's installations has access to can be imported", async (t) => {
  const { call, github } = await start(t)
  for (const path of ['username/Granted', 'username/public', 'username/Granted', 'username/public']) {
    const response = await call('POST', imports, post(path))
    t.equal(response.status, 201)
    t.equal(response.body.import.source_path, path)
    const stored = await call('GET', `${imports}/${response.body.import.id}`)
    t.equal(response.text, stored.text, 'the response is the stored row')
  }
  const response = await fetch(`${github.url}/_emulate/installation-tokens`)
  const { installation_tokens: tokens } = (await response.json()) as {
    installation_tokens: { permissions: unknown; repository_selection: string }[]
  }
  t.equal(tokens.length, 2, 'one token per repository')
  for (const { permissions, repository_selection } of tokens) {
    t.same([permissions, repository_selection], [{ metadata: 'read', contents: 'read' }, 'selected'])
  }
})

t.test('a create with an Idempotency-Key, its replay and a later read have the same body', async (t) => {
  const { call } = await start(t)
  const keyed = { ...post('username/Granted'), headers: { 'idempotency-key': 'a' } }
  const created = await call('POST', imports, keyed)
  t.strictSame(Object.keys(created.body.import), Object.keys(Import.properties))
  t.equal((await call('POST', imports, keyed)).text, created.text)
  t.equal((await call('GET', `${imports}/${created.body.import.id}`)).text, created.text)
})

t.test('an import of any inaccessible repository is the same 403, and nothing is stored', async (t) => {
  const { call, sql } = await start(t)
  const paths = [
    'username/not-granted',
    'username/public-not-granted',
    'username/unknown',
    'somebody/public',
    'somebody/private',
    'nobody/nothing',
    'acme/any',
  ]
  for (const path of paths) {
    const response = await call('POST', imports, post(path))
    t.equal(response.status, 403, path)
    t.same(response.body, githubAccessDenied(path).toBody())
  }
  t.same(await sql('SELECT FROM imports'), [])
})

t.test('changing the path of an import requires access to the new repository', async (t) => {
  const { call, sql } = await start(t)
  const { body } = await call('POST', imports, post('username/Granted'))
  const one = `${imports}/${body.import.id}`
  const refused = await call('PUT', one, { body: { source_path: 'username/not-granted' } })
  t.same([refused.status, refused.body], [403, githubAccessDenied('username/not-granted').toBody()])
  const moved = await call('PUT', one, { body: { source_path: 'username/public', title: 'moved' } })
  t.equal(moved.status, 200)
  t.match(moved.body.import, { source_path: 'username/public', title: 'moved' })
  t.same(await sql('SELECT source_path FROM imports'), [{ source_path: 'username/public' }])
})

t.test("an installation is recorded with GitHub's data about its account", async (t) => {
  const { call, sql, account } = await start(t)
  const claim = { installation_id: 456789, account_name: 'username', repository_selection: 'selected' }
  await sql('DELETE FROM github_installations')
  const forged = { github_account_id: '1', github_account_name: 'forged' }
  for (const { status, ...own } of [
    { id: String(account.id), name: 'an-old-name', status: 201 },
    { id: null, name: 'UserName', status: 200 },
  ]) {
    await sql('UPDATE users SET github_account_id = $1, github_account_name = $2 WHERE id = 1', [own.id, own.name])
    const response = await call('POST', installations, { body: { ...claim, ...forged } })
    t.equal(response.status, status)
    const { id, created_at, updated_at } = response.body
    t.same(response.body, {
      id,
      ...claim,
      installation_id: '456789',
      github_account_type: 'User',
      github_account_avatar_url: account.avatar_url,
      github_account_id: String(account.id),
      github_account_name: 'username',
      created_at,
      updated_at,
      neptun_user_id: 1,
    })
  }
})

t.test("an installation that does not match the request, or is not on the user's account, is rejected", async (t) => {
  const { call, sql, account } = await start(t)
  const claim = { installation_id: 456789, account_name: 'username', repository_selection: 'selected' }
  const own = { id: String(account.id), name: 'username' }
  const table: [name: string, own: { id: string | null; name: string | null }, claim: object][] = [
    ['a nonexistent installation', own, { ...claim, installation_id: 999 }],
    ['another account', own, { ...claim, account_name: 'acme' }],
    ['another selection', own, { ...claim, repository_selection: 'all' }],
    ['an organization', own, { installation_id: 456790, account_name: 'acme', repository_selection: 'all' }],
    ['a user with another id and the same name', { ...own, id: '1000000' }, claim],
    ['a user with another name', { id: null, name: 'somebody' }, claim],
    ['a user without a GitHub account', { id: null, name: null }, claim],
  ]
  for (const [name, { id, name: login }, body] of table) {
    await sql('UPDATE users SET github_account_id = $1, github_account_name = $2 WHERE id = 1', [id, login])
    const response = await call('POST', installations, { body })
    t.equal(response.status, 403, name)
    t.same(response.body, installationNotConfirmed().toBody(), name)
  }
  t.same(await sql('SELECT id FROM github_installations'), [{ id: 123 }])
})

t.test('private keys, tokens and signatures are not logged', async (t) => {
  const { call, log } = await start(t)
  for (const path of ['username/Granted', 'username/unknown']) await call('POST', imports, post(path))
  const text = log.join('')
  t.notMatch(text, /PRIVATE KEY|ghs_|bearer|eyJ/i)
  t.notOk(text.includes(privateKey.split('\n')[3] as string))
})
