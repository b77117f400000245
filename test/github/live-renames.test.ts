import t from 'tap'
import { resources, type TestApp } from '../support/app.js'
import { PATH, startLive, stored } from '../support/live.js'
import { SECRET, deliver as sendDelivery } from '../support/webhook.js'

async function deliver(service: Pick<TestApp, 'url'>, event: string, payload: object) {
  return (await sendDelivery(service, event, payload)).status
}

const owner = { id: 77, login: 'username' }
const installation = { id: 456789 }

const renamed = (id: number, from: string, to: string, more: object = {}) => ({
  action: 'renamed',
  installation,
  repository: { id, full_name: `username/${to}`, owner, ...more },
  changes: { repository: { name: { from } } },
})

const start = (t: Parameters<typeof startLive>[0]) => startLive(t, { GITHUB_WEBHOOK_SECRET: SECRET })

t.test('an import verified in live mode follows a transfer that also renames the repository', async (t) => {
  const service = await start(t)
  t.equal((await service.post()).status, 201)
  const payload = {
    action: 'transferred',
    installation: { id: 999 },
    repository: { id: 500, full_name: 'acme/new', owner: { id: 78, login: 'acme' } },
    changes: { owner: { from: { user: owner } } },
  }
  t.equal(await deliver(service, 'repository', payload), 200)
  t.same(
    await stored(service),
    ['acme/new'],
    "the path changes even though the new owner's installation is not recorded",
  )
  const { headers } = await service.call('GET', resources('/imports'))
  t.equal(headers.get('x-imports-withheld'), '1')
})

t.test('a redelivered rename does not affect another repository that has taken the former name', async (t) => {
  const service = await start(t)
  const { github, post } = service
  t.equal((await post()).status, 201)
  github.repositories = [{ id: 500, full_name: 'username/new', private: true, installation: 456789 }]
  t.equal(await deliver(service, 'repository', renamed(500, 'repository', 'new')), 200)
  t.same(await stored(service), ['username/new'])

  github.repositories.push({ id: 501, full_name: PATH, private: true, installation: 456789 })
  t.equal((await post()).body.import.source_path, PATH)
  for (let time = 0; time < 2; time += 1) {
    t.equal(await deliver(service, 'repository', renamed(500, 'repository', 'new')), 200)
  }
  t.same(await stored(service), ['username/new', PATH])
  t.equal(await deliver(service, 'repository', renamed(501, 'repository', 'other')), 200)
  t.same(await stored(service), ['username/new', 'username/other'])
})

for (const isPublic of [false, true]) {
  t.test(
    `a cached ${isPublic ? 'public' : 'private'} repository is not confused with a new one of the same name`,
    async (t) => {
      const service = await start(t)
      const { github, post } = service
      const one = { private: !isPublic, installation: 456789 }
      github.repositories = [{ id: 500, full_name: PATH, ...one }]
      t.equal((await post()).status, 201)
      github.repositories = [
        { id: 500, full_name: 'username/new', ...one },
        { id: 501, full_name: PATH, ...one },
      ]
      t.equal((await post()).status, 201)
      t.equal(await deliver(service, 'repository', renamed(501, 'repository', 'other')), 200)
      t.same(await stored(service), [PATH, 'username/other'])
    },
  )
}

t.test("the name in GitHub's response takes precedence over older deliveries, but not over newer ones", async (t) => {
  const service = await start(t)
  const { github, post } = service
  const at = (minute: number) => ({ updated_at: `2025-03-01T12:0${minute}:00Z` })
  const repository = (minute: number, name: string) =>
    Object.assign({ id: 500, full_name: `username/${name}`, private: true, installation: 456789 }, at(minute))
  github.repositories = [repository(5, 'c')]
  t.equal((await post('username/c')).status, 201)
  t.equal(await deliver(service, 'repository', renamed(500, 'a', 'b', at(1))), 200)
  t.equal(await deliver(service, 'repository', renamed(500, 'b', 'c', at(5))), 200)
  t.same(await stored(service), ['username/c'])
  t.equal(await deliver(service, 'repository', renamed(500, 'd', 'e', at(7))), 200)
  t.equal(await deliver(service, 'repository', renamed(500, 'c', 'd', at(6))), 200)
  t.same(await stored(service), ['username/e'])
})

t.test('a rename that is delivered during the permission check of an import is not lost', async (t) => {
  const service = await start(t)
  const { github, post } = service
  t.equal((await post()).status, 201)
  github.handlers.read = async () => {
    delete github.handlers.read
    const before = { ...github.repositories[0], updated_at: '2025-03-01T12:00:00Z' }
    await deliver(service, 'repository', renamed(500, 'repository', 'new', { updated_at: '2025-03-01T12:00:05Z' }))
    return before
  }
  const response = await post()
  t.equal(response.status, 201)
  t.equal(response.body.import.source_path, 'username/new')
  t.same(await stored(service), ['username/new', 'username/new'])
})

t.test('after its path is changed, an import follows renames of the new repository, matched by id', async (t) => {
  const service = await start(t)
  const { github, post, call } = service
  github.repositories.push({ id: 501, full_name: 'username/second', private: true, installation: 456789 })
  const one = `${resources('/imports')}/${(await post()).body.import.id}`
  const put = (body: object) => call('PUT', one, { body })
  t.equal((await put({ source_path: 'username/second', title: 'x' })).status, 200)
  t.equal(await deliver(service, 'repository', renamed(500, 'repository', 'new')), 200)
  t.same(await stored(service), ['username/second'])
  t.equal(await deliver(service, 'repository', renamed(501, 'second', 'third')), 200)
  t.same(await stored(service), ['username/third'])
  t.equal(
    (await put({ title: 'y' })).status,
    200,
    'changing only the title keeps the ids of the repository and its owner',
  )
  t.equal(await deliver(service, 'repository', renamed(501, 'third', 'fourth')), 200)
  t.same(await stored(service), ['username/fourth'])

  t.equal((await put({ source_type: 'local', source_path: 'username/fourth' })).status, 200)
  t.equal(await deliver(service, 'repository', renamed(501, 'fourth', 'fifth')), 200)
  t.same(await stored(service), ['username/fourth'], 'a folder is not a repository')
  t.same(await service.sql('SELECT github_repository_id, github_account_id FROM imports'), [
    { github_repository_id: null, github_account_id: null },
  ])
})

t.test('a delivery about an installation sets the repository id of its imports', async (t) => {
  const service = await start(t)
  await service.sql(`
    INSERT INTO imports (source_type, source_path, project_id, neptun_user_id, created_at, updated_at)
    VALUES ('github', 'UserName/Repository', 789, 1, '2025-02-16', '2025-02-16'),
      ('gitlab', 'username/repository', 789, 1, '2025-02-16', '2025-02-16')`)
  const account = { ...owner, type: 'User', avatar_url: 'https://avatars.example.com/u/77' }
  const payload = {
    action: 'added',
    installation: { ...installation, account },
    repository_selection: 'selected',
    repositories_added: [{ id: 500, name: 'repository', full_name: PATH, private: true }, { id: 'x' }, null],
  }
  t.equal(await deliver(service, 'installation_repositories', payload), 200)
  t.same(await service.sql('SELECT github_repository_id, github_account_id, updated_at FROM imports ORDER BY id'), [
    { github_repository_id: '500', github_account_id: '77', updated_at: new Date('2025-02-16') },
    { github_repository_id: null, github_account_id: null, updated_at: new Date('2025-02-16') },
  ])
  const [row] = (await service.call('GET', resources('/imports'))).body.imports
  t.equal(row.source_path, 'UserName/Repository')
  t.match(await service.sql(`SELECT * FROM github_installations`), [
    {
      github_account_id: '77',
      github_account_type: 'User',
      github_account_name: 'username',
      github_account_avatar_url: account.avatar_url,
    },
  ])
  const transferred = {
    action: 'transferred',
    installation,
    repository: { id: 500, full_name: 'acme/new', owner: { id: 78, login: 'acme' } },
    changes: { owner: { from: { user: owner } } },
  }
  t.equal(await deliver(service, 'repository', transferred), 200)
  t.same(await stored(service), ['acme/new', 'username/repository'])
})
