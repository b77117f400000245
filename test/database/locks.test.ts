import t, { type Test } from 'tap'
import { createSession, errorBody, OWNER, resources, STRANGER, startApp, type TestApp, until } from '../support/app.js'
import { holdTransaction } from '../support/database.js'

const IMPORT = { source_type: 'local', source_path: '/srv/app' }
const USER_FILE = { title: 'a', text: 'b', language: 'c', extension: 'd' }
const COLLECTION = { name: 'a', description: null }
const FILE = { title: 'a', original_path: 'b', context_file_category: 'c', context_file_type: 'd', text: 'e' }

/** Another project of the owner. */
const OTHER = { ...OWNER, projectId: 791 }

/** Counts the connections of the service that wait for a lock. */
async function countWaiting({ sql }: TestApp): Promise<number> {
  const rows = await sql(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
    AND application_name = 'neptun-projects-resources'`)
  return rows.length
}

/** Sends a write and a read of each kind. @returns their statuses */
async function writeAndRead({ call }: TestApp, owner: typeof OWNER) {
  const bodies = { '/imports': IMPORT, '/user-files': USER_FILE, '/template-collections': COLLECTION, '/files': FILE }
  const { token } = owner
  const requests = Object.entries(bodies).flatMap(([path, body]) => [
    call('POST', resources(path, owner), { token, body }),
    call('GET', resources(path, owner), { token }),
  ])
  return (await Promise.all(requests)).map(({ status }) => status)
}

const SUCCESSES = [201, 200, 201, 200, 201, 200, 201, 200]

/**
 * Prepares `count` writes to one project, of six kinds in turn: `start` sends them, and `ended` returns how many have a
 * response. A preview counts as a write, because it inserts a row before it rolls back.
 */
async function prepareWrites({ call }: TestApp, owner: typeof OWNER, count: number) {
  let ended = 0
  const { body } = await call('POST', resources('/imports', owner), { body: IMPORT })
  const one = resources(`/imports/${body.import.id}`, owner)
  const kinds = [
    () => call('POST', resources('/imports', owner), { body: IMPORT }),
    () => call('POST', resources('/imports/preview', owner), { body: IMPORT }),
    () => call('PUT', one, { body: { title: 'changed' } }),
    () => call('POST', resources('/user-files', owner), { body: USER_FILE }),
    () => call('POST', resources('/template-collections', owner), { body: COLLECTION }),
    () => call('POST', resources('/files', owner), { body: FILE }),
  ]
  return {
    start: () =>
      Array.from({ length: count }, async (_, index) => {
        const response = await kinds[index % kinds.length]?.()
        ended += 1
        return response
      }),
    ended: () => ended,
  }
}

async function start(t: Test, settings = {}): Promise<TestApp> {
  const service = await startApp(t, settings)
  await service.sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (791, 'third', 1)`)
  return service
}

t.test('while a project is locked, only its writes wait: two in the database, the others in the service', async (t) => {
  const service = await start(t, { DATABASE_LOCK_TIMEOUT: '60000', DATABASE_ANSWER_TIMEOUT: '60000' })
  const writes = await prepareWrites(service, OWNER, 30)
  const release = await holdTransaction(t, service.databaseUrl, 'SELECT FROM projects WHERE id = 789 FOR UPDATE')
  const writing = writes.start()
  await until(async () => (await countWaiting(service)) === 2, 'two writes wait for the lock')
  for (let round = 0; round < 3; round += 1) {
    t.same(await writeAndRead(service, OTHER), SUCCESSES, 'another project of the user')
    t.same(await writeAndRead(service, STRANGER), SUCCESSES, 'another user')
    for (const path of ['/imports', '/user-files', '/template-collections', '/files']) {
      t.equal((await service.call('GET', resources(path))).status, 200, `${path} of the project itself`)
    }
    t.equal((await service.call('GET', '/health/ready')).status, 200)
  }
  t.equal(writes.ended(), 0, 'the writes are still waiting')
  t.equal(await countWaiting(service), 2)
  await release()
  const statuses = (await Promise.all(writing)).map((response) => response?.status)
  const expected = Array.from({ length: 30 }, (_, index) => (index % 6 === 1 || index % 6 === 2 ? 200 : 201))
  t.same(statuses, expected, 'all writes succeed')
})

for (const [target, statement] of [
  ['row', 'SELECT FROM projects WHERE id = 789 FOR UPDATE'],
  ['imports', 'SELECT FROM imports WHERE project_id = 789 FOR UPDATE'],
] as const) {
  t.test(`a write that waits too long for the lock on the ${target} of a project is a 503`, async (t) => {
    const service = await start(t, { DATABASE_LOCK_TIMEOUT: '2000', DATABASE_ANSWER_TIMEOUT: '60000' })
    const { body } = await service.call('POST', resources('/imports'), { body: IMPORT })
    const one = resources(`/imports/${body.import.id}`)
    await holdTransaction(t, service.databaseUrl, statement)
    const startedAt = performance.now()
    // The old title is null, which takes fewer bytes of JSON than the new one. Therefore, these writes change the
    // counters of the project, and need the lock on its row.
    const write = (_: unknown, index: number) => service.call('PUT', one, { body: { title: `changed ${index}` } })
    const writing = Array.from({ length: 40 }, write)
    await until(async () => (await countWaiting(service)) > 0, 'a write waits for the lock')
    t.same(await writeAndRead(service, OTHER), SUCCESSES, 'another project of the user')
    t.same(await writeAndRead(service, STRANGER), SUCCESSES, 'another user')
    const responses = await Promise.all(writing)
    t.ok(performance.now() - startedAt < 30_000, 'all writes fail together: two at a time would take 40 s')
    const unavailable = errorBody(503, 'DATABASE_UNAVAILABLE', 'The database is unavailable: nothing was stored')
    for (const { status, body, headers } of responses) {
      t.same([status, body, headers.get('retry-after')], [503, unavailable, '1'])
    }
    t.equal((await service.call('GET', one)).body.import.title, null)
  })
}

t.test('while the imports table is locked, requests that do not use it do not wait', async (t) => {
  const service = await start(t, { DATABASE_LOCK_TIMEOUT: '60000', DATABASE_ANSWER_TIMEOUT: '60000' })
  const { sql, call } = service
  const others = [3, 4, 5, 6]
  await sql(`INSERT INTO users (id, email) SELECT id, id || '@example.com' FROM unnest($1::integer[]) AS id`, [others])
  await sql(
    `INSERT INTO projects (id, name, neptun_user_id) SELECT 1000 + id, 'x', id FROM unnest($1::integer[]) AS id`,
    [others],
  )
  const owners = [
    OWNER,
    ...(await Promise.all(
      others.map(async (userId) => ({ userId, projectId: 1000 + userId, token: await createSession(sql, userId) })),
    )),
  ]
  const release = await holdTransaction(t, service.databaseUrl, 'LOCK TABLE imports')
  let ended = 0
  const waiting = owners.flatMap((owner) =>
    Array.from({ length: 6 }, async () => {
      const { status } = await call('GET', resources('/imports', owner), { token: owner.token })
      ended += 1
      return status
    }),
  )
  await until(async () => (await countWaiting(service)) === 7, 'seven of ten connections wait for the lock')
  for (const owner of [...owners, STRANGER]) {
    for (const path of ['/user-files', '/files']) {
      const { status } = await call('GET', resources(path, owner), { token: owner.token })
      t.equal(status, 200, `${path} of user ${owner.userId}`)
    }
    const { token } = owner
    t.equal((await call('POST', resources('/user-files', owner), { token, body: USER_FILE })).status, 201)
  }
  t.same([ended, await countWaiting(service)], [0, 7], 'the lists of imports are still waiting')
  await release()
  t.same(new Set(await Promise.all(waiting)), new Set([200]))
})
