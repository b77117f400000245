import { execFileSync, spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import { createProgram, runProgram } from '../../src/cli/command.js'
import { addSessionCommands } from '../../src/cli/session.js'
import { databaseOptions, loadConfig } from '../../src/config.js'
import { openDatabase, withClient } from '../../src/database/database.js'
import { describeConnectionError } from '../../src/database/errors.js'
import { applyMigrations } from '../../src/database/migrations.js'
import { resources, startApp, type TestApp, until } from '../support/app.js'
import { createDatabase } from '../support/database.js'

const IMPORTS = resources('/imports')
const LOCAL = { source_type: 'local', source_path: '/srv/app' }

/** Creates a database, and makes these settings its defaults for new connections. */
async function createDatabaseWith(t: Test, settings: string[]): Promise<string> {
  const url = await createDatabase(t, { migrated: false })
  const name = new URL(url).pathname.slice(1)
  await administer(url, ...settings.map((setting) => `ALTER DATABASE ${name} SET ${setting}`))
  return url
}

async function administer(url: string, ...statements: string[]) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

/** Applies the migrations to a database, and starts the service on it. */
async function startOn(t: Test, url: string, settings = {}): Promise<TestApp> {
  await applyMigrations(url)
  return await startApp(t, settings, { databaseUrl: () => url, migratedUrl: url })
}

/** Runs a command of the command line on a database. */
async function cli(url: string, ...args: string[]) {
  const program = createProgram()
  addSessionCommands(program)
  let out = ''
  program.configureOutput({ writeOut: (text) => (out += text), writeErr: () => {} })
  for (const command of program.commands.flatMap((group) => [group, ...group.commands])) {
    command.configureOutput(program.configureOutput())
  }
  process.env['DATABASE_URL'] = url
  const code = await runProgram(program, args)
  delete process.env['DATABASE_URL']
  return { code, out: out.trim() }
}

for (const [setting, settings] of [
  ['a time zone east of UTC', ["TimeZone = 'Europe/Berlin'"]],
  ['a time zone west of UTC', ["TimeZone = 'America/New_York'"]],
  ['a German DateStyle', ["DateStyle = 'German, DMY'"]],
  ['serializable as the default isolation level', ["default_transaction_isolation = 'serializable'"]],
  ['repeatable read as the default isolation level', ["default_transaction_isolation = 'repeatable read'"]],
] as const) {
  t.test(`the service works in a database with ${setting}`, async (t) => {
    const url = await createDatabaseWith(t, [...settings])
    const service = await startOn(t, url)
    const { call } = service

    const output = await cli(url, 'session', 'create', '--user', '1', '--ttl', '1h', '--json')
    const session = JSON.parse(output.out)
    const remaining = new Date(session.expires_at).getTime() - Date.now()
    t.ok(remaining > 3_500_000 && remaining <= 3_600_000, `the session lasts an hour (${remaining} ms)`)
    t.equal((await call('GET', IMPORTS, { token: session.token })).status, 200)
    t.match((await cli(url, 'session', 'list', '--user', '1')).out, /live/)

    const before = Date.now()
    const created = await Promise.all(Array.from({ length: 30 }, () => call('POST', IMPORTS, { body: LOCAL })))
    t.same(new Set(created.map(({ status }) => status)), new Set([201]), '30 concurrent creates')
    for (const { body } of created) {
      const age = new Date(body.import.created_at).getTime() - before
      t.ok(Math.abs(age) < 60_000, 'created_at is the current time')
    }
    t.equal((await call('GET', IMPORTS)).body.imports.length, 30)
    const one = `${IMPORTS}/${created[0]?.body.import.id}`
    const changes = await Promise.all(
      Array.from({ length: 10 }, (_, index) => call('PUT', one, { body: { title: `${index}` } })),
    )
    t.same(new Set(changes.map(({ status }) => status)), new Set([200]), '10 concurrent changes of one import')
    const etag = (await call('GET', one)).headers.get('etag') ?? ''
    t.equal((await call('DELETE', one, { headers: { 'if-match': etag } })).status, 204, 'the current ETag matches')
  })
}

t.test('the tables are found in the first schema of the search_path', async (t) => {
  const url = await createDatabase(t, { migrated: false })
  await administer(url, 'CREATE SCHEMA app')
  const inSchema = `${url}?options=${encodeURIComponent('-c search_path=app')}`
  const service = await startOn(t, inSchema)
  const created = await service.call('POST', IMPORTS, { body: LOCAL })
  t.equal(created.status, 201)
  t.equal((await service.call('GET', `${IMPORTS}/${created.body.import.id}`)).status, 200)
  t.match((await cli(inSchema, 'session', 'list', '--user', '1')).out, /live/, 'the command line finds the tables, too')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(`SELECT schemaname FROM pg_tables WHERE tablename = 'imports'`)
  await client.end()
  t.same(rows, [{ schemaname: 'app' }])
})

/** Creates a database whose lower() maps "I" to a dotless "i". */
async function createTurkishDatabase(t: Test): Promise<string> {
  const url = await createDatabase(t, { migrated: false })
  const name = `turkish_${randomUUID().replaceAll('-', '')}`
  const locale = `LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C' ENCODING 'UTF8'`
  await administer(url, `CREATE DATABASE ${name} TEMPLATE template0 ${locale}`)
  t.teardown(() => administer(url, `DROP DATABASE ${name} WITH (FORCE)`))
  return Object.assign(new URL(url), { pathname: `/${name}` }).href
}

t.test('GitHub names are case-insensitive, also in a database with a Turkish locale', async (t) => {
  const url = await createTurkishDatabase(t)
  const secret = 'a webhook secret'
  await applyMigrations(url)
  const service = await startApp(t, { GITHUB_WEBHOOK_SECRET: secret }, { databaseUrl: () => url, migratedUrl: url })
  const { call, sql } = service
  t.same(
    await sql(`SELECT lower('IBM') AS lower`),
    [{ lower: 'ıbm' }],
    'in this locale, lower() does not map IBM to ibm',
  )
  await sql(`UPDATE github_installations SET account_name = 'IBM' WHERE id = 123`)
  const create = (source_path: string) => call('POST', IMPORTS, { body: { source_type: 'github', source_path } })
  const paths = ['ibm/mini', 'IBM/MINI', 'Ibm/Other']
  const created = await Promise.all(paths.map(create))
  t.same(
    created.map(({ status }) => status),
    [201, 201, 201],
  )
  const list = async () => {
    const { body, headers } = await call('GET', IMPORTS)
    t.equal(headers.get('x-imports-withheld'), null)
    return body.imports.map((one: { source_path: string }) => one.source_path).sort()
  }
  t.same(await list(), [...paths].sort())
  const duplicates = await call('POST', `${IMPORTS}/preview`, {
    body: { source_type: 'github', source_path: 'ibm/MINI' },
  })
  t.same(
    duplicates.body.duplicates.sort(),
    created
      .slice(0, 2)
      .map(({ body }) => body.import.id)
      .sort(),
  )
  const title = { body: { title: 'IıİI' } }
  t.equal((await call('PUT', `${IMPORTS}/${created[0]?.body.import.id}`, title)).status, 200)

  const deliver = async (event: string, payload: object) => {
    const body = JSON.stringify({ action: 'renamed', installation: { id: 456789 }, ...payload })
    const headers = {
      'x-github-event': event,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    }
    return (await call('POST', '/webhooks/github', { token: null, body, headers })).status
  }
  const repository = { id: 1, full_name: 'IBM/new', name: 'new', owner: { login: 'IBM' } }
  const renamed = { repository, changes: { repository: { name: { from: 'Mini' } } } }
  t.equal(await deliver('repository', renamed), 200)
  t.same(await list(), ['IBM/new', 'IBM/new', 'Ibm/Other'])
  const account = { id: 2, login: 'Big' }
  const target = { account, target_type: 'Organization', changes: { login: { from: 'iBM' } } }
  t.equal(await deliver('installation_target', target), 200)
  t.same(await list(), ['Big/Other', 'Big/new', 'Big/new'])
})

t.test('the index on GitHub paths serves the queries that compare them', async (t) => {
  const url = await createDatabase(t)
  const rows = await withClient(url, async (client) => {
    await client.query('SET enable_seqscan = off; SET enable_bitmapscan = off')
    return (
      await client.query(`EXPLAIN SELECT id FROM imports WHERE source_type = 'github' AND neptun_user_id = ANY('{1,2}')
        AND lower(source_path COLLATE "C") = lower('IBM/x' COLLATE "C")`)
    ).rows
  })
  t.match(rows.map((row) => row['QUERY PLAN']).join('\n'), 'imports_github_path_idx')
})

t.test('a database with an encoding other than UTF-8 is rejected, and the error names the encoding', async (t) => {
  const url = await createDatabase(t, { migrated: false })
  const name = `latin_${randomUUID().replaceAll('-', '')}`
  await administer(url, `CREATE DATABASE ${name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`)
  t.teardown(() => administer(url, `DROP DATABASE ${name}`))
  const latin = Object.assign(new URL(url), { pathname: `/${name}` }).href
  const options = databaseOptions(loadConfig({ DATABASE_URL: latin }), { warn() {} })
  await t.rejects(openDatabase(options), { message: 'server_encoding is LATIN1, but must be UTF8' })
})

t.test('PostgreSQL before version 15 is rejected, and the error names the version', async (t) => {
  const url = await createDatabase(t, { migrated: false })
  // This function precedes that of pg_catalog in the search_path, and reports another version.
  const version = `CREATE FUNCTION former.current_setting(text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE $1 WHEN 'server_version_num' THEN '140019' ELSE '14.19 (Debian 14.19-1)' END $$`
  await administer(url, 'CREATE SCHEMA former', version)
  const former = `${url}?options=${encodeURIComponent('-c search_path=former,pg_catalog,public')}`
  const options = databaseOptions(loadConfig({ DATABASE_URL: former }), { warn() {} })
  const message = 'PostgreSQL 15 or later is required, but the server has 14.19 (Debian 14.19-1)'
  await t.rejects(openDatabase(options), { message })
})

const skip = isInstalled('pgbouncer') ? false : 'PgBouncer is not installed here'

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Starts PgBouncer in transaction mode in front of a database. */
async function startPgBouncer(t: Test, databaseUrl: string): Promise<string> {
  const folder = t.testdir()
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const listen = (probe.address() as { port: number }).port
  await new Promise((resolve) => probe.close(resolve))
  await writeFile(join(folder, 'users.txt'), `"${username}" "${decodeURIComponent(password)}"\n`)
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listen}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${folder}/users.txt
pool_mode = transaction
default_pool_size = 3
`,
  )
  await chmod(folder, 0o755)
  // PgBouncer refuses to run as root.
  const isRoot = process.getuid?.() === 0
  const child = spawn('pgbouncer', [...(isRoot ? ['-u', 'nobody'] : []), join(folder, 'pgbouncer.ini')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let log = ''
  child.stderr.on('data', (chunk) => (log += chunk))
  await until(() => /process up/.test(log), 'PgBouncer listens')
  return `postgres://${username}:${password}@127.0.0.1:${listen}${pathname}?pgbouncer=true`
}

t.test('the service works through PgBouncer in transaction mode', { skip }, async (t) => {
  const url = await createDatabaseWith(t, ["TimeZone = 'Europe/Berlin'", "DateStyle = 'German, DMY'"])
  const pooled = await startPgBouncer(t, url)
  const service = await startOn(t, pooled)
  const { call } = service
  const created = await Promise.all(Array.from({ length: 40 }, () => call('POST', IMPORTS, { body: LOCAL })))
  t.same(new Set(created.map(({ status }) => status)), new Set([201]), '40 creates over 3 server connections')
  const file = { title: 'a', text: 'b', language: 'c', extension: 'd' }
  const files = await Promise.all(
    Array.from({ length: 20 }, () => call('POST', resources('/user-files'), { body: file })),
  )
  t.same(new Set(files.map(({ status }) => status)), new Set([201]), '20 transactions')
  const reads = await Promise.all(Array.from({ length: 60 }, () => call('GET', IMPORTS)))
  for (const { status, body } of reads) t.same([status, body.imports.length], [200, 40])
  const one = `${IMPORTS}/${created[0]?.body.import.id}`
  t.equal((await call('PUT', one, { body: { title: 'x' } })).body.import.title, 'x')
  const age = Date.now() - new Date(created[0]?.body.import.created_at).getTime()
  t.ok(Math.abs(age) < 60_000, 'the time zone of the database does not matter')
  t.equal((await call('DELETE', one)).status, 204)
  t.equal((await call('GET', '/health/ready', { token: null })).status, 200)
  const token = (await cli(pooled, 'session', 'create', '--user', '1', '--ttl', '1h')).out
  t.equal((await call('GET', IMPORTS, { token })).status, 200, 'a session that the command line created')
})

t.test(
  'a URL to PgBouncer without pgbouncer=true is rejected, and the error names the parameter',
  { skip },
  async (t) => {
    const pooled = await startPgBouncer(t, await createDatabase(t))
    const options = databaseOptions(loadConfig({ DATABASE_URL: pooled.replace('?pgbouncer=true', '') }), { warn() {} })
    const failure = await openDatabase(options).then(
      () => new Error('no error'),
      (error: Error) => error,
    )
    const hint =
      /^unsupported startup parameter(: options| in options: \S+): behind PgBouncer, add pgbouncer=true to the URL$/
    t.match(describeConnectionError(failure), hint)
  },
)

t.test('behind PgBouncer, settings that the service cannot set itself are checked at startup', { skip }, async (t) => {
  const url = await createDatabaseWith(t, ["default_transaction_isolation = 'serializable'"])
  const pooled = await startPgBouncer(t, url)
  const options = databaseOptions(loadConfig({ DATABASE_URL: pooled, MAX_PROJECT_BYTES: '5000' }), { warn() {} })
  const message = 'default_transaction_isolation is serializable, but must be read committed'
  await t.rejects(openDatabase(options), { message })
  const name = new URL(url).pathname.slice(1)
  await administer(url, `ALTER DATABASE ${name} RESET ALL`)
  await administer(
    url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  )
  await t.rejects(openDatabase(options), { message: 'neptun.max_project_bytes is not set, but must be 5000' })
})
