import { hash, randomUUID } from 'node:crypto'
import t from 'tap'
import { errorBody, resources, startApp, type TestApp } from '../support/app.js'
import { deliver, SECRET } from '../support/webhook.js'

const processed = { outcome: 'processed' }
const replayed = { outcome: 'replayed' }

const shared = await startApp(t, { GITHUB_WEBHOOK_SECRET: SECRET })

/** Bytes of a delivery, which are what GitHub signs. */
const bodyOf = (action: 'suspend' | 'unsuspend', updated_at: string) =>
  JSON.stringify({ action, installation: { id: 456789, suspended_at: updated_at, updated_at } })

const SUSPENDED = bodyOf('suspend', '2025-03-01T10:00:00Z')
const RESUMED = bodyOf('unsuspend', '2025-03-01T11:00:00Z')

/** As GitHub sends it, without times that would make a late one ineffective. */
const RENAMED = (from: string, to: string, pushed_at: string) =>
  JSON.stringify({
    action: 'renamed',
    installation: { id: 456789 },
    repository: { full_name: `username/${to}`, pushed_at },
    changes: { repository: { name: { from } } },
  })

async function send(service: TestApp, event: string, body: string, id?: string) {
  const { status, body: seen } = await deliver(service, event, body, id === undefined ? {} : { id })
  return { status, body: seen }
}

const deliveries = ({ sql }: TestApp) => sql('SELECT id, body_hash FROM github_deliveries ORDER BY received_at')

const isSuspended = async ({ sql }: TestApp) =>
  (await sql('SELECT suspended_at IS NOT NULL AS suspended FROM github_installations'))[0]?.['suspended']

t.test('a signed body under another delivery id is a replay, and changes nothing', async (t) => {
  const service = await shared.reset()
  const ids = [randomUUID(), randomUUID()]
  t.strictSame(await send(service, 'installation', SUSPENDED, ids[0]), { status: 200, body: processed })
  t.strictSame(await send(service, 'installation', RESUMED, ids[1]), { status: 200, body: processed })
  for (const id of [randomUUID(), randomUUID().toUpperCase()]) {
    t.strictSame(await send(service, 'installation', SUSPENDED, id), { status: 200, body: replayed })
  }
  t.equal(await isSuspended(service), false)
  t.strictSame(
    await deliveries(service),
    [SUSPENDED, RESUMED].map((body, index) => ({ id: ids[index], body_hash: hash('sha256', body, 'buffer') })),
  )
})

t.test('a replay of an old rename does not rename again', async (t) => {
  const service = await shared.reset()
  const { body } = await service.call('POST', resources('/imports'), {
    body: { source_type: 'github', source_path: 'username/a' },
  })
  const there = RENAMED('a', 'b', '2025-03-01T10:00:00Z')
  const back = RENAMED('b', 'a', '2025-03-01T11:00:00Z')
  t.strictSame(await send(service, 'repository', there), { status: 200, body: processed })
  t.strictSame(await send(service, 'repository', back), { status: 200, body: processed })
  t.strictSame(await send(service, 'repository', there), { status: 200, body: replayed })
  const one = resources(`/imports/${body.import.id}`)
  t.equal((await service.call('GET', one)).body.import.source_path, 'username/a')
  const again = RENAMED('a', 'b', '2025-03-01T12:00:00Z')
  t.strictSame(await send(service, 'repository', again), { status: 200, body: processed }, 'another time, another body')
  t.equal((await service.call('GET', one)).body.import.source_path, 'username/b')
})

t.test('an event name cannot make a body another one', async (t) => {
  const service = await shared.reset()
  t.strictSame(await send(service, 'installation', SUSPENDED), { status: 200, body: processed })
  t.equal((await send(service, 'ping', SUSPENDED)).status, 202, 'an event without effect stays without effect')
  t.strictSame(await send(service, 'installation', SUSPENDED), { status: 200, body: replayed })
})

t.test("GitHub's own redelivery is processed once, and processed if it failed before", async (t) => {
  const service = await shared.reset()
  const id = randomUUID()
  await service.sql('ALTER TABLE github_installations ADD CONSTRAINT refuse CHECK (suspended_at IS NULL)')
  t.strictSame(await send(service, 'installation', SUSPENDED, id), {
    status: 500,
    body: errorBody(500, 'INTERNAL', 'Internal Server Error'),
  })
  t.strictSame(await deliveries(service), [], 'nothing is remembered')
  await service.sql('ALTER TABLE github_installations DROP CONSTRAINT refuse')
  t.strictSame(await send(service, 'installation', SUSPENDED, id), { status: 200, body: processed })
  t.equal(await isSuspended(service), true)
  t.strictSame(await send(service, 'installation', SUSPENDED, id), { status: 200, body: replayed })
})

t.test('one of many deliveries of the same body at once is processed', async (t) => {
  const service = await shared.reset()
  const answers = await Promise.all(Array.from({ length: 12 }, () => send(service, 'installation', SUSPENDED)))
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.equal(answers.filter(({ body }) => JSON.stringify(body) === JSON.stringify(processed)).length, 1)
  t.equal((await deliveries(service)).length, 1)
})

t.test('deliveries of an earlier version, which have no digest, do not matter', async (t) => {
  const service = await shared.reset()
  const id = randomUUID()
  await service.sql(`INSERT INTO github_deliveries (id, event) VALUES ($1, 'installation'), ($2, 'installation')`, [
    id,
    randomUUID(),
  ])
  t.strictSame(await send(service, 'installation', SUSPENDED, id), { status: 200, body: replayed })
  t.strictSame(await send(service, 'installation', SUSPENDED), { status: 200, body: processed })
})
