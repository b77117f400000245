import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { applyMigrations } from '../../src/database/migrations.js'
import { type AppResponse, OWNER, resources, startApp, until } from '../support/app.js'
import { root } from '../support/compiled.js'
import { NO_PROGRAMS, PROGRAMS, startInstalledPostgres } from '../support/installed-postgres.js'

const IMPORTS = resources('/imports')
const FILES = resources('/user-files')

/** Terminates all connections of the service, including that of the readiness check. */
const TERMINATE_SERVICE = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name LIKE 'neptun-projects-resources%' AND datname = current_database()`

/** A replacement for `docker` that runs the commands of `docker compose exec -T postgres` here. */
const DOCKER = `#!/bin/sh
[ "$1 $2 $3 $4" = "compose exec -T postgres" ] || { echo "unexpected: docker $*" >&2; exit 2; }
shift 4
exec "$@"
`

/** Returns the commands in docs/deployment.md, and a function that runs one of them in a shell. */
async function readCommands(t: Test, url: string) {
  const page = await readFile(join(root, 'docs/deployment.md'), 'utf8')
  const blocks = page.slice(page.indexOf('## Backup and restore')).matchAll(/```bash\n([^`]*)```/g)
  const [[backup = '', restore = ''] = [], dataOnly = []] = [...blocks].map(([, block = '']) =>
    block.trim().split('\n'),
  )
  const folder = t.testdir()
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin/docker'), DOCKER)
  await chmod(join(folder, 'bin/docker'), 0o755)
  const { hostname, port, password } = new URL(url)
  const env = {
    PATH: `${join(folder, 'bin')}:${PROGRAMS}:${process.env['PATH']}`,
    PGHOST: hostname,
    PGPORT: port,
    PGPASSWORD: password,
  }
  const run = (command: string) => promisify(execFile)('sh', ['-c', command], { cwd: folder, env })
  return { backup, restore, dataOnly, run }
}

t.test('the documented backup and restore work while the service is running', { skip: NO_PROGRAMS }, async (t) => {
  const { url: migratedUrl } = await startInstalledPostgres(t)
  await applyMigrations(migratedUrl)
  const settings = { DATABASE_POOL_SIZE: '4', DATABASE_LOCK_TIMEOUT: '500' }
  const { url, log } = await startApp(t, settings, { migratedUrl })
  const headers = { cookie: `neptun-session=${OWNER.token}`, 'content-type': 'application/json' }
  const send = async (method: string, path: string, body?: object): Promise<Pick<AppResponse, 'status' | 'body'>> => {
    const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    return { status: response.status, body: await response.json() }
  }
  const create = (title: string) => send('POST', IMPORTS, { source_type: 'local', source_path: '/srv/app', title })
  const createFile = () => send('POST', FILES, { title: 'a', text: 'b', language: 'c', extension: 'd' })
  const titles = async () => (await send('GET', IMPORTS)).body.imports.map(({ title }: { title: string }) => title)
  // Sends enough concurrent requests that every connection of the pool prepares their statements.
  const warm = () => Promise.all([1, 2, 3, 4].flatMap(() => [send('GET', IMPORTS), send('GET', FILES), createFile()]))

  const { backup, restore, run } = await readCommands(t, migratedUrl)
  t.match([backup, restore], [/ pg_dump /, / pg_restore /])
  t.equal((await create('before')).status, 201)
  await warm()
  await run(backup)
  t.equal((await create('after')).status, 201)
  await warm()

  const statuses = new Map<string, number>()
  let isDone = false
  const client = async (request: () => Promise<{ status: number; body: { code?: string } }>) => {
    while (!isDone) {
      const { status, body } = await request()
      const kind = `${status} ${body.code ?? ''}`.trim()
      statuses.set(kind, (statuses.get(kind) ?? 0) + 1)
    }
  }
  const clients = [
    client(() => send('GET', IMPORTS)),
    client(() => send('GET', FILES)),
    client(createFile),
    client(() => create('during')),
    client(() => send('GET', '/health/ready')),
  ]
  await run(restore).finally(() => {
    isDone = true
  })
  await Promise.all(clients)
  t.same(
    [...statuses.keys()].filter((kind) => !['200', '201', '503 DATABASE_UNAVAILABLE'].includes(kind)),
    [],
    JSON.stringify([...statuses]),
  )
  const remaining = await titles()
  t.equal(remaining[0], 'before')
  t.notOk(remaining.includes('after'), 'after the restore, the import that was created after the backup does not exist')
  const results = (await warm()).map(({ status }) => status)
  t.same(results, Array.from({ length: 4 }, () => [200, 200, 201]).flat())
  t.equal((await send('GET', '/health/ready')).status, 200)
  t.notMatch(log.join(''), /"level":60/)
})

t.test('a backup and restore of only the data keeps all rows and counters', { skip: NO_PROGRAMS }, async (t) => {
  const { url: migratedUrl } = await startInstalledPostgres(t)
  await applyMigrations(migratedUrl)
  const { call, sql } = await startApp(t, {}, { migratedUrl })
  for (let number = 0; number < 3; number += 1) {
    await call('POST', IMPORTS, { body: { source_type: 'local', source_path: '/srv/app' } })
    await call('POST', FILES, { body: { title: 'a', text: 'b', language: 'c', extension: 'd' } })
  }
  const rows = async () => [
    await sql('SELECT * FROM projects ORDER BY id'),
    await sql('SELECT * FROM imports ORDER BY id'),
    await sql('SELECT * FROM project_user_files ORDER BY id'),
  ]
  const before = await rows()
  const { run, dataOnly } = await readCommands(t, migratedUrl)
  t.match(dataOnly, [/pg_dump/, /TRUNCATE/, /--data-only/])
  for (const command of dataOnly) await run(command)
  t.same(await rows(), before)
})

t.test('statements are prepared again after the schema was replaced', async (t) => {
  const { call, sql, databaseUrl, reset } = await startApp(t, { DATABASE_POOL_SIZE: '1' })
  const body = { source_type: 'local', source_path: '/srv/app' }
  const file = { title: 'a', text: 'b', language: 'c', extension: 'd' }
  const calls: [method: string, path: string, options: object, expected: number][] = [
    ['GET', IMPORTS, {}, 200],
    ['POST', IMPORTS, { body }, 201],
    ['POST', FILES, { body: file }, 201],
    ['GET', FILES, {}, 200],
    ['GET', '/health/ready', { token: null }, 200],
  ]
  for (const [method, path, options, expected] of calls) {
    for (const [method, path, options] of calls) await call(method, path, options)
    await sql('DROP SCHEMA public CASCADE')
    t.equal((await call('GET', '/health/ready', { token: null })).status, 503, 'not ready without the schema')
    t.equal((await call('GET', IMPORTS)).status, 503)
    await sql('CREATE SCHEMA public')
    await applyMigrations(databaseUrl)
    await reset()
    t.equal((await call(method, path, options)).status, expected, `${method} ${path} as the first call`)
  }
})

t.test('readiness is 503 in a read-only database', async (t) => {
  const { call, sql, databaseUrl } = await startApp(t, { DATABASE_POOL_SIZE: '1' })
  const ready = async () => {
    const { status, body } = await call('GET', '/health/ready', { token: null })
    return [status, body.message ?? body.status]
  }
  t.same(await ready(), [200, 'ok'])
  const name = new URL(databaseUrl).pathname.slice(1)
  await sql(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  await sql(TERMINATE_SERVICE)
  let response = await ready()
  await until(async () => {
    if (response[1] === 'The database is unavailable') response = await ready()
    return response[1] !== 'The database is unavailable'
  }, 'the service has a new connection')
  t.same(response, [503, 'The database is read-only'])
  await sql(`SET default_transaction_read_only = off`)
  await sql(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
  t.same(await ready(), [200, 'ok'], 'after a failed check, the next one opens a new connection, as failovers require')
})

t.test('checks of the readiness share a connection until it is 30 s old', async (t) => {
  const { call, sql, databaseUrl } = await startApp(t)
  const check = async () => (await call('GET', '/health/ready', { token: null })).status
  const connections = () =>
    sql(`SELECT pid FROM pg_stat_activity
      WHERE application_name = 'neptun-projects-resources-readiness' AND datname = current_database()`)
  t.equal(await check(), 200)
  const first = await connections()
  t.equal(first.length, 1)
  const name = new URL(databaseUrl).pathname.slice(1)
  await sql(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  await sleep(2000)
  t.equal(await check(), 200)
  t.strictSame(await connections(), first)
  await until(async () => (await check()) === 503, 'a new connection is read-only', 35_000)
  await sql(`SET default_transaction_read_only = off`)
  await sql(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
  t.equal(await check(), 200)
})

t.test('a database that accepts no connections is a 503', async (t) => {
  const { call, sql } = await startApp(t)
  const accept = (accepts: boolean) =>
    sql(`UPDATE pg_database SET datallowconn = ${accepts} WHERE datname = current_database()`)
  await accept(false)
  await sql(TERMINATE_SERVICE)
  for (const path of [IMPORTS, '/health/ready', IMPORTS]) {
    const { status, body } = await call('GET', path)
    t.strictSame([status, body.code], [503, 'DATABASE_UNAVAILABLE'], path)
  }
  await accept(true)
  t.equal((await call('GET', IMPORTS)).status, 200)
})
