import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import t, { type Test } from 'tap'
import { startPostgres } from '../../dev/postgres.js'
import { applyMigrations } from '../../src/database/migrations.js'
import { OWNER, resources, startApp } from '../support/app.js'

const script = fileURLToPath(new URL('../../docker/service-role.sql', import.meta.url))
const PASSWORD = `p@ss/w$rd:#'"\\ %`

/** Runs the script with psql, as PostgreSQL's image does. */
function runScript(url: string, env: NodeJS.ProcessEnv = { POSTGRES_PASSWORD: PASSWORD }) {
  return new Promise<{ code: number; stderr: string }>((resolve) => {
    const args = ['--no-psqlrc', '--quiet', '-v', 'ON_ERROR_STOP=1', '-f', script, url]
    execFile('psql', args, { env: { PATH: process.env['PATH'], ...env } }, (error, _stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stderr })
    })
  })
}

function psqlIsMissing(): string | false {
  try {
    const version = execFileSync('psql', ['--version'], { encoding: 'utf8' })
    return Number(/\d+/.exec(version)?.[0]) >= 15 ? false : 'psql is older than 15 here'
  } catch {
    return 'psql is not installed here: install it to run this test'
  }
}

/** Starts a PostgreSQL server with the database `neptun`, and returns URLs for each role. */
async function createServer(t: Test) {
  const folder = await mkdtemp(join(tmpdir(), 'neptun-role-'))
  const postgres = await startPostgres({ folder, settings: { fsync: 'off', log_statement: 'all' } })
  t.teardown(async () => {
    await postgres.stop()
    await rm(folder, { recursive: true })
  })
  const observer = new pg.Client({ connectionString: postgres.url('postgres') })
  await observer.connect()
  t.teardown(() => observer.end())
  await observer.query('CREATE DATABASE neptun')
  await observer.query(`CREATE ROLE other SUPERUSER LOGIN PASSWORD 'other'`)
  const urlOf = (user: string, password: string) => {
    const url = Object.assign(new URL(postgres.url('neptun')), { username: user })
    url.password = encodeURIComponent(password)
    return url.href
  }
  return {
    superuser: postgres.url('neptun'),
    urlOf,
    other: urlOf('other', 'other'),
    service: urlOf('neptun_service', PASSWORD),
    log: () => readFile(join(folder, 'postgres.log'), 'utf8'),
    observe: async (sql: string) => (await observer.query(sql)).rows,
  }
}

const ATTRIBUTES = `SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin FROM pg_roles
  WHERE rolname = 'neptun_service'`
const LIMITED = {
  rolsuper: false,
  rolcreatedb: false,
  rolcreaterole: false,
  rolreplication: false,
  rolbypassrls: false,
  rolcanlogin: true,
}

/** Selects what neptun_service does not own: objects in the schema public, or the schema itself. */
const FOREIGN = `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner <> 'neptun_service'::regrole
  UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typowner <> 'neptun_service'::regrole
  UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proowner <> 'neptun_service'::regrole
  UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = 'public' AND nspowner <> 'neptun_service'::regrole`

async function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const skip = psqlIsMissing()

t.test('in a new volume, the service connects as a role that owns its schema and nothing else', { skip }, async (t) => {
  const { superuser, service, log, observe } = await createServer(t)
  t.match(await runScript(superuser, {}), { code: 3 }, 'without the password, nothing is changed')
  t.same(await observe(ATTRIBUTES), [])
  t.same(await runScript(superuser), { code: 0, stderr: '' })
  t.notMatch(await log(), 'p@ss', 'the log does not show the password')
  t.same(await observe(ATTRIBUTES), [LIMITED])
  await t.rejects(query(superuser, 'SELECT'), { code: '28P01' }, 'the superuser cannot log in with a password')

  await applyMigrations(service)
  t.same(await query(service, FOREIGN), [])
  const { call } = await startApp(t, {}, { migratedUrl: service })
  const body = { source_type: 'local', source_path: '/srv/app' }
  t.equal((await call('POST', resources('/imports'), { body })).status, 201)
  t.equal((await call('GET', resources('/imports'))).body.imports.length, 1)
  for (const forbidden of [
    'CREATE ROLE another',
    'CREATE DATABASE another',
    'CREATE SCHEMA another',
    `COPY (SELECT 1) TO PROGRAM 'true'`,
    'SELECT * FROM pg_authid',
    `SELECT pg_read_file('/etc/passwd')`,
  ]) {
    await t.rejects(query(service, forbidden), { code: '42501' }, forbidden)
  }
})

t.test(
  "in a volume of an earlier version, the service's role takes ownership of the superuser's objects",
  { skip },
  async (t) => {
    const { superuser, other, service, observe } = await createServer(t)
    await applyMigrations(superuser)
    for (const url of [superuser, other])
      t.same(await runScript(url), { code: 0, stderr: '' }, 'the script is idempotent')
    t.same(await observe(ATTRIBUTES), [LIMITED])
    t.same(await query(service, FOREIGN), [])
    await query(service, `ALTER TABLE imports ADD COLUMN later text; ALTER TYPE source_type ADD VALUE 'later'`)
    const { call } = await startApp(t, {}, { migratedUrl: service })
    const body = { source_type: 'local', source_path: '/srv/app' }
    t.equal((await call('POST', resources('/imports'), { body })).status, 201, 'triggers run as this role')
  },
)

t.test('of the two documented roles, one can migrate, and the other can only read and write rows', async (t) => {
  const { superuser, urlOf } = await createServer(t)
  const text = await readFile(new URL('../../docs/deployment.md', import.meta.url), 'utf8')
  const [, statements = ''] = /```sql\n([^`]*)```/.exec(text) ?? []
  await query(superuser, statements)
  await applyMigrations(urlOf('neptun_owner', 'change me'))
  const service = urlOf('neptun_service', 'change me too')
  const { call, sql } = await startApp(t, {}, { migratedUrl: service, rows: () => writeRows(superuser) })
  const body = { source_type: 'local', source_path: '/srv/app' }
  const created = await call('POST', resources('/imports'), { body })
  t.equal(created.status, 201)
  const file = { title: 'a', text: 'b', language: 'c', extension: 'd' }
  t.equal((await call('POST', resources('/user-files'), { body: file })).status, 201)
  const one = resources(`/imports/${created.body.import.id}`)
  t.equal((await call('PUT', one, { body: { title: 'changed' } })).status, 200)
  t.equal((await call('DELETE', one)).status, 204)
  t.equal((await call('GET', '/health/ready')).status, 200)
  for (const forbidden of [
    'CREATE TABLE another ()',
    'DROP TABLE imports',
    'ALTER TABLE imports ADD COLUMN another text',
  ]) {
    await t.rejects(sql(forbidden), { code: '42501' }, forbidden)
  }
})

async function writeRows(url: string) {
  await query(
    url,
    `INSERT INTO users (id, email) VALUES (1, 'owner@example.com');
     INSERT INTO projects (id, name, neptun_user_id) VALUES (789, 'first', 1);
     INSERT INTO sessions (token_hash, neptun_user_id, expires_at)
     VALUES (sha256('${OWNER.token}'), 1, now() + interval '1 day')`,
  )
}
