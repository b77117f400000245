import t from 'tap'
import { until } from '../support/app.js'
import { INSTALLATION, redirect, type StubInstallation, type StubRepository } from '../support/github-stub.js'
import { equalsDenied, IMPORTS, PATH, startLive, stored } from '../support/live.js'

t.test(
  'the first import of a repository sends three requests to GitHub; later imports send one (private) or two (public)',
  async (t) => {
    const { github, post } = await startLive(t)
    t.equal((await post()).status, 201)
    t.same(github.takeCalls(), ['find', 'mint', 'read'])
    const [mint] = github.requests.filter(({ method }) => method === 'POST')
    t.same(mint?.body, { repositories: ['repository'], permissions: { metadata: 'read', contents: 'read' } })
    t.equal((await post()).status, 201)
    t.same(github.takeCalls(), ['read'], 'reading a private repository proves access')

    github.repositories.push({ id: 501, full_name: 'username/public', private: false, installation: 456789 })
    t.equal((await post('username/public')).status, 201)
    t.same(github.takeCalls(), ['find', 'mint', 'read'])
    t.equal((await post('username/public')).status, 201)
    t.same(github.takeCalls(), ['read', 'find'], 'reading a public repository does not prove access')
  },
)

t.test('twenty concurrent imports of a repository share one token', async (t) => {
  const { github, post } = await startLive(t)
  const responses = await Promise.all(Array.from({ length: 20 }, () => post()))
  t.ok(responses.every(({ status }) => status === 201))
  t.equal(github.takeCalls().filter((call) => call === 'mint').length, 1)
})

t.test('at most fifty requests are sent to GitHub concurrently', async (t) => {
  const { github, post } = await startLive(t, { GITHUB_TIMEOUT: '60000' })
  const waiting: (() => void)[] = []
  let maxWaiting = 0
  github.handlers.find = async () => {
    const released = new Promise<void>((resolve) => waiting.push(resolve))
    maxWaiting = Math.max(maxWaiting, waiting.length)
    await released
    return github.installations[0]
  }
  const responses = Array.from({ length: 60 }, () => post())
  await until(() => waiting.length === 50, 'fifty requests are in progress', 60_000)
  delete github.handlers.find
  for (const release of waiting.splice(0)) release()
  t.ok((await Promise.all(responses)).every(({ status }) => status === 201))
  t.equal(maxWaiting, 50)
})

t.test('for a user without an active installation, no request is sent to GitHub', async (t) => {
  const { github, post, sql } = await startLive(t)
  await sql('UPDATE github_installations SET suspended_at = now()')
  equalsDenied(t, await post(), 'the installation is suspended')
  await sql('DELETE FROM github_installations')
  equalsDenied(t, await post(), 'there is no installation')
  t.same(github.takeCalls(), [])
})

t.test("a path is stored in GitHub's letter case", async (t) => {
  const { github, post, sql } = await startLive(t)
  github.repositories = [{ id: 500, full_name: 'UserName/Repository', private: true, installation: 456789 }]
  const response = await post('username/repOSITORY')
  t.same([response.status, response.body.import.source_path], [201, 'UserName/Repository'])
  t.equal((await post('USERNAME/repository')).body.import.source_path, 'UserName/Repository')
  t.equal(github.takeCalls().length, 4)
  t.same(await stored({ sql }), ['UserName/Repository', 'UserName/Repository'])
})

t.test('a renamed repository is stored under its new name', async (t) => {
  const { call, github, post, sql } = await startLive(t)
  t.equal((await post()).status, 201)
  github.takeCalls()
  github.repositories = [{ id: 500, full_name: 'username/new', private: true, installation: 456789 }]
  github.formerNames.set(PATH, 500)
  const response = await post()
  t.same([response.status, response.body.import.source_path], [201, 'username/new'])
  github.takeCalls()

  const another = await post('USERNAME/Repository')
  t.equal(another.body.import.source_path, 'username/new')
  t.same(github.takeCalls(), ['find', 'find', 'read'], 'the redirect to its id is followed')
  t.same(await stored({ sql }), [PATH, 'username/new', 'username/new'])

  const local = await call('POST', IMPORTS, { body: { source_type: 'local', source_path: 'x' } })
  const one = `${IMPORTS}/${local.body.import.id}`
  const moved = await call('PUT', one, { body: { source_type: 'github', source_path: PATH } })
  t.same([moved.status, moved.body.import.source_path], [200, 'username/new'])
})

t.test('if a repository is renamed between two requests, access is verified again under the new name', async (t) => {
  const { github, post } = await startLive(t)
  github.handlers.read = (_, reply) => {
    delete github.handlers.read
    github.repositories = [{ id: 500, full_name: 'username/new', private: true, installation: 456789 }]
    return redirect(reply, `${github.url}/repositories/500`)
  }
  t.equal((await post()).body.import.source_path, 'username/new')
  t.same(github.takeCalls(), ['find', 'mint', 'read', 'read', 'find', 'mint', 'read'])

  github.handlers.read = () => ({ full_name: 'somebody/else', private: false })
  equalsDenied(t, await post('username/new'), 'no access to the repository that GitHub returns', 'username/new')
})

t.test('a transferred repository requires an installation of its new owner', async (t) => {
  const { github, post, sql } = await startLive(t)
  const account = { login: 'acme', id: 78, type: 'Organization', avatar_url: 'https://avatars.example.com/u/78' }
  github.installations.push({ id: 456790, suspended_at: null, repository_selection: 'all', account })
  github.repositories = [{ id: 500, full_name: 'acme/repository', private: true, installation: 456790 }]
  github.formerNames.set(PATH, 500)
  equalsDenied(t, await post(), "the new owner's installation is not recorded")
  t.same(await stored({ sql }), [])
  await sql(`
    INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
    VALUES (456790, 'acme', 'selected', 1)`)
  t.equal((await post()).body.import.source_path, 'acme/repository')
})

t.test('if the installation is suspended, or the repository removed or deleted, even cached access ends', async (t) => {
  const { github, post, sql } = await startLive(t)
  const table: [name: string, change: (one: StubInstallation, repository: StubRepository) => void][] = [
    ['suspended', (installation) => Object.assign(installation, { suspended_at: '2025-02-16T17:42:11Z' })],
    ['removed from the installation', (_, repository) => Object.assign(repository, { installation: null })],
    ['moved to another installation', (_, repository) => Object.assign(repository, { installation: 1 })],
    ['deleted', () => github.repositories.splice(0)],
  ]
  let number = 1000
  for (const [name, change] of table) {
    for (const [isPrivate, isCached] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      number += 1
      const full_name = `username/repository-${number}`
      const repository = { id: number, full_name, private: isPrivate, installation: number }
      const installation = { ...INSTALLATION, id: number }
      github.repositories = [repository]
      github.installations = [installation]
      await sql('UPDATE github_installations SET installation_id = $1', [number])
      if (isCached) t.equal((await post(full_name)).status, 201)
      const before = await stored({ sql })
      change(installation, repository)
      equalsDenied(t, await post(full_name), `${name}, ${isPrivate ? 'private' : 'public'}`, full_name)
      t.same(await stored({ sql }), before)
    }
  }
})

t.test('a cached token that GitHub rejects is replaced', async (t) => {
  const { github, post } = await startLive(t)
  await post()
  github.tokens.clear()
  github.takeCalls()
  t.equal((await post()).status, 201)
  t.same(github.takeCalls(), ['read', 'mint', 'read'])
})
