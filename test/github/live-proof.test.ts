import t from 'tap'
import { until } from '../support/app.js'
import { INSTALLATION, redirect, type StubInstallation, type StubRepository } from '../support/github-stub.js'
import { equalsDenied, IMPORTS, PATH, startLive, stored } from '../support/live.js'

t.test('a repository costs three requests, and a known one costs one if it is private, or two', async (t) => {
  const { github, post } = await startLive(t)
  t.equal((await post()).status, 201)
  t.same(github.count(), ['find', 'mint', 'read'])
  const [mint] = github.requests.filter(({ method }) => method === 'POST')
  t.same(mint?.body, { repositories: ['repository'], permissions: { metadata: 'read', contents: 'read' } })
  t.equal((await post()).status, 201)
  t.same(github.count(), ['read'], 'a private one is read')

  github.repositories.push({ id: 501, full_name: 'username/public', private: false, installation: 456789 })
  t.equal((await post('username/public')).status, 201)
  t.same(github.count(), ['find', 'mint', 'read'])
  t.equal((await post('username/public')).status, 201)
  t.same(github.count(), ['read', 'find'], 'reading a public one proves no access')
})

t.test('twenty at once share one token', async (t) => {
  const { github, post } = await startLive(t)
  const answers = await Promise.all(Array.from({ length: 20 }, () => post()))
  t.ok(answers.every(({ status }) => status === 201))
  t.equal(github.count().filter((question) => question === 'mint').length, 1)
})

t.test('fifty requests at most are on their way', async (t) => {
  const { github, post } = await startLive(t, { GITHUB_TIMEOUT: '60000' })
  const waiting: (() => void)[] = []
  let most = 0
  github.instead.find = async () => {
    const answered = new Promise<void>((resolve) => waiting.push(resolve))
    most = Math.max(most, waiting.length)
    await answered
    return github.installations[0]
  }
  const answers = Array.from({ length: 60 }, () => post())
  await until(() => waiting.length === 50, 'fifty requests', 60_000)
  delete github.instead.find
  for (const answer of waiting.splice(0)) answer()
  t.ok((await Promise.all(answers)).every(({ status }) => status === 201))
  t.equal(most, 50)
})

t.test('of a user who has no installation nothing is asked', async (t) => {
  const { github, post, sql } = await startLive(t)
  await sql('UPDATE github_installations SET suspended_at = now()')
  equalsDenied(t, await post(), 'suspended')
  await sql('DELETE FROM github_installations')
  equalsDenied(t, await post(), 'none')
  t.same(github.count(), [])
})

t.test('a path is stored as GitHub writes it', async (t) => {
  const { github, post, sql } = await startLive(t)
  github.repositories = [{ id: 500, full_name: 'UserName/Repository', private: true, installation: 456789 }]
  const answer = await post('username/repOSITORY')
  t.same([answer.status, answer.body.import.source_path], [201, 'UserName/Repository'])
  t.equal((await post('USERNAME/repository')).body.import.source_path, 'UserName/Repository')
  t.equal(github.count().length, 4)
  t.same(await stored({ sql }), ['UserName/Repository', 'UserName/Repository'])
})

t.test('a renamed repository is stored under its new name', async (t) => {
  const { call, github, post, sql } = await startLive(t)
  t.equal((await post()).status, 201)
  github.count()
  github.repositories = [{ id: 500, full_name: 'username/new', private: true, installation: 456789 }]
  github.formerNames.set(PATH, 500)
  const answer = await post()
  t.same([answer.status, answer.body.import.source_path], [201, 'username/new'])
  github.count()

  const another = await post('USERNAME/Repository')
  t.equal(another.body.import.source_path, 'username/new')
  t.same(github.count(), ['find', 'find', 'read'], 'by its id')
  t.same(await stored({ sql }), [PATH, 'username/new', 'username/new'])

  const local = await call('POST', IMPORTS, { body: { source_type: 'local', source_path: 'x' } })
  const one = `${IMPORTS}/${local.body.import.id}`
  const moved = await call('PUT', one, { body: { source_type: 'github', source_path: PATH } })
  t.same([moved.status, moved.body.import.source_path], [200, 'username/new'])
})

t.test('a repository that is renamed between two requests is proved by its new name', async (t) => {
  const { github, post } = await startLive(t)
  github.instead.read = (_, reply) => {
    delete github.instead.read
    github.repositories = [{ id: 500, full_name: 'username/new', private: true, installation: 456789 }]
    return redirect(reply, `${github.url}/repositories/500`)
  }
  t.equal((await post()).body.import.source_path, 'username/new')
  t.same(github.count(), ['find', 'mint', 'read', 'read', 'find', 'mint', 'read'])

  github.instead.read = () => ({ full_name: 'somebody/else', private: false })
  equalsDenied(t, await post('username/new'), 'GitHub finds no installation for the other name', 'username/new')
})

t.test('a transferred repository is of its new owner', async (t) => {
  const { github, post, sql } = await startLive(t)
  const account = { login: 'acme', id: 78, type: 'Organization', avatar_url: 'https://avatars.example.com/u/78' }
  github.installations.push({ id: 456790, suspended_at: null, repository_selection: 'all', account })
  github.repositories = [{ id: 500, full_name: 'acme/repository', private: true, installation: 456790 }]
  github.formerNames.set(PATH, 500)
  equalsDenied(t, await post(), 'whose installation is not the user’s')
  t.same(await stored({ sql }), [])
  await sql(`
    INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
    VALUES (456790, 'acme', 'selected', 1)`)
  t.equal((await post()).body.import.source_path, 'acme/repository')
})

t.test('what is suspended, removed or gone is refused at once, whatever is remembered', async (t) => {
  const { github, post, sql } = await startLive(t)
  const table: [name: string, change: (one: StubInstallation, repository: StubRepository) => void][] = [
    ['suspended', (installation) => Object.assign(installation, { suspended_at: '2025-02-16T17:42:11Z' })],
    ['not granted any more', (_, repository) => Object.assign(repository, { installation: null })],
    ['of another installation', (_, repository) => Object.assign(repository, { installation: 1 })],
    ['deleted', () => github.repositories.splice(0)],
  ]
  let number = 1000
  for (const [name, change] of table) {
    for (const [isPrivate, isRemembered] of [
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
      if (isRemembered) t.equal((await post(full_name)).status, 201)
      const before = await stored({ sql })
      change(installation, repository)
      equalsDenied(t, await post(full_name), `${name}, ${isPrivate ? 'private' : 'public'}`, full_name)
      t.same(await stored({ sql }), before)
    }
  }
})

t.test('a token that GitHub takes no longer is replaced', async (t) => {
  const { github, post } = await startLive(t)
  await post()
  github.tokens.clear()
  github.count()
  t.equal((await post()).status, 201)
  t.same(github.count(), ['read', 'mint', 'read'])
})
