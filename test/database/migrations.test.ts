import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import t, { type Test } from 'tap'
import { findFreePort } from '../../dev/port.js'
import { diffToSchema } from '../../prisma/engine.js'
import { applyMigrations, checkMigrations, MigrationError } from '../../src/database/migrations.js'
import { errorBody, resources, until } from '../support/app.js'
import { compiled, root } from '../support/compiled.js'
import { createDatabase } from '../support/database.js'

const folder = new URL('../../prisma/migrations/', import.meta.url)
const entries = await readdir(folder, { withFileTypes: true })
const names = entries
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort()
const checksums = await Promise.all(
  names.map(async (name) => {
    const file = await readFile(new URL(`${name}/migration.sql`, folder))
    return createHash('sha256').update(file).digest('hex')
  }),
)
const first = names[0] as string
const all = names.join(', ')

const TABLES = `
  SELECT relname AS name FROM pg_class
  WHERE relkind IN ('r', 'S', 'i') AND relnamespace = 'public'::regnamespace ORDER BY 1`

/** Creates a database without tables, and a client that is closed after the test. */
async function startEmpty(t: Test) {
  const url = await createDatabase(t, { migrated: false })
  const client = await connect(t, url)
  const sql = async (text: string, values: unknown[] = []) => (await client.query(text, values)).rows
  const history = () => sql('SELECT * FROM _prisma_migrations ORDER BY started_at, migration_name')
  return { url, sql, history }
}

async function connect(t: Test, url: string) {
  const client = new pg.Client({ connectionString: url, application_name: 'test' })
  await client.connect()
  t.teardown(() => client.end())
  return client
}

t.test('all migrations are applied to an empty database, and none to an up-to-date one', async (t) => {
  const { url, sql, history } = await startEmpty(t)
  t.strictSame(await applyMigrations(url), names, 'all migrations are applied, in order')
  const rows = await history()
  t.strictSame(
    rows.map(({ id, started_at, finished_at, ...row }) => row),
    names.map((migration_name, index) => ({
      migration_name,
      checksum: checksums[index],
      logs: null,
      rolled_back_at: null,
      applied_steps_count: 1,
    })),
    'each migration is recorded with the SHA-256 of its file',
  )
  for (const { id, started_at, finished_at } of rows) {
    t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    t.ok(finished_at >= started_at, 'each migration finished after it was started')
  }
  const tables = await sql(TABLES)
  t.strictSame(await applyMigrations(url), [], 'no migration is pending')
  await checkMigrations(url)
  t.strictSame([await history(), await sql(TABLES)], [rows, tables], 'nothing has changed')
})

t.test('instances that start concurrently apply the migrations once', async (t) => {
  const { url, sql, history } = await startEmpty(t)
  const results = await Promise.all(Array.from({ length: 5 }, () => applyMigrations(url)))
  t.strictSame(
    results.sort((one, other) => other.length - one.length),
    [names, [], [], [], []],
    'one instance applies all migrations, and the others none',
  )
  t.strictSame(
    (await history()).map(({ migration_name }) => migration_name),
    names,
    'each migration is recorded once',
  )
  const connected = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
  await until(async () => (await sql(connected)).length === 0, 'no connection is left open')
})

t.test('a modified or unfinished migration is an error that names the migration', async (t) => {
  const { url, sql, history } = await startEmpty(t)
  await applyMigrations(url)
  const contradictions: [change: string, message: string][] = [
    [`checksum = repeat('0', 64)`, `migration ${first} was modified after it was applied`],
    ['finished_at = NULL', `migration ${first} was started but not finished: resolve it manually`],
    [
      `finished_at = NULL, checksum = repeat('0', 64)`,
      `migration ${first} was started but not finished: resolve it manually`,
    ],
  ]
  const [recorded] = await sql('SELECT checksum, finished_at FROM _prisma_migrations WHERE migration_name = $1', [
    first,
  ])
  for (const [change, message] of contradictions) {
    await sql(`UPDATE _prisma_migrations SET ${change} WHERE migration_name = $1`, [first])
    const before = await history()
    await t.rejects(applyMigrations(url), new MigrationError(message), `applyMigrations with ${change}`)
    await t.rejects(checkMigrations(url), new MigrationError(message), `checkMigrations with ${change}`)
    t.strictSame(await history(), before, 'nothing is recorded')
    await sql('UPDATE _prisma_migrations SET checksum = $1, finished_at = $2 WHERE migration_name = $3', [
      recorded.checksum,
      recorded.finished_at,
      first,
    ])
  }
})

t.test('a database with a migration of a newer version of the service is rejected', async (t) => {
  const { url, sql, history } = await startEmpty(t)
  await applyMigrations(url)
  await sql(`
    INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at)
    VALUES (gen_random_uuid(), repeat('0', 64), '99991231235959_newer', now())`)
  const before = await history()
  const error = new MigrationError(
    'the database has migrations of a newer version of the service: 99991231235959_newer',
  )
  await t.rejects(applyMigrations(url), error)
  await t.rejects(checkMigrations(url), error)
  t.strictSame(await history(), before)
})

/** Returns a function that runs the command line from a checkout whose migrations have Windows line endings. */
async function createWindowsCheckout(t: Test) {
  const checkout = t.testdir()
  const migrations = join(checkout, 'prisma/migrations')
  await cp(join(root, 'src'), join(checkout, 'src'), { recursive: true })
  for (const file of ['package.json', 'tsconfig.json']) await cp(join(root, file), join(checkout, file))
  await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'), 'junction')
  for (const name of names) {
    const text = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8')
    await mkdir(join(migrations, name), { recursive: true })
    await writeFile(join(migrations, name, 'migration.sql'), text.replaceAll('\n', '\r\n'))
  }
  return async (databaseUrl: string, ...args: string[]) => {
    const env = { ...process.env, NODE_OPTIONS: '', DATABASE_URL: databaseUrl }
    const command = ['--import', 'tsx', 'src/cli.ts', ...args]
    return (await promisify(execFile)(process.execPath, command, { cwd: checkout, env })).stdout
  }
}

t.test('the line endings of a checkout do not matter when migrations are applied or checked', async (t) => {
  const windows = await createWindowsCheckout(t)
  const fromWindows = await startEmpty(t)
  await windows(fromWindows.url, 'migrate')
  t.strictSame(
    await applyMigrations(fromWindows.url),
    [],
    'migrations that were applied from files with Windows line endings are not pending',
  )
  const other = await startEmpty(t)
  await applyMigrations(other.url)
  t.equal(
    await windows(other.url, 'migrate', '--check'),
    'no pending migrations\n',
    'migrations that were applied from this checkout are not pending in one with Windows line endings',
  )
  const bodies = `SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1`
  t.strictSame(await fromWindows.sql(bodies), await other.sql(bodies), 'both databases have the same functions')

  for (const name of names) {
    const file = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8')
    const checksum = createHash('sha256').update(file.replaceAll('\n', '\r\n')).digest('hex')
    await other.sql('UPDATE _prisma_migrations SET checksum = $1 WHERE migration_name = $2', [checksum, name])
  }
  t.strictSame(
    await applyMigrations(other.url),
    [],
    'migrations that are recorded with the checksums of files with Windows line endings are not pending',
  )
  t.equal(await windows(other.url, 'migrate', '--check'), 'no pending migrations\n')
})

t.test('checkMigrations names the pending migrations, and writes nothing', async (t) => {
  const { url, sql } = await startEmpty(t)
  const pending = new MigrationError(`${names.length} pending migrations: ${all}`)
  await t.rejects(checkMigrations(url), pending)
  t.strictSame(await sql(TABLES), [], 'no table is created, not even the history')
})

t.test('a migration that was rolled back manually is pending again', async (t) => {
  const { url, sql, history } = await startEmpty(t)
  await applyMigrations(url)
  await sql(`DELETE FROM _prisma_migrations`)
  await sql(`CREATE TABLE kept AS SELECT 1`)
  await sql(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, rolled_back_at)
     VALUES (gen_random_uuid(), repeat('0', 64), $1, now())`,
    [first],
  )
  await t.rejects(checkMigrations(url), { message: `${names.length} pending migrations: ${all}` })
  await t.rejects(
    applyMigrations(url),
    { code: '42710' },
    'applying the migration again fails, because its objects still exist',
  )
  t.equal((await history()).length, 1, 'only the rolled-back migration is recorded')
})

t.test('a failing migration is rolled back completely, together with the others', async (t) => {
  const { url, sql } = await startEmpty(t)
  await sql('CREATE TABLE sessions ()')
  await t.rejects(applyMigrations(url), { code: '42P07' })
  t.strictSame(await sql(TABLES), [{ name: 'sessions' }])
  t.strictSame(await sql(`SELECT typname FROM pg_type WHERE typname = 'source_type'`), [], 'no type is left')
  await sql('DROP TABLE sessions')
  t.strictSame(await applyMigrations(url), names, 'without the obstacle, all migrations are applied')
})

/** Backends that wait for the transaction of another client. */
const WAITING = `FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'transactionid'`

t.test('an instance disconnected during a migration leaves no changes, and the next one applies all', async (t) => {
  const { url, sql, history } = await startEmpty(t)
  const blocker = await connect(t, url)
  await blocker.query('BEGIN')
  await blocker.query('CREATE TABLE project_chat_conversations ()')
  const killed = t.rejects(applyMigrations(url), { code: '57P01' }, 'the first instance fails')
  const kill = async () => (await sql(`SELECT pg_terminate_backend(pid) ${WAITING}`)).length > 0
  await until(kill, 'the first instance waits for a lock')
  await killed
  t.strictSame(await sql(TABLES), [], 'no table is left')
  const next = applyMigrations(url)
  await until(async () => (await sql(`SELECT ${WAITING}`)).length > 0, 'the next instance waits for a lock')
  await t.rejects(checkMigrations(url), MigrationError, 'the changes of the next instance are not visible yet')
  await blocker.query('ROLLBACK')
  t.strictSame(await next, names, 'the next instance applies all migrations')
  t.equal((await history()).length, names.length, 'each migration is recorded once')
  await checkMigrations(url)
})

t.test('a wait for another instance to apply the migrations is logged', async (t) => {
  const { url } = await startEmpty(t)
  const other = await connect(t, url)
  await other.query('BEGIN')
  await other.query(`SELECT pg_advisory_xact_lock(hashtext('neptun-projects-resources migrations'))`)
  const messages: string[] = []
  const applied = applyMigrations(url, (message) => messages.push(message))
  await until(() => messages.length > 0, 'the wait is logged')
  t.strictSame(messages, ['waiting for another instance to apply the migrations'])
  await other.query('COMMIT')
  t.strictSame(await applied, names)
})

/** A migration that can be applied again. */
const REPEATABLE = '20261126130000_case_in_one_collation'

/** Creates a database with a pending migration of the `imports` table, and locks this table like pg_dump does. */
async function startBackup(t: Test) {
  const { url, sql } = await startEmpty(t)
  await applyMigrations(url)
  await sql('DELETE FROM _prisma_migrations WHERE migration_name = $1', [REPEATABLE])
  const backup = await connect(t, url)
  await backup.query('BEGIN')
  await backup.query('LOCK TABLE imports IN ACCESS SHARE MODE')
  return { url, sql, finish: () => backup.query('COMMIT') }
}

t.test('a migration during a backup is retried, and does not block other statements for long', async (t) => {
  const { url, sql, finish } = await startBackup(t)
  const messages: string[] = []
  const applied = applyMigrations(url, (message) => messages.push(message))
  await sql(`SET statement_timeout = '8s'`)
  await until(async () => {
    await sql('SELECT count(*) FROM imports')
    return messages.length >= 2
  }, 'the migration is tried twice')
  t.match(
    messages,
    Array(messages.length).fill(/^the migrations could not lock a table \(SQLSTATE 55P03\): retrying in 2000 ms$/),
  )
  await finish()
  t.strictSame(await applied, [REPEATABLE])
})

t.test('while migrations wait for a lock, the service is live but not ready', async (t) => {
  const { url, finish } = await startBackup(t)
  const port = await findFreePort()
  const child = spawn(process.execPath, [compiled('src/server.ts')], {
    cwd: t.testdir(),
    env: { DATABASE_URL: url, PORT: `${port}`, NODE_ENV: 'development' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let log = ''
  child.stdout.on('data', (chunk) => {
    log += chunk
  })
  const send = async (method: string, path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method }).catch(() => undefined)
    return response && { status: response.status, body: await response.json() }
  }
  await until(() => log.includes('could not lock a table'), 'the migration is retried', 30_000)
  t.match(await send('GET', '/health/live'), { status: 200 })
  const migrating = (message: string) => ({ status: 503, body: errorBody(503, 'DATABASE_UNAVAILABLE', message) })
  t.same(await send('GET', '/health/ready'), migrating('The database is being migrated'))
  t.same(await send('POST', resources('/imports')), migrating('The database is being migrated: nothing was stored'))
  await finish()
  await until(async () => (await send('GET', '/health/ready'))?.status === 200, 'the service is ready')
  t.match(log, REPEATABLE)
})

t.test("the migration history has the columns of Prisma's own table", async (t) => {
  const { url, sql } = await startEmpty(t)
  await applyMigrations(url)
  const columns = await sql(`
    SELECT concat_ws(' ', column_name, udt_name, character_maximum_length, is_nullable, column_default) AS column
    FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY ordinal_position`)
  t.strictSame(
    columns.map(({ column }) => column),
    [
      'id varchar 36 NO',
      'checksum varchar 64 NO',
      'finished_at timestamptz YES',
      'migration_name varchar 255 NO',
      'logs text YES',
      'rolled_back_at timestamptz YES',
      'started_at timestamptz NO now()',
      'applied_steps_count int4 NO 0',
    ],
  )
  const keys = await sql(`SELECT pg_get_constraintdef(oid) AS key FROM pg_constraint WHERE contype = 'p'
    AND conrelid = '_prisma_migrations'::regclass`)
  t.strictSame(keys, [{ key: 'PRIMARY KEY (id)' }])
})

t.test('a migrated database matches schema.prisma', async (t) => {
  const { url } = await startEmpty(t)
  await applyMigrations(url)
  t.equal(await diffToSchema(url), '-- This is an empty migration.\n')
})

t.test('duplicate installations of a user are merged into one, with their links', async (t) => {
  const { sql } = await startEmpty(t)
  const merging = names.findIndex((name) => name.endsWith('_github_ids'))
  const apply = async (chosen: string[]) => {
    for (const name of chosen) await sql(await readFile(new URL(`${name}/migration.sql`, folder), 'utf8'))
  }
  await apply(names.slice(0, merging))
  await sql(`
    INSERT INTO users (id, email) VALUES (1, 'a@example.com'), (2, 'b@example.com');
    INSERT INTO projects (id, name, neptun_user_id) VALUES (10, 'a', 1), (11, 'b', 1), (12, 'c', 1), (20, 'd', 2);
    INSERT INTO github_installations
      (id, installation_id, account_name, repository_selection, github_account_id, suspended_at, neptun_user_id)
    VALUES (1, 500, 'old', 'all', '77', '2025-01-01', 1), (2, 500, 'older', 'all', NULL, NULL, 1), (3, 500, 'new', 'selected', NULL, NULL, 1),
      (4, 501, 'x', 'all', NULL, NULL, 1), (5, 500, 'theirs', 'all', NULL, NULL, 2);
    INSERT INTO project_github_installations (project_id, github_installation_id, neptun_user_id)
    VALUES (10, 1, 1), (10, 2, 1), (11, 2, 1), (12, 3, 1), (12, 4, 1), (20, 5, 2)`)
  await apply(names.slice(merging))
  t.strictSame(
    await sql(`
      SELECT id, installation_id, account_name, repository_selection, github_account_id, suspended_at
      FROM github_installations ORDER BY id`),
    [
      [1, 500, 'new', 'selected', '77'],
      [4, 501, 'x', 'all', null],
      [5, 500, 'theirs', 'all', null],
    ].map(([id, installation_id, account_name, repository_selection, github_account_id]) => ({
      id,
      installation_id,
      account_name,
      repository_selection,
      github_account_id,
      suspended_at: null,
    })),
  )
  const links = await sql(`
    SELECT project_id, github_installation_id AS id FROM project_github_installations ORDER BY project_id, id`)
  t.strictSame(
    links.map(({ project_id, id }) => [project_id, id]),
    [
      [10, 1],
      [11, 1],
      [12, 1],
      [12, 4],
      [20, 5],
    ],
  )
})
