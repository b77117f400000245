import t from 'tap'
import { OWNER, resources, STRANGER, startApp, type TestApp, validationErrorBody } from '../../support/app.js'
import { startLive } from '../../support/live.js'

const shared = await startApp(t)
const all = resources('/github-installations')
const claim = { installation_id: 4711, account_name: 'acme', repository_selection: 'selected' }

const rows = async ({ sql }: Pick<TestApp, 'sql'>, id = 4711) =>
  await sql(
    `SELECT neptun_user_id, account_name, repository_selection FROM github_installations
     WHERE installation_id = $1 ORDER BY id`,
    [id],
  )

t.test('recording an installation again updates the existing row, and links it to the project', async (t) => {
  const service = await shared.reset()
  const { call, sql } = service
  const first = await call('POST', all, { body: claim })
  t.equal(first.status, 201)
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (791, 'third', 1)`)
  const other = { ...OWNER, projectId: 791 }

  const renamed = { ...claim, installation_id: '4711', account_name: 'acme-inc', repository_selection: 'all' }
  const again = await call('POST', resources('/github-installations', other), { body: renamed })
  t.equal(again.status, 200)
  const expected = {
    ...first.body,
    account_name: 'acme-inc',
    repository_selection: 'all',
    github_account_name: 'acme-inc',
  }
  t.strictSame({ ...again.body, updated_at: '' }, { ...expected, updated_at: '' })
  t.ok(again.body.updated_at > first.body.updated_at)
  t.strictSame(
    (await call('GET', resources('/github-installations', other))).body,
    [again.body],
    'the installation is linked to the other project',
  )
  t.strictSame((await call('GET', all)).body, [again.body], 'the installation is still linked to the first project')
  t.strictSame(await rows(service), [{ neptun_user_id: 1, account_name: 'acme-inc', repository_selection: 'all' }])
})

t.test('each user who records an installation has their own row', async (t) => {
  const service = await shared.reset()
  const theirs = resources('/github-installations', STRANGER)
  t.equal((await service.call('POST', all, { body: claim })).status, 201)
  t.equal((await service.call('POST', theirs, { body: claim, token: STRANGER.token })).status, 201)
  t.strictSame(
    (await rows(service)).map((row) => row['neptun_user_id']),
    [1, 2],
  )
})

t.test('recording an installation concurrently creates one row', async (t) => {
  const service = await shared.reset()
  const responses = await Promise.all(Array.from({ length: 12 }, () => service.call('POST', all, { body: claim })))
  t.strictSame(responses.map(({ status }) => status).sort(), [...Array.from({ length: 11 }, () => 200), 201])
  t.equal(new Set(responses.map(({ body }) => body.id)).size, 1)
  t.equal((await rows(service)).length, 1)
  t.equal((await service.call('GET', all)).body.length, 1)
})

t.test('the database rejects a second row for the same user and installation', async (t) => {
  const { sql } = await shared.reset()
  const insert = sql(`
    INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
    VALUES (456789, 'other', 'all', 1)`)
  await t.rejects(insert, /github_installations_neptun_user_id_installation_id_key/)
})

t.test('installation_id is accepted as a number or a string, and returned as a string', async (t) => {
  const { call } = await shared.reset()
  for (const installation_id of [1, '2', 2_147_483_647, '2147483646']) {
    const { status, body } = await call('POST', all, { body: { ...claim, installation_id } })
    t.strictSame([status, body.installation_id], [201, String(installation_id)])
    t.strictSame((await call('GET', `${all}/${body.id}`)).body, body)
  }
  const message = 'must be an integer from 1 to 2147483647, as a number or a string'
  const wrong = [
    0,
    -1,
    1.5,
    2_147_483_648,
    '',
    '0',
    '01',
    '-1',
    '1.0',
    '1e3',
    ' 1',
    '1 ',
    '+1',
    '0x10',
    'x',
    '2147483648',
  ]
  for (const installation_id of [...wrong, '99999999999', null, true, [1], {}]) {
    const { status, body } = await call('POST', all, { body: { ...claim, installation_id } })
    t.strictSame(
      [status, body],
      [400, validationErrorBody(['body.installation_id', message])],
      JSON.stringify(installation_id),
    )
  }
})

t.test(
  'in live mode, recording an installation always verifies it with GitHub, and stores what GitHub returns',
  async (t) => {
    const { call, sql, github } = await startLive(t)
    await sql(`UPDATE users SET github_account_id = '77' WHERE id = 1`)
    await sql('UPDATE github_installations SET suspended_at = now()')
    const body = { installation_id: 456789, account_name: 'username', repository_selection: 'selected' }
    const response = await call('POST', all, { body })
    t.equal(response.status, 200)
    const { created_at, updated_at } = response.body
    t.strictSame(response.body, {
      id: 123,
      installation_id: '456789',
      account_name: 'username',
      repository_selection: 'selected',
      github_account_type: 'User',
      github_account_avatar_url: 'https://avatars.example.com/u/77',
      github_account_id: '77',
      github_account_name: 'username',
      created_at,
      updated_at,
      neptun_user_id: 1,
    })
    const rows = await sql('SELECT suspended_at FROM github_installations')
    t.strictSame(rows, [{ suspended_at: null }], 'the installation is not suspended, as on GitHub')

    github.installations = []
    t.equal((await call('POST', all, { body })).status, 403)
  },
)
