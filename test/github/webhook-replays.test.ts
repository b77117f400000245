import { hash, randomUUID } from 'node:crypto'
import t from 'tap'
import { errorBody, resources, startApp, type TestApp } from '../support/app.js'
import { deliver, SECRET } from '../support/webhook.js'

const processed = { outcome: 'processed' }
const replayed = { outcome: 'replayed' }

const shared = await startApp(t, { GITHUB_WEBHOOK_SECRET: SECRET })

/** The raw body of a delivery, which GitHub signs. */
const bodyOf = (action: 'suspend' | 'unsuspend', updated_at: string) =>
  JSON.stringify({ action, installation: { id: 456789, suspended_at: updated_at, updated_at } })

const SUSPENDED = bodyOf('suspend', '2025-03-01T10:00:00Z')
const UNSUSPENDED = bodyOf('unsuspend', '2025-03-01T11:00:00Z')

/** The body of a rename. It has no updated_at, by which a replay could be recognized as outdated. */
const renamed = (from: string, to: string, pushed_at: string) =>
  JSON.stringify({
    action: 'renamed',
    installation: { id: 456789 },
    repository: { full_name: `username/${to}`, pushed_at },
    changes: { repository: { name: { from } } },
  })

async function send(service: TestApp, event: string, body: string, id?: string) {
  const response = await deliver(service, event, body, id === undefined ? {} : { id })
  return { status: response.status, body: response.body }
}

const deliveries = ({ sql }: TestApp) => sql('SELECT id, body_hash FROM github_deliveries ORDER BY received_at')

const isSuspended = async ({ sql }: TestApp) =>
  (await sql('SELECT suspended_at IS NOT NULL AS suspended FROM github_installations'))[0]?.['suspended']

t.test('a processed body with another delivery id is a replay, and changes nothing', async (t) => {
  const service = await shared.reset()
  const ids = [randomUUID(), randomUUID()]
  t.strictSame(await send(service, 'installation', SUSPENDED, ids[0]), { status: 200, body: processed })
  t.strictSame(await send(service, 'installation', UNSUSPENDED, ids[1]), { status: 200, body: processed })
  for (const id of [randomUUID(), randomUUID().toUpperCase()]) {
    t.strictSame(await send(service, 'installation', SUSPENDED, id), { status: 200, body: replayed })
  }
  t.equal(await isSuspended(service), false)
  t.strictSame(
    await deliveries(service),
    [SUSPENDED, UNSUSPENDED].map((body, index) => ({ id: ids[index], body_hash: hash('sha256', body, 'buffer') })),
  )
})

t.test('a replayed rename is not applied again', async (t) => {
  const service = await shared.reset()
  const { body } = await service.call('POST', resources('/imports'), {
    body: { source_type: 'github', source_path: 'username/a' },
  })
  const rename = renamed('a', 'b', '2025-03-01T10:00:00Z')
  const renameBack = renamed('b', 'a', '2025-03-01T11:00:00Z')
  t.strictSame(await send(service, 'repository', rename), { status: 200, body: processed })
  t.strictSame(await send(service, 'repository', renameBack), { status: 200, body: processed })
  t.strictSame(await send(service, 'repository', rename), { status: 200, body: replayed })
  const one = resources(`/imports/${body.import.id}`)
  t.equal((await service.call('GET', one)).body.import.source_path, 'username/a')
  const again = renamed('a', 'b', '2025-03-01T12:00:00Z')
  t.strictSame(
    await send(service, 'repository', again),
    { status: 200, body: processed },
    'a later rename has another body, and is processed',
  )
  t.equal((await service.call('GET', one)).body.import.source_path, 'username/b')
})

t.test('a replay with the name of an unhandled event is ignored; with its own event, it is recognized', async (t) => {
  const service = await shared.reset()
  t.strictSame(await send(service, 'installation', SUSPENDED), { status: 200, body: processed })
  t.equal((await send(service, 'ping', SUSPENDED)).status, 202, 'an event that is not handled is ignored')
  t.strictSame(await send(service, 'installation', SUSPENDED), { status: 200, body: replayed })
})

t.test("GitHub's redelivery is processed if the first delivery failed, and only once", async (t) => {
  const service = await shared.reset()
  const id = randomUUID()
  await service.sql('ALTER TABLE github_installations ADD CONSTRAINT refuse CHECK (suspended_at IS NULL)')
  t.strictSame(await send(service, 'installation', SUSPENDED, id), {
    status: 500,
    body: errorBody(500, 'INTERNAL', 'Internal Server Error'),
  })
  t.strictSame(await deliveries(service), [], 'the failed delivery is not recorded')
  await service.sql('ALTER TABLE github_installations DROP CONSTRAINT refuse')
  t.strictSame(await send(service, 'installation', SUSPENDED, id), { status: 200, body: processed })
  t.equal(await isSuspended(service), true)
  t.strictSame(await send(service, 'installation', SUSPENDED, id), { status: 200, body: replayed })
})

t.test('one of many concurrent deliveries with the same body is processed', async (t) => {
  const service = await shared.reset()
  const responses = await Promise.all(Array.from({ length: 12 }, () => send(service, 'installation', SUSPENDED)))
  t.same(new Set(responses.map(({ status }) => status)), new Set([200]))
  t.equal(responses.filter(({ body }) => JSON.stringify(body) === JSON.stringify(processed)).length, 1)
  t.equal((await deliveries(service)).length, 1)
})

t.test('deliveries recorded by an earlier version, without a hash, are recognized by their id only', async (t) => {
  const service = await shared.reset()
  const id = randomUUID()
  await service.sql(`INSERT INTO github_deliveries (id, event) VALUES ($1, 'installation'), ($2, 'installation')`, [
    id,
    randomUUID(),
  ])
  t.strictSame(await send(service, 'installation', SUSPENDED, id), { status: 200, body: replayed })
  t.strictSame(await send(service, 'installation', SUSPENDED), { status: 200, body: processed })
})
