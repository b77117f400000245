import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import t from 'tap'
import {
  errorBody,
  OWNER,
  resources,
  STRANGER,
  startApp,
  type TestApp,
  until,
  validationErrorBody,
} from '../support/app.js'
import { holdTransaction } from '../support/database.js'
import { SECRET, deliver as sendDelivery, sign } from '../support/webhook.js'

const INSTALLATION = 456789
const MiB = 1024 * 1024

const unauthorized = errorBody(401, 'UNAUTHORIZED', 'Unauthorized')
const processed = { outcome: 'processed' }
const replayed = { outcome: 'replayed' }
const ignored = { outcome: 'ignored' }

/** Sends a delivery. @returns the status and body of the response */
async function deliver(...delivery: Parameters<typeof sendDelivery>) {
  const { status, body } = await sendDelivery(...delivery)
  return { status, body }
}

const shared = await startApp(t, { GITHUB_WEBHOOK_SECRET: SECRET, DATABASE_LOCK_TIMEOUT: '500' })

/** Resets the rows, and adds imports, an installation of `acme` for OWNER, and one of `username` for STRANGER. */
async function resetWithImports() {
  const service = await shared.reset()
  await service.sql(`
    INSERT INTO github_installations (id, installation_id, account_name, repository_selection, neptun_user_id)
    VALUES (124, 999, 'username', 'all', 2), (125, 1000, 'acme', 'all', 1)`)
  await service.sql(`
    INSERT INTO imports (id, source_type, source_path, project_id, neptun_user_id, created_at, updated_at)
    SELECT import.*, '2025-02-16T17:42:11Z', '2025-02-16T17:42:11Z' FROM (VALUES
      (1, 'github'::source_type, 'username/repository', 789, 1),
      (2, 'github', 'UserName/Repository', 789, 1),
      (3, 'github', 'username/repository-2', 789, 1),
      (4, 'github', 'acme/repository', 789, 1),
      (5, 'gitlab', 'username/repository', 789, 1),
      (6, 'github', 'username/repository', 790, 2)
    ) AS import`)
  return service
}

const paths = async ({ sql }: TestApp) =>
  Object.fromEntries(
    (await sql<{ id: number; source_path: string }>('SELECT id, source_path FROM imports ORDER BY id')).map((row) => [
      row.id,
      row.source_path,
    ]),
  )

const unmoved = {
  1: 'username/repository',
  2: 'UserName/Repository',
  3: 'username/repository-2',
  4: 'acme/repository',
  5: 'username/repository',
  6: 'username/repository',
}

const updatedImports = async ({ sql }: TestApp) =>
  (await sql<{ id: number }>(`SELECT id FROM imports WHERE updated_at > '2025-02-17' ORDER BY id`)).map(({ id }) => id)

/** Columns of installations that deliveries can change, and whether updated_at has changed. */
const installations = async ({ sql }: TestApp) =>
  await sql(`
    SELECT id, account_name, github_account_name, repository_selection, suspended_at, updated_at > created_at AS touched
    FROM github_installations ORDER BY id`)

const deliveries = async ({ sql }: TestApp) => (await sql('SELECT id FROM github_deliveries')).map(({ id }) => id)

async function listed({ call }: TestApp, caller = OWNER) {
  const { headers, body } = await call('GET', resources('/imports?source_type=github', caller), { token: caller.token })
  return { shown: body.imports.length, withheld: headers.get('x-imports-withheld') }
}

const suspension = (action: 'suspend' | 'unsuspend', installation: object = {}) => ({
  action,
  installation: {
    id: INSTALLATION,
    suspended_at: action === 'suspend' ? '2025-03-01T10:00:00Z' : null,
    ...installation,
  },
})

const renamedRepository = {
  action: 'renamed',
  installation: { id: INSTALLATION },
  repository: { full_name: 'username/renamed' },
  changes: { repository: { name: { from: 'repository' } } },
}

const transferred = (from: object) => ({
  action: 'transferred',
  installation: { id: 1000 },
  repository: { full_name: 'acme/repository' },
  changes: { owner: { from } },
})

const renamedAccount = {
  action: 'renamed',
  installation: { id: INSTALLATION },
  account: { id: 1, login: 'New-Name' },
  changes: { login: { from: 'username' } },
  target_type: 'User',
}

t.test('without a webhook secret, the route does not exist', async (t) => {
  const service = await startApp(t)
  const response = await deliver(service, 'installation', suspension('suspend'))
  t.strictSame(response, { status: 404, body: errorBody(404, 'ROUTE_NOT_FOUND', 'Route not found') })
})

t.test('a delivery without a valid SHA-256 signature of its body is rejected', async (t) => {
  const service = await resetWithImports()
  const body = JSON.stringify(suspension('suspend'))
  const table: [name: string, headers: Record<string, string | null>, body?: string][] = [
    ['no signature', { 'x-hub-signature-256': null }],
    ['an empty signature', { 'x-hub-signature-256': '' }],
    ['only a SHA-1 signature', { 'x-hub-signature-256': null, 'x-hub-signature': sign(body, SECRET, 'sha1') }],
    ['a SHA-1 signature in the header for SHA-256', { 'x-hub-signature-256': sign(body, SECRET, 'sha1') }],
    ['a signature without the prefix', { 'x-hub-signature-256': sign(body).slice('sha256='.length) }],
    ['a signature with another secret', { 'x-hub-signature-256': sign(body, 'another secret') }],
    ['a signature with an empty secret', { 'x-hub-signature-256': sign(body, '') }],
    ['a signature that is too short', { 'x-hub-signature-256': sign(body).slice(0, -1) }],
    ['a repeated signature', { 'x-hub-signature-256': `${sign(body)}, ${sign(body)}` }],
    ['a signature of another body', { 'x-hub-signature-256': sign(body) }, body.replace('suspend', 'deleted')],
    ['a signature of the same JSON with other whitespace', { 'x-hub-signature-256': sign(body) }, `${body}\n`],
    ['a body that is not JSON, with a signature of another body', { 'x-hub-signature-256': sign(body) }, '{'],
    ['a signature of an empty body', { 'x-hub-signature-256': sign('') }, ''],
    [
      'no signature, event or delivery id',
      { 'x-hub-signature-256': null, 'x-github-event': null, 'x-github-delivery': null },
      '{',
    ],
    [
      'no signature, form-encoded',
      { 'x-hub-signature-256': null, 'content-type': 'application/x-www-form-urlencoded' },
    ],
  ]
  for (const [name, headers, sent = body] of table) {
    t.strictSame(await deliver(service, 'installation', sent, { headers }), { status: 401, body: unauthorized }, name)
  }
  const bytes = Buffer.from([...Buffer.from('{"a":"'), 0xff, ...Buffer.from('"}')])
  const headers = { 'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(bytes).digest('hex')}` }
  const response = await service.call('POST', '/webhooks/github', { body: bytes, headers })
  t.strictSame([response.status, response.body], [401, unauthorized], 'a signature of bytes that are not UTF-8')
  t.strictSame(await listed(service), { shown: 4, withheld: null }, 'nothing has changed')
  t.strictSame(await deliveries(service), [])
  t.notMatch(service.log.join(), SECRET)
  t.notMatch(service.log.join(), sign(body), 'signatures are not logged: with one, a delivery can be replayed')
})

t.test('a delivery must be JSON, with an id and the name of an event in its headers', async (t) => {
  const service = await resetWithImports()
  const payload = suspension('suspend')
  const id: [string, string] = ['headers.x-github-delivery', 'must be a UUID']
  const event: [string, string] = ['headers.x-github-event', 'must be the name of an event']
  const table: [headers: Record<string, string | null>, body: object][] = [
    [{ 'x-github-delivery': null }, validationErrorBody(id)],
    [{ 'x-github-delivery': '123' }, validationErrorBody(id)],
    [{ 'x-github-delivery': `${randomUUID()}0` }, validationErrorBody(id)],
    [{ 'x-github-event': null }, validationErrorBody(event)],
    [{ 'x-github-event': 'Installation!' }, validationErrorBody(event)],
    [{ 'x-github-delivery': null, 'x-github-event': null }, validationErrorBody(id, event)],
  ]
  for (const [headers, body] of table) {
    t.strictSame(await deliver(service, 'installation', payload, { headers }), { status: 400, body })
  }
  const unsupported = (message: string) => ({ status: 415, body: errorBody(415, 'UNSUPPORTED_MEDIA_TYPE', message) })
  const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  t.strictSame(
    await deliver(service, 'installation', payload, form),
    unsupported("Unsupported media type: set the webhook's content type to application/json"),
  )
  t.strictSame(
    await deliver(service, 'installation', payload, { headers: { 'content-type': 'text/plain' } }),
    unsupported('Unsupported media type: send application/json'),
  )
  t.strictSame(await listed(service), { shown: 4, withheld: null })
  t.strictSame(await deliveries(service), [])
})

t.test('events and actions that are not handled are accepted and change nothing', async (t) => {
  const service = await resetWithImports()
  const before = await installations(service)
  const table: [event: string, payload: object | string][] = [
    ['ping', { zen: 'Design for failure.', hook_id: 1 }],
    ['push', { installation: { id: INSTALLATION } }],
    ['push', 'not JSON, and not parsed'],
    ['constructor', {}],
    ['projects_v2_item', { action: 'edited' }],
    ['projects_v2', { action: 'created' }],
    ['projects_v2_status_update', { action: 'created' }],
    ['an_event_of_2031', { action: 'created' }],
    ['organization', { action: 'member_added', organization: { login: 'username' } }],
    ['installation', { action: 'new_permissions_accepted', installation: { id: INSTALLATION } }],
    ['installation', { action: 'toString', installation: { id: INSTALLATION } }],
    ['installation_repositories', { action: 'deleted', installation: { id: INSTALLATION } }],
    ['repository', { ...renamedRepository, action: 'archived' }],
    ['installation_target', { action: 'renamed', target_type: 'Enterprise', changes: { slug: { from: 'username' } } }],
  ]
  for (const [event, payload] of table) {
    t.strictSame(await deliver(service, event, payload), { status: 202, body: ignored }, event)
  }
  t.strictSame(await installations(service), before)
  t.strictSame(await paths(service), unmoved)
  t.strictSame(await deliveries(service), [])
})

t.test('an invalid payload is rejected with all validation errors', async (t) => {
  const service = await resetWithImports()
  const before = await installations(service)
  const time = 'must be a time in ISO 8601, a number of seconds since 1970, or null'
  const name = 'must be a name of letters, digits, dots, hyphens and underscores'
  const owner = 'must name an owner of 1 to 39 letters and digits, with single hyphens and at most one _ between them'
  const repo = 'must name a repo of 1 to 100 letters, digits, dots, hyphens and underscores, and not "." or ".."'
  const canonical = 'must be owner/repo in canonical form'
  const full = (full_name: unknown) => ({ ...renamedRepository, repository: { full_name } })
  const login = (login: unknown) => ({ ...renamedAccount, account: { login } })
  const table: [event: string, payload: object | string, ...validationErrors: [path: string, message: string][]][] = [
    ['installation', '{', ['body', 'must be valid JSON']],
    ['installation', 'null', ['body', 'must be an object']],
    ['installation', '[]', ['body', 'must be an object']],
    ['installation', {}, ['body.action', 'is required']],
    ['installation', { action: 5 }, ['body.action', 'must be a string']],
    ['installation', { action: 'suspend' }, ['body.installation', 'is required']],
    ['installation', { action: 'deleted', installation: {} }, ['body.installation.id', 'is required']],
    ['installation', suspension('suspend', { id: '1' }), ['body.installation.id', 'must be a positive integer']],
    ['installation', suspension('suspend', { id: 0 }), ['body.installation.id', 'must be a positive integer']],
    ['installation', suspension('suspend', { suspended_at: 'now' }), ['body.installation.suspended_at', time]],
    [
      'installation',
      suspension('unsuspend', { id: 1.5, updated_at: '2025-00-01T00:00:00Z' }),
      ['body.installation.id', 'must be a positive integer'],
      ['body.installation.updated_at', time],
    ],
    [
      'installation',
      { action: 'created', installation: { id: INSTALLATION, repository_selection: 'some' } },
      ['body.installation.repository_selection', 'must be all or selected'],
    ],
    [
      'installation_repositories',
      { action: 'added', installation: { id: INSTALLATION } },
      ['body.repository_selection', 'is required'],
    ],
    ['installation_target', { ...renamedAccount, changes: {} }, ['body.changes.login', 'is required']],
    ['installation_target', login(null), ['body.account.login', name]],
    ['installation_target', login('a/b'), ['body.account.login', name]],
    ['installation_target', login('..'), ['body.account.login', owner]],
    ['repository', { ...renamedRepository, installation: undefined }, ['body.installation', 'is required']],
    [
      'repository',
      { ...renamedRepository, changes: { repository: { name: { from: 'a\u0000b' } } } },
      ['body.changes.repository.name.from', name],
    ],
    ['repository', full(undefined), ['body.repository.full_name', 'is required']],
    ['repository', full(7), ['body.repository.full_name', 'must be owner/repo']],
    ['repository', full('username/..'), ['body.repository.full_name', repo]],
    ['repository', full('https://github.com/a/b'), ['body.repository.full_name', canonical]],
    ['repository', full(' a/b'), ['body.repository.full_name', canonical]],
    ['repository', transferred({}), ['body.changes.owner.from', 'must name a user or an organization']],
    ['repository', transferred({ user: {} }), ['body.changes.owner.from.user', 'must be an account or null']],
  ]
  for (const [event, payload, ...validationErrors] of table) {
    const response = await deliver(service, event, payload)
    t.strictSame(response, { status: 400, body: validationErrorBody(...validationErrors) }, JSON.stringify(payload))
  }
  t.strictSame(await installations(service), before)
  t.strictSame(await paths(service), unmoved)
  t.strictSame(await deliveries(service), [], 'the deliveries are not recorded, so a redelivery is processed')
  const rejected = service.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'GitHub webhook rejected')
  t.strictSame(rejected.at(0).validationErrors, validationErrorBody(['body', 'must be valid JSON']).errors)
  t.equal(rejected.length, table.length)
})

t.test('imports are withheld while their installation is suspended', async (t) => {
  const service = await resetWithImports()
  t.strictSame(await listed(service), { shown: 4, withheld: null })

  t.strictSame(await deliver(service, 'installation', suspension('suspend')), { status: 200, body: processed })
  t.strictSame(await listed(service), { shown: 1, withheld: '3' }, 'imports of another account are listed')
  t.strictSame(await listed(service, STRANGER), { shown: 1, withheld: null }, 'another installation is not affected')
  const rows = await installations(service)
  t.match(rows, [
    { id: 123, suspended_at: new Date('2025-03-01T10:00:00Z'), touched: true },
    { id: 124, suspended_at: null, touched: false },
    { id: 125, suspended_at: null, touched: false },
  ])

  t.strictSame(await deliver(service, 'installation', suspension('unsuspend')), { status: 200, body: processed })
  t.strictSame(await listed(service), { shown: 4, withheld: null })
  t.equal((await deliveries(service)).length, 2)
})

t.test('suspensions apply in the order of their times, not in the order of delivery', async (t) => {
  const noon = (second: number) => new Date(Date.UTC(2025, 2, 1, 12, 0, second)).toISOString().replace('.000', '')
  const suspended = (second: number) => suspension('suspend', { suspended_at: noon(second), updated_at: noon(second) })
  const unsuspended = (second: number) => suspension('unsuspend', { updated_at: noon(second) })
  const undated = { suspended_at: undefined, updated_at: undefined }
  const offset = { updated_at: '2025-03-01T07:00:05.000-05:00' }
  const table: [name: string, deliveries: object[], isSuspended: boolean][] = [
    ['in order', [suspended(1), unsuspended(2), suspended(3)], true],
    ['unsuspend delivered before an earlier suspend', [unsuspended(2), suspended(1)], false],
    ['unsuspend delivered before suspend, with equal times', [unsuspended(1), suspended(1)], false],
    ['suspend delivered before unsuspend, with equal times', [suspended(1), unsuspended(1)], false],
    ['suspend delivered before an earlier unsuspend', [suspended(3), unsuspended(2)], true],
    ['in reverse order', [suspended(3), unsuspended(2), suspended(1)], true],
    ['times in two formats, in reverse order', [suspension('unsuspend', offset), suspended(4)], false],
    ['times in two formats, in order', [suspension('unsuspend', { updated_at: 1740830404 }), suspended(5)], true],
    ['without times, in order', [suspension('suspend', undated), suspension('unsuspend', undated)], false],
    [
      'suspend with a time, after unsuspend without a time',
      [suspended(1), suspension('unsuspend', undated), suspended(1)],
      true,
    ],
    [
      'without times, unsuspend delivered before suspend',
      [suspension('unsuspend', undated), suspension('suspend', undated)],
      true,
    ],
    ['suspend without a time, after unsuspend with a time', [unsuspended(2), suspension('suspend', undated)], true],
  ]
  const service = await shared.reset()
  for (const [name, payloads, isSuspended] of table) {
    await service.sql('UPDATE github_installations SET suspended_at = NULL, suspension_known_at = NULL')
    for (const payload of payloads) t.equal((await deliver(service, 'installation', payload)).status, 200)
    const [row] = await service.sql('SELECT suspended_at IS NOT NULL AS suspended FROM github_installations')
    t.strictSame(row, { suspended: isSuspended }, name)
  }
})

t.test('deletion of an installation at GitHub deletes its row and links; imports are kept, but withheld', async (t) => {
  const service = await resetWithImports()
  for (const id of [123, 125]) {
    const body = { github_installation_id: id }
    t.equal((await service.call('POST', resources('/github-installations'), { body })).status, 201)
  }
  const payload = { action: 'deleted', installation: { id: INSTALLATION } }
  t.strictSame(await deliver(service, 'installation', payload), { status: 200, body: processed })

  t.match(await installations(service), [{ id: 124 }, { id: 125 }])
  const { body } = await service.call('GET', resources('/github-installations'))
  t.match(body, [{ id: 125 }])
  t.strictSame(await paths(service), unmoved)
  t.strictSame(await listed(service), { shown: 1, withheld: '3' })
  t.strictSame(await listed(service, STRANGER), { shown: 1, withheld: null })

  // The App is installed and recorded again.
  await service.sql(`
    INSERT INTO github_installations (installation_id, account_name, repository_selection, neptun_user_id)
    VALUES (500000, 'username', 'all', 1)`)
  t.strictSame(await listed(service), { shown: 4, withheld: null }, 'all imports are listed again')
})

t.test('repository_selection follows the deliveries', async (t) => {
  const service = await resetWithImports()
  const table: [event: string, payload: object, selection: string][] = [
    ['installation_repositories', { action: 'removed', repository_selection: 'selected' }, 'selected'],
    ['installation_repositories', { action: 'added', repository_selection: 'all' }, 'all'],
    ['installation', { action: 'created', installation: { repository_selection: 'selected' } }, 'selected'],
  ]
  for (const [event, payload, selection] of table) {
    const { installation = {} } = payload as { installation?: object }
    const whole = { ...payload, installation: { id: INSTALLATION, ...installation } }
    t.strictSame(await deliver(service, event, whole), { status: 200, body: processed })
    t.match(await installations(service), [
      { id: 123, repository_selection: selection, touched: true },
      { id: 124, repository_selection: 'all', touched: false },
      { id: 125, repository_selection: 'all', touched: false },
    ])
  }
})

t.test(
  'deliveries about an unrecorded installation, whatever its id, do not change rows that have no GitHub ids',
  async (t) => {
    const service = await resetWithImports()
    const before = await installations(service)
    for (const id of [1, Number.MAX_SAFE_INTEGER]) {
      const table: [event: string, payload: object][] = [
        ['installation', suspension('suspend', { id })],
        ['installation', { action: 'created', installation: { id, repository_selection: 'selected' } }],
        ['installation', { action: 'deleted', installation: { id } }],
        ['installation_target', { ...renamedAccount, installation: { id } }],
        ['repository', { ...renamedRepository, installation: { id } }],
      ]
      for (const [event, payload] of table) {
        t.strictSame(await deliver(service, event, payload), { status: 200, body: processed }, `${event} ${id}`)
      }
    }
    t.strictSame(await installations(service), before)
    t.strictSame(await paths(service), unmoved)
  },
)

t.test('renaming an account updates its installation and the imports of users with that installation', async (t) => {
  const service = await resetWithImports()
  t.strictSame(await deliver(service, 'installation_target', renamedAccount), { status: 200, body: processed })
  t.strictSame(await paths(service), {
    ...unmoved,
    1: 'New-Name/repository',
    2: 'New-Name/Repository',
    3: 'New-Name/repository-2',
  })
  t.strictSame(await updatedImports(service), [1, 2, 3])
  const renamed = { account_name: 'New-Name', github_account_name: 'New-Name', touched: true }
  t.match(await installations(service), [
    { id: 123, ...renamed },
    { id: 124, account_name: 'username', github_account_name: null, touched: false },
    { id: 125, account_name: 'acme', touched: false },
  ])
  t.strictSame(await listed(service), { shown: 4, withheld: null })
})

t.test('renaming an organization updates its installation and imports, and no import is withheld', async (t) => {
  for (const organization of [{ login: 'New-Name' }, { id: 1, login: 'New-Name' }]) {
    const service = await resetWithImports()
    const payload = { ...renamedAccount, account: undefined, target_type: undefined, organization }
    t.strictSame(await deliver(service, 'organization', payload), { status: 200, body: processed })
    t.strictSame(await paths(service), {
      ...unmoved,
      1: 'New-Name/repository',
      2: 'New-Name/Repository',
      3: 'New-Name/repository-2',
    })
    t.strictSame(await listed(service), { shown: 4, withheld: null })
    t.match(await installations(service), [
      { id: 123, account_name: 'New-Name', github_account_name: 'New-Name', touched: true },
      { id: 124, account_name: 'username', touched: false },
      { id: 125, account_name: 'acme', touched: false },
    ])
  }
})

t.test('during rotation of the webhook secret, the new and the previous one are accepted', async (t) => {
  const service = await startApp(t, {
    GITHUB_WEBHOOK_SECRET: SECRET,
    GITHUB_WEBHOOK_SECRET_PREVIOUS: 'the previous one',
  })
  // Each body is different: the same body again would be a replay.
  const deliverWith = (secret: string) => {
    const body = JSON.stringify({ ...suspension('suspend'), secret })
    return deliver(service, 'installation', body, { headers: { 'x-hub-signature-256': sign(body, secret) } })
  }
  for (const secret of [SECRET, 'the previous one']) {
    t.strictSame(await deliverWith(secret), { status: 200, body: processed })
  }
  for (const secret of ['another one', '', `${SECRET},the previous one`]) {
    t.strictSame(await deliverWith(secret), { status: 401, body: unauthorized })
  }
})

t.test('renaming a repository updates the import paths of users with its installation', async (t) => {
  const service = await resetWithImports()
  t.strictSame(await deliver(service, 'repository', renamedRepository), { status: 200, body: processed })
  t.strictSame(await paths(service), { ...unmoved, 1: 'username/renamed', 2: 'username/renamed' })
  t.strictSame(await updatedImports(service), [1, 2])
  const { body } = await service.call('GET', resources('/imports/1'))
  t.equal(body.import.source_path, 'username/renamed')
  t.equal(body.import.created_at, '2025-02-16T17:42:11.000Z')
})

t.test('renaming a repository to another letter case updates paths once', async (t) => {
  const service = await resetWithImports()
  const payload = { ...renamedRepository, repository: { full_name: 'username/Repository' } }
  t.strictSame(await deliver(service, 'repository', payload), { status: 200, body: processed })
  t.strictSame(await paths(service), { ...unmoved, 1: 'username/Repository', 2: 'username/Repository' })
  t.strictSame(await deliver(service, 'repository', payload), { status: 200, body: processed })
  t.strictSame(await updatedImports(service), [1, 2])
})

t.test("transferring a repository updates the import paths of users with the new owner's installation", async (t) => {
  const owners = [
    { user: { login: 'USERNAME' } },
    { organization: { login: 'username' } },
    { user: null, organization: { login: 'username' } },
  ]
  for (const from of owners) {
    const service = await resetWithImports()
    t.strictSame(await deliver(service, 'repository', transferred(from)), { status: 200, body: processed })
    t.strictSame(await paths(service), { ...unmoved, 1: 'acme/repository', 2: 'acme/repository' })
    t.strictSame(await updatedImports(service), [1, 2], 'the import that already had this path is unchanged')
  }
})

t.test('a redelivery with the same id changes nothing', async (t) => {
  const service = await resetWithImports()
  const id = randomUUID()
  t.strictSame(await deliver(service, 'installation', suspension('suspend'), { id }), { status: 200, body: processed })
  await deliver(service, 'installation', suspension('unsuspend'))
  const before = await installations(service)
  for (const again of [id, id.toUpperCase()]) {
    const response = await deliver(service, 'installation', suspension('suspend'), { id: again })
    t.strictSame(response, { status: 200, body: replayed })
  }
  t.strictSame(await installations(service), before)
  t.strictSame(await listed(service), { shown: 4, withheld: null })
})

t.test('one of several concurrent deliveries with the same id is processed', async (t) => {
  const service = await resetWithImports()
  const id = randomUUID()
  const responses = await Promise.all(
    Array.from({ length: 8 }, () => deliver(service, 'repository', renamedRepository, { id })),
  )
  t.same(new Set(responses.map(({ status }) => status)), new Set([200]))
  t.equal(responses.filter(({ body }) => JSON.stringify(body) === JSON.stringify(processed)).length, 1)
  t.strictSame(await deliveries(service), [id])
})

t.test('the redelivery of a failed delivery is processed', async (t) => {
  const service = await resetWithImports()
  const id = randomUUID()
  await service.sql(`ALTER TABLE imports ADD CONSTRAINT refuse CHECK (source_path <> 'username/renamed')`)
  const failed = await deliver(service, 'repository', renamedRepository, { id })
  t.strictSame(failed, { status: 500, body: errorBody(500, 'INTERNAL', 'Internal Server Error') })
  t.strictSame(await deliveries(service), [])
  await service.sql('ALTER TABLE imports DROP CONSTRAINT refuse')
  t.strictSame(await deliver(service, 'repository', renamedRepository, { id }), { status: 200, body: processed })
})

t.test('many concurrent deliveries about the same rows are all processed', async (t) => {
  const service = await resetWithImports()
  const back = { ...renamedAccount, account: { login: 'username' }, changes: { login: { from: 'New-Name' } } }
  const kinds: [event: string, payload: object][] = [
    ['installation', suspension('suspend')],
    ['installation', suspension('unsuspend')],
    ['installation_target', renamedAccount],
    ['installation_target', back],
    ['repository', renamedRepository],
    ['repository', transferred({ user: { login: 'username' } })],
    ['installation_repositories', { action: 'added', installation: { id: INSTALLATION }, repository_selection: 'all' }],
  ]
  const responses = await Promise.all(
    Array.from({ length: 5 }, () => kinds.map(([event, payload]) => deliver(service, event, payload))).flat(),
  )
  t.strictSame(
    responses,
    responses.map(() => ({ status: 200, body: processed })),
  )
})

t.test('a deadlock or serialization failure of a delivery is retried three times, then reported as 503', async (t) => {
  const service = await resetWithImports()
  for (const [sqlstate, failures, expected] of [
    ['40P01', 2, { status: 200, body: processed }],
    ['40001', 3, { status: 200, body: processed }],
    [
      '40P01',
      4,
      { status: 503, body: errorBody(503, 'DATABASE_UNAVAILABLE', 'The database is unavailable: nothing was stored') },
    ],
  ] as const) {
    // A sequence counts attempts, because a rollback does not reset it.
    await service.sql(`
      CREATE SEQUENCE failures;
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval('failures') <= ${failures} THEN RAISE EXCEPTION SQLSTATE '${sqlstate}'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER fail BEFORE UPDATE ON github_installations FOR EACH ROW EXECUTE FUNCTION fail()`)
    t.strictSame(await deliver(service, 'installation', suspension('suspend', { suspended_at: undefined })), expected)
    await service.sql('DROP TRIGGER fail ON github_installations; DROP FUNCTION fail; DROP SEQUENCE failures')
  }
  t.equal((await deliveries(service)).length, 2)
})

t.test('a delivery that waits for a lock times out before GitHub does, and is not recorded', async (t) => {
  const service = await resetWithImports()
  const update = 'UPDATE github_installations SET suspended_at = NULL WHERE id = 123'
  const release = await holdTransaction(t, service.databaseUrl, update)
  const startedAt = Date.now()
  t.strictSame(await deliver(service, 'installation', suspension('suspend')), {
    status: 503,
    body: errorBody(503, 'DATABASE_UNAVAILABLE', 'The database is unavailable: nothing was stored'),
  })
  t.ok(Date.now() - startedAt < 10_000, "the response is within GitHub's timeout of 10 s")
  await release()
  t.strictSame(await deliveries(service), [])
})

t.test('only the webhook route accepts bodies of up to 25 MiB', async (t) => {
  const service = await resetWithImports()
  const large = { ...suspension('suspend'), repositories: 'x'.repeat(25 * MiB - 200) }
  t.strictSame(await deliver(service, 'installation', large), { status: 200, body: processed })

  const tooLarge = { status: 413, body: errorBody(413, 'PAYLOAD_TOO_LARGE', 'Request body is too large') }
  const headers = {
    'content-type': 'application/json',
    'content-length': 25 * MiB + 1,
    'x-hub-signature-256': sign('whatever'),
  }
  t.strictSame(await sendHeaders(`${service.url}/webhooks/github`, headers), tooLarge)
  const toImports = await sendHeaders(service.url + resources('/imports'), {
    ...headers,
    cookie: `neptun-session=${OWNER.token}`,
    'content-length': 3 * MiB,
  })
  t.strictSame(toImports, tooLarge)
})

/** Sends the headers of a request without its body. @returns the response */
async function sendHeaders(url: string, headers: Record<string, string | number>) {
  const sent = request(url, { method: 'POST', headers })
  sent.on('error', () => {})
  sent.flushHeaders()
  const [response] = await once(sent, 'response')
  const text = (await response.toArray()).join('')
  sent.destroy()
  return { status: response.statusCode, body: JSON.parse(text) }
}

t.test('the log has the event, change and outcome of a delivery, but no payload or signature', async (t) => {
  const service = await resetWithImports()
  const id = randomUUID()
  await deliver(service, 'repository', renamedRepository, { id })
  const isOfDelivery = (line: string) => line.includes('"msg":"request"') && line.includes('/webhooks/github')
  await until(() => service.log.some(isOfDelivery), 'the request is logged')
  const lines = service.log.map((line) => JSON.parse(line))
  t.match(
    lines.find(({ msg }) => msg === 'GitHub webhook'),
    { delivery: id, event: 'repository', change: 'repository-moved', outcome: 'processed' },
  )
  t.match(JSON.parse(service.log.find(isOfDelivery) ?? '{}'), { method: 'POST', status: 200 })
  t.notMatch(service.log.join(), SECRET)
  t.notMatch(service.log.join(), 'sha256=')
  t.notMatch(service.log.join(), 'username/renamed')
})
