import { createEmulator } from 'emulate'
import t, { type Test } from 'tap'
import { githubAccessDenied, installationNotConfirmed } from '../../src/github/permission.js'
import { resources, startApp } from '../support/app.js'
import { appSettings, privateKey } from '../support/github-stub.js'

const imports = resources('/imports')
const installations = resources('/github-installations')

/** The service, live, with an emulated GitHub: the App is installed on `username` for some, and on `acme` for all. */
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

t.test('what one of the user’s own installations grants can be imported', async (t) => {
  const { call, github } = await start(t)
  for (const path of ['username/Granted', 'username/public', 'username/Granted', 'username/public']) {
    const answer = await call('POST', imports, post(path))
    t.equal(answer.status, 201)
    t.equal(answer.body.import.source_path, path)
  }
  const response = await fetch(`${github.url}/_emulate/installation-tokens`)
  const { installation_tokens: tokens } = (await response.json()) as {
    installation_tokens: { permissions: unknown; repository_selection: string }[]
  }
  t.equal(tokens.length, 2, 'one token a repository')
  for (const { permissions, repository_selection } of tokens) {
    t.same([permissions, repository_selection], [{ metadata: 'read', contents: 'read' }, 'selected'])
  }
})

t.test('whatever is not granted is the same 403, and nothing is stored', async (t) => {
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
    const answer = await call('POST', imports, post(path))
    t.equal(answer.status, 403, path)
    t.same(answer.body, githubAccessDenied(path).toBody())
  }
  t.same(await sql('SELECT FROM imports'), [])
})

t.test('a changed path is proved like a new one', async (t) => {
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

t.test('an installation is recorded with what GitHub says of its account', async (t) => {
  const { call, sql, account } = await start(t)
  const claim = { installation_id: 456789, account_name: 'username', repository_selection: 'selected' }
  await sql('DELETE FROM github_installations')
  const forged = { github_account_id: '1', github_account_name: 'forged' }
  for (const { status, ...own } of [
    { id: String(account.id), name: 'an-old-name', status: 201 },
    { id: null, name: 'UserName', status: 200 },
  ]) {
    await sql('UPDATE users SET github_account_id = $1, github_account_name = $2 WHERE id = 1', [own.id, own.name])
    const answer = await call('POST', installations, { body: { ...claim, ...forged } })
    t.equal(answer.status, status)
    const { id, created_at, updated_at } = answer.body
    t.same(answer.body, {
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

t.test('an installation that is not as the user says, or not theirs, is refused', async (t) => {
  const { call, sql, account } = await start(t)
  const claim = { installation_id: 456789, account_name: 'username', repository_selection: 'selected' }
  const own = { id: String(account.id), name: 'username' }
  const table: [name: string, own: { id: string | null; name: string | null }, claim: object][] = [
    ['no such installation', own, { ...claim, installation_id: 999 }],
    ['of another account', own, { ...claim, account_name: 'acme' }],
    ['of another selection', own, { ...claim, repository_selection: 'all' }],
    ['an organization', own, { installation_id: 456790, account_name: 'acme', repository_selection: 'all' }],
    ['another id, whatever the name', { ...own, id: '1000000' }, claim],
    ['another name', { id: null, name: 'somebody' }, claim],
    ['a user without a GitHub account', { id: null, name: null }, claim],
  ]
  for (const [name, { id, name: login }, body] of table) {
    await sql('UPDATE users SET github_account_id = $1, github_account_name = $2 WHERE id = 1', [id, login])
    const answer = await call('POST', installations, { body })
    t.equal(answer.status, 403, name)
    t.same(answer.body, installationNotConfirmed().toBody(), name)
  }
  t.same(await sql('SELECT id FROM github_installations'), [{ id: 123 }])
})

t.test('neither the key nor a token nor a signature is logged', async (t) => {
  const { call, log } = await start(t)
  for (const path of ['username/Granted', 'username/unknown']) await call('POST', imports, post(path))
  const text = log.join('')
  t.notMatch(text, /PRIVATE KEY|ghs_|bearer|eyJ/i)
  t.notOk(text.includes(privateKey.split('\n')[3] as string))
})
