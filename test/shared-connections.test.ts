import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Connections, openConnections } from '../src/database/connections.js'
import { ApiError } from '../src/errors.js'
import { until } from './support/app.js'
import { createDatabase } from './support/database.js'
import { startProxy } from './support/proxy.js'

const PATIENCE = { connectTimeout: 10_000, answerTimeout: 10_000, statementTimeout: 30_000, lockTimeout: 30_000 }

interface Options extends Partial<typeof PATIENCE> {
  max?: number
  runner?: 'reads' | 'writes'
}

/** Connections to a database of one's own, and what was said of those that were lost while idle. */
async function open(t: Test, { max = 3, runner = 'reads', ...patience }: Options = {}) {
  const proxy = await startProxy(t, await createDatabase(t, { migrated: false }))
  const idleErrors: Error[] = []
  const onIdleError = (error: Error) => idleErrors.push(error)
  const connections = openConnections({ connectionString: proxy.url, max, ...PATIENCE, ...patience, onIdleError })
  t.teardown(async () => {
    await proxy.become('pass')
    await Promise.all([connections.pool.end(), connections.reads.end(), connections.writes.end()])
  })
  const ask = async (text: string, values: readonly unknown[] = [], name = '') => {
    const { rows } = await connections[runner].query<{ answer: unknown }>({
      text,
      values: [...values],
      ...(name && { name }),
    })
    return rows[0]?.answer
  }
  return { ...connections, ask, proxy, idleErrors }
}

const echo = (value: unknown) => ['SELECT $1::integer AS answer', [value], 'echo'] as const

/** What became of each: its answer, or the code of its error. */
async function outcomes(answers: Promise<unknown>[]) {
  const settled = await Promise.allSettled(answers)
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))
}

const cut = ({ pool }: Connections) =>
  pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'neptun-projects-resources' AND datname = current_database() AND pid <> pg_backend_pid()`)

t.test('each gets the answer to its own question, whatever becomes of those around it', async (t) => {
  const { ask, reads } = await open(t)
  const numbers = Array.from({ length: 300 }, (_, index) => index)
  // Every third fails when it runs, every seventh when it is parsed.
  const answers = numbers.map((number) => {
    if (number % 3 === 0) return ask('SELECT 1 / $1::integer AS answer', [0], 'divide')
    if (number % 7 === 0) return ask(`SELECT nothing_${number} AS answer`)
    return ask(...echo(number))
  })
  const expected = numbers.map((number) => (number % 3 === 0 ? '22012' : number % 7 === 0 ? '42703' : number))
  t.same(await outcomes(answers), expected)
  t.same([reads.totalCount, reads.idleCount], [1, 1], 'over one connection')
})

t.test('a statement that cannot be prepared is tried anew', async (t) => {
  const { ask, pool } = await open(t)
  const question = ['SELECT count(*)::integer AS answer FROM later', [], 'later'] as const
  const [first] = await outcomes([ask(...question), ask(...question)])
  t.equal(first, '42P01')
  await pool.query('CREATE TABLE later ()')
  t.same(await outcomes([ask(...question), ask(...question)]), [0, 0])
})

t.test('further connections are opened when there is a load, as many as there may be', async (t) => {
  const { ask, reads } = await open(t, { max: 20 })
  t.equal(reads.totalCount, 0, 'none before it is needed')
  await ask(...echo(1))
  t.equal(reads.totalCount, 1)
  const load = async () => {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => ask('SELECT pg_sleep(0.001)::text AS answer', [], `${index}`)),
    )
    return reads.totalCount === 3
  }
  await until(load, 'three')
  await load()
  t.same([reads.totalCount, reads.idleCount], [3, 3], 'and no more')
})

/** Until there are three connections. */
async function wake({ ask, reads }: Awaited<ReturnType<typeof open>>) {
  const load = () => Promise.all(Array.from({ length: 50 }, () => ask('SELECT pg_sleep(0.001)::text AS answer')))
  await until(async () => (await load()) && reads.totalCount === 3, 'three connections')
}

t.test('a few questions at a time are asked on one connection, more wake the next ones', async (t) => {
  const service = await open(t, { max: 9 })
  await wake(service)
  const { ask, reads } = service
  // Should this process lose the processor in between, the next connection is woken earlier.
  const busy = async (count: number) => {
    const answers = Promise.all(Array.from({ length: count }, (_, number) => ask(...echo(number))))
    const found = reads.totalCount - reads.idleCount
    await answers
    return found
  }
  for (const [count, expected] of [1, 1, 1, 1, 2, 2, 2, 2, 3].entries()) {
    await until(async () => (await busy(count + 1)) === expected, `${count + 1} on ${expected}`)
  }
})

t.test('nobody is sent behind a question that is not answered at once', async (t) => {
  const service = await open(t, { max: 9 })
  await wake(service)
  const { ask, reads } = service
  const slow = ask('SELECT pg_sleep(0.3)::text AS answer')
  await sleep(20)
  const other = ask(...echo(1))
  t.equal(reads.idleCount, 1, 'it has a connection of its own')
  await other
  t.equal(reads.idleCount, 2)
  await slow
})

t.test('a connection that is cut takes along what waits on it, and the next question opens another', async (t) => {
  const service = await open(t, { max: 6 })
  const { ask, reads, idleErrors } = service
  await ask(...echo(1))
  const waiting = outcomes([
    ask('SELECT pg_sleep(60)::text AS answer'),
    ...[1, 2, 3].map((number) => ask(...echo(number))),
  ])
  await until(() => reads.totalCount > 0 && reads.idleCount < reads.totalCount, 'they are under way')
  await cut(service)
  const codes = await waiting
  t.equal(codes[0], 'DATABASE_UNAVAILABLE')
  for (const code of codes) t.ok(code === 'DATABASE_UNAVAILABLE' || typeof code === 'number', `${code}`)
  await until(() => reads.totalCount === 0, 'both are gone')
  t.equal(await ask(...echo(4)), 4)
  t.ok(idleErrors.length <= 1, 'whoever was told of the loss is enough')

  await cut(service)
  await until(() => reads.totalCount === 0, 'one that is idle is gone too')
  t.match(idleErrors.at(-1), { code: '57P01' }, 'which is told')
  t.equal(await ask(...echo(5)), 5)
})

t.test('a database that says nothing is given up, by everybody at once', async (t) => {
  const { ask, reads, proxy } = await open(t, { answerTimeout: 200, connectTimeout: 200 })
  await ask(...echo(1))
  await proxy.become('hang')
  const answers = await Promise.allSettled([1, 2, 3].map((number) => ask(...echo(number))))
  for (const answer of answers) {
    const { reason } = answer as PromiseRejectedResult
    t.ok(reason instanceof ApiError)
    t.match(reason, { code: 'DATABASE_UNAVAILABLE', retryAfter: 1, message: /nothing was stored/ })
  }
  t.equal(reads.totalCount, 0)
  t.same(await outcomes([ask(...echo(1)), ask(...echo(2))]), ['DATABASE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'])
  await proxy.become('pass')
  t.equal(await ask(...echo(6)), 6)
})

t.test('what was sent behind a question that takes long is asked elsewhere', async (t) => {
  const service = await open(t, { max: 9 })
  await wake(service)
  const { ask } = service
  let isOver = false
  const slow = ask('SELECT pg_sleep(1)::text AS answer').then(() => {
    isOver = true
  })
  const isLate = await Promise.all(Array.from({ length: 300 }, (_, number) => ask(...echo(number)).then(() => isOver)))
  await slow
  t.equal(isLate.filter(Boolean).length, 0, 'of 300 none had to wait for it')
})

t.test('to wait until it is sent and to wait behind others is one wait', async (t) => {
  const service = await open(t, { connectTimeout: 2000 })
  const { ask, reads } = service
  await ask(...echo(1))
  const first = ask('SELECT pg_sleep(1.5)::text AS answer')
  const endless = outcomes(Array.from({ length: 11 }, () => ask('SELECT pg_sleep(60)::text AS answer')))
  const last = outcomes([ask(...echo(2))])
  t.equal(reads.waitingCount, 1)
  await first
  t.equal(reads.waitingCount, 0, 'the last one is sent')
  const given = await Promise.race([last, sleep(1250, ['still waiting'])])
  t.same(given, ['DATABASE_UNAVAILABLE'])
  await cut(service)
  await endless
})

t.test('answers that come late come to nobody else', async (t) => {
  const { ask } = await open(t, { connectTimeout: 200 })
  await ask(...echo(1))
  const slow = ask('SELECT pg_sleep(0.6)::text AS answer')
  t.same(await outcomes([1, 2, 3].map((number) => ask(...echo(number)))), Array(3).fill('DATABASE_UNAVAILABLE'))
  const next = await outcomes([ask(...echo(7)), slow])
  t.ok(next[0] === 7 || next[0] === 'DATABASE_UNAVAILABLE', `${next[0]}`)
  t.equal(next[1], '', 'the slow one was not given up')
  t.equal(await ask(...echo(8)), 8)
})

t.test('a statement at its limit ends the wait of those behind it', async (t) => {
  const { ask, reads } = await open(t, { statementTimeout: 200 })
  await ask(...echo(1))
  const slow = Array.from({ length: 20 }, () => ask('SELECT pg_sleep(60)::text AS answer'))
  t.same(await outcomes(slow), Array(20).fill('DATABASE_UNAVAILABLE'))
  t.equal(reads.totalCount, 0)
  t.equal(await ask(...echo(9)), 9)
})

t.test('the end waits for what is under way, and lets nothing in', async (t) => {
  const { ask, reads } = await open(t)
  await ask(...echo(1))
  const last = outcomes([ask('SELECT pg_sleep(0.2)::text AS answer'), ask(...echo(2))])
  await reads.end()
  t.same(await last, ['', 2])
  t.equal(reads.totalCount, 0)
  t.same(await outcomes([ask(...echo(3))]), ['DATABASE_UNAVAILABLE'])
})

t.test(
  'of those that write, so many are sent, and the others are never heard of if they must wait too long',
  async (t) => {
    const { ask, writes, pool } = await open(t, { runner: 'writes', connectTimeout: 300 })
    await pool.query('CREATE TABLE written (number integer)')
    await ask(...echo(1))
    const slow = ask('SELECT pg_sleep(0.8)::text AS answer')
    const write = (number: number) =>
      ask('INSERT INTO written VALUES ($1::integer) RETURNING number AS answer', [number], 'write')
    const numbers = Array.from({ length: 11 }, (_, number) => number)
    const answers = numbers.map(write)
    const others = Array.from({ length: 5 }, () => write(-1))
    t.equal(writes.waitingCount, 5, 'twelve are under way')
    const refused = await Promise.allSettled(others)
    for (const answer of refused) {
      const { reason } = answer as PromiseRejectedResult
      t.match(reason, { code: 'DATABASE_UNAVAILABLE', message: /nothing was stored/ })
    }
    t.same(await outcomes([slow, ...answers]), ['', ...numbers])
    const { rows } = await pool.query('SELECT number FROM written ORDER BY number')
    t.same(
      rows.map(({ number }) => number),
      numbers,
      'nothing was stored of what was refused',
    )
  },
)

t.test('what waits is sent, in its order, as soon as there is room', async (t) => {
  const { ask } = await open(t, { runner: 'writes' })
  const order: number[] = []
  const numbers = Array.from({ length: 100 }, (_, number) => number)
  await Promise.all(numbers.map(async (number) => order.push((await ask(...echo(number))) as number)))
  t.same(order, numbers)
})

t.test('a change that was sent over a connection that is lost may have been stored', async (t) => {
  const { ask, proxy } = await open(t, { runner: 'writes', connectTimeout: 1000 })
  await ask(...echo(1))
  const answers = Array.from({ length: 14 }, () => ask('SELECT pg_sleep(60)::text AS answer'))
  await proxy.become('refuse')
  const messages = (await Promise.allSettled(answers)).map((one) => (one as PromiseRejectedResult).reason.message)
  const [sent, others] = [messages.slice(0, 12), messages.slice(12)]
  for (const message of sent) t.match(message, /may or may not have been stored/)
  for (const message of others) t.match(message, /nothing was stored/, 'what was never sent was not')
})

t.test('a change that waits for a lock as long as it may leaves those behind it alone', async (t) => {
  const { ask, writes, pool } = await open(t, { runner: 'writes', lockTimeout: 200 })
  await pool.query('CREATE TABLE locked (number integer)')
  const client = await pool.connect()
  await client.query('BEGIN; LOCK TABLE locked')
  const answers = outcomes([ask('INSERT INTO locked VALUES (1)'), ask(...echo(1)), ask(...echo(2))])
  t.same(await answers, ['DATABASE_UNAVAILABLE', 1, 2])
  await client.query('ROLLBACK')
  client.release()
  t.same([writes.totalCount, writes.idleCount], [1, 1], 'over the same connection')
})

t.test('a pause of the service itself is no silence of the database', async (t) => {
  const { ask, reads } = await open(t, { answerTimeout: 300 })
  await ask(...echo(1))
  const answer = ask('SELECT pg_sleep(0.05)::text AS answer')
  await sleep(10)
  const end = performance.now() + 1000
  while (performance.now() < end);
  t.equal(await answer, '')
  t.equal(reads.totalCount, 1)
})
