import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command, OutputConfiguration } from 'commander'
import pg from 'pg'
import t, { type Test } from 'tap'
import { createProgram, runProgram } from '../../src/cli/command.js'
import { addDemoCommand } from '../../src/cli/demo.js'
import { addFileCommands } from '../../src/cli/file.js'
import { addMigrateCommand } from '../../src/cli/migrate.js'
import * as values from '../../src/cli/options.js'
import { addProjectCommands } from '../../src/cli/project.js'
import { addSessionCommands } from '../../src/cli/session.js'
import { addUserCommands } from '../../src/cli/user.js'
import { addUserFileCommands } from '../../src/cli/user-file.js'
import { until } from '../support/app.js'
import { compiled } from '../support/compiled.js'
import { createDatabase } from '../support/database.js'

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

const CLI = [compiled('src/cli.ts')]
const SECRET = 'pa55word-never-shown'
const NAME = '\u001b[31m"Ünï" 🎉\t%'
const UNREACHABLE = `postgres://someone:${SECRET}@127.0.0.1:1/nothing`

const folder = await mkdtemp(join(tmpdir(), 'neptun-cli-'))
t.teardown(() => rm(folder, { recursive: true }))

/** Runs the command line in a child process, in a directory without a `.env` file. */
function spawn(args: string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  const { DATABASE_URL: _, DATA_DIR: __, NODE_ENV: ___, ...inherited } = process.env
  const fresh = { ...inherited, ...env }
  return new Promise((resolve) => {
    execFile(process.execPath, [...CLI, ...args], { cwd: folder, env: fresh }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

/** Runs the command line in a child process with `input` on stdin. */
function pipe(input: string, args: string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...process.env, ...env } }
    const child = execFile(process.execPath, [...CLI, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
    child.stdin?.end(input)
  })
}

/** Runs the command line in a child process whose stdout is closed before it writes. */
async function spawnWithClosedStdout(args: string[]) {
  const child = execFile(process.execPath, [...CLI, ...args])
  child.stdout?.destroy()
  let stderr = ''
  child.stderr?.on('data', (text) => (stderr += text))
  const [code] = await once(child, 'close')
  return { code, stderr }
}

function createCli(output: OutputConfiguration): Command {
  const program = createProgram().configureOutput(output)
  const commands = [
    addMigrateCommand,
    addUserCommands,
    addProjectCommands,
    addUserFileCommands,
    addFileCommands,
    addSessionCommands,
    addDemoCommand,
  ]
  for (const add of commands) add(program)
  return program
}

/** Runs the command line in this process, which is a hundred times faster. */
async function cli(...args: string[]): Promise<Outcome> {
  const outcome = { code: 0, stdout: '', stderr: '' }
  const program = createCli({
    writeOut: (text) => (outcome.stdout += text),
    writeErr: (text) => (outcome.stderr += text),
  })
  outcome.code = await runProgram(program, args)
  return outcome
}

/** Creates a database and sets DATABASE_URL. @returns the URL, and a function that queries the database directly */
async function setUp(t: Test, options?: { migrated: boolean }) {
  const url = await createDatabase(t, options)
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  t.teardown(() => pool.end())
  process.env['DATABASE_URL'] = url
  return { url, sql: async (text: string, parameters: unknown[] = []) => (await pool.query(text, parameters)).rows }
}

/** Sets NODE_ENV until the test ends. */
function inEnvironment(t: Test, environment: string) {
  const { NODE_ENV } = process.env
  t.teardown(() => Object.assign(process.env, { NODE_ENV: NODE_ENV ?? 'test' }))
  process.env['NODE_ENV'] = environment
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

t.test('migrate applies all migrations to an empty database, idempotently and concurrently', async (t) => {
  const { url } = await setUp(t, { migrated: false })
  inEnvironment(t, 'development')
  const [before, unmigrated, demo] = await Promise.all([
    cli('migrate', '--check'),
    cli('user', 'list', '--json'),
    cli('demo'),
  ])
  t.match(before, { code: 1, stdout: '', stderr: /^error: \d+ pending migrations: \S+_init.*\n$/ })
  const message = 'the database has pending migrations: run "neptun-resources migrate" first'
  t.strictSame([unmigrated.code, unmigrated.stderr], [1, `error: ${message}\n`])
  t.strictSame(JSON.parse(unmigrated.stdout), { error: { code: 'MIGRATIONS_PENDING', message } })
  t.strictSame(demo, { code: 1, stdout: '', stderr: unmigrated.stderr })

  const together = await Promise.all([1, 2].map(() => spawn(['migrate'], { DATABASE_URL: url })))
  t.strictSame(together.map(({ code }) => code).sort(), [0, 0])
  t.strictSame(together.map(({ stdout }) => stdout.replace(/ \S+_init\n[\s\S]*/, '')).sort(), [
    'applied',
    'no pending migrations\n',
  ])

  const [again, after] = await Promise.all([cli('migrate', '--json'), cli('migrate', '--check', '--json')])
  t.strictSame(again, { code: 0, stdout: '{\n  "applied": []\n}\n', stderr: '' })
  t.strictSame(after, { code: 0, stdout: '{\n  "pending": []\n}\n', stderr: '' })
})

t.test('users and projects are created and listed', async (t) => {
  const { sql } = await setUp(t)
  const empty = await cli('user', 'list')
  t.strictSame(empty, { code: 0, stdout: '', stderr: 'There are no users.\n' })

  const user = await cli('user', 'create', '--email', 'Some.One@example.com')
  t.strictSame(user, {
    code: 0,
    stdout: '1\n',
    stderr: 'Created user 1 with the email address Some.One@example.com.\n',
  })

  const github = ['--github-account-id', '583231', '--github-account-name', 'octocat']
  const duplicate = await cli('user', 'create', '--email', 'Some.One@example.com', '--json')
  const other = await cli('user', 'create', '--email', 'other@example.com', ...github, '--json')
  const project = await cli('project', 'create', '--user', '1', '--name', NAME)
  const orphan = await cli('project', 'create', '--user', '77', '--name', 'orphan', '--json')
  const conflict = 'a user with the email address Some.One@example.com already exists'
  t.match(duplicate, { code: 1, stderr: `error: ${conflict}\n` })
  t.strictSame(JSON.parse(duplicate.stdout), { error: { code: 'CONFLICT', message: conflict } })
  t.match(other, { code: 0, stderr: '' })
  t.match(JSON.parse(other.stdout), {
    email: 'other@example.com',
    github_account_id: '583231',
    github_account_name: 'octocat',
    created_at: ISO,
    updated_at: ISO,
  })
  t.strictSame(project, { code: 0, stdout: '1\n', stderr: 'Created project 1 of user 1.\n' })
  t.match(orphan, { code: 1, stderr: 'error: user 77 does not exist\n' })
  t.strictSame(await sql('SELECT name, neptun_user_id FROM projects'), [{ name: NAME, neptun_user_id: 1 }])

  const [users, projects, json, unknownUser] = await Promise.all([
    cli('user', 'list'),
    cli('project', 'list', '--user', '1'),
    cli('project', 'list', '--json'),
    cli('project', 'list', '--user', '77'),
  ])
  t.match(users.stdout, /^ID {2}EMAIL +GITHUB ACCOUNT +GITHUB ID +CREATED\n1 +Some\.One@example\.com +- +- +\d{4}.*Z\n/)
  t.match(users.stdout, /\n\d+ +other@example\.com +octocat +583231 +\d{4}-\d\d-\d\d \d\d:\d\dZ\n$/)
  t.match(projects.stdout, /^ID {2}USER {2}NAME +IMPORTS +CREATED\n1 {3}1 {5}\\u001b\[31m"Ünï" 🎉\\u0009% +0 +.*Z\n$/)
  t.match(JSON.parse(json.stdout), [{ id: 1, name: NAME, import_count: 0, created_at: ISO }])
  t.strictSame(unknownUser, { code: 1, stdout: '', stderr: 'error: user 77 does not exist\n' })
})

t.test('users and projects are deleted with all rows that belong to them', async (t) => {
  const { sql } = await setUp(t)
  await sql(`INSERT INTO users (id, email) VALUES (1, 'one@example.com'), (2, 'two@example.com')`)
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (7, 'seven', 1), (8, 'eight', 1), (9, 'nine', 2)`)
  await sql(`INSERT INTO imports (source_type, source_path, project_id, neptun_user_id)
    VALUES ('local', 'a', 7, 1), ('local', 'b', 8, 1), ('local', 'c', 9, 2)`)
  t.match(await cli('project', 'delete', '--id', '7'), { code: 0, stdout: 'Deleted project 7 of user 1.\n' })
  t.strictSame(await sql('SELECT project_id FROM imports ORDER BY 1'), [{ project_id: 8 }, { project_id: 9 }])
  t.match(await cli('project', 'delete', '--id', '7'), { code: 1, stderr: 'error: project 7 does not exist\n' })
  t.match(await cli('user', 'delete', '--id', '1', '--json'), { code: 0, stdout: /"id": 1/ })
  t.strictSame(await sql('SELECT id FROM projects'), [{ id: 9 }])
  t.match(await cli('user', 'delete', '--id', '1'), { code: 1, stderr: 'error: user 1 does not exist\n' })
})

t.test('user files that are not linked to a project are listed and deleted', async (t) => {
  const { sql } = await setUp(t)
  await sql(`INSERT INTO users (id, email) VALUES (1, 'one@example.com'), (2, 'two@example.com')`)
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (7, 'seven', 1)`)
  await sql(`INSERT INTO user_files (id, title, text, language, extension, neptun_user_id, updated_at) VALUES
    (1, 'linked', '', 'x', 'x', 1, now() - interval '9 days'), (2, 'old', '', 'x', 'x', 1, now() - interval '9 days'),
    (3, 'new', '', 'x', 'x', 1, now()), (4, 'other', '', 'x', 'x', 2, now() - interval '9 days')`)
  await sql('INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id) VALUES (7, 1, 1)')
  const list = await cli('user-file', 'unlinked', '--json')
  t.strictSame(
    JSON.parse(list.stdout).map(({ id }: { id: number }) => id),
    [2, 3, 4],
  )
  t.notMatch(list.stdout, '"text"')
  t.match(await cli('user-file', 'prune'), { code: 2 }, '--days is required')
  t.match(await cli('user-file', 'prune', '--days', '7', '--user', '1'), { code: 0, stdout: 'Deleted 1 file.\n' })
  t.match(await cli('user-file', 'prune', '--days', '7'), { code: 0, stdout: 'Deleted 1 file.\n' })
  t.strictSame(await sql('SELECT id FROM user_files ORDER BY id'), [{ id: 1 }, { id: 3 }])
})

t.test('prune keeps a file that is linked concurrently', async (t) => {
  const { url, sql } = await setUp(t)
  await sql(`INSERT INTO users (id, email) VALUES (1, 'one@example.com')`)
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (7, 'seven', 1)`)
  await sql(`INSERT INTO user_files (id, title, text, language, extension, neptun_user_id, updated_at)
    SELECT number, 'old', '', 'x', 'x', 1, now() - interval '9 days' FROM generate_series(1, 205) AS number`)
  const request = new pg.Client({ connectionString: url })
  await request.connect()
  t.teardown(() => request.end())
  await request.query('BEGIN')
  await request.query('INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id) VALUES (7, 42, 1)')
  const pruning = cli('user-file', 'prune', '--days', '7')
  const isWaiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  await until(async () => (await sql(isWaiting)).length === 1, 'prune waits for the lock')
  await request.query('COMMIT')
  t.strictSame(await pruning, { code: 0, stdout: 'Deleted 204 files.\n', stderr: '' })
  t.strictSame(await sql('SELECT id FROM user_files'), [{ id: 42 }])
  t.strictSame(await sql('SELECT project_id, user_file_id FROM project_user_files'), [
    { project_id: 7, user_file_id: 42 },
  ])
})

t.test('project check finds and repairs wrong counters', async (t) => {
  const { sql } = await setUp(t)
  await sql(`INSERT INTO users (id, email) VALUES (1, 'one@example.com')`)
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (7, 'seven', 1), (8, 'eight', 1)`)
  await sql(`INSERT INTO imports (source_type, source_path, project_id, neptun_user_id) VALUES ('local', 'a', 7, 1)`)
  await sql(
    `INSERT INTO user_files (id, title, text, language, extension, neptun_user_id) VALUES (1, 'a', '', 'x', 'x', 1)`,
  )
  await sql('INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id) VALUES (7, 1, 1)')
  const counters = () => sql('SELECT * FROM projects ORDER BY id')
  const right = await counters()
  t.match(await cli('project', 'check'), { code: 0, stdout: '', stderr: 'All counters are correct.\n' })
  await sql('UPDATE projects SET import_count = 5, import_bytes = 99, chat_conversation_count = 3 WHERE id = 7')
  await sql('UPDATE project_user_files SET bytes = bytes + 10')
  const wrong = await cli('project', 'check')
  t.match(wrong, { code: 1, stderr: 'error: 3 lists of 1 project have wrong counters: use --repair\n' })
  t.match(await cli('project', 'check', '--repair'), {
    code: 0,
    stderr: 'Repaired the counters of 3 lists of 1 project.\n',
  })
  t.strictSame(await counters(), right)
  t.match(await cli('project', 'check'), { code: 0 })
  await sql('UPDATE projects SET import_count = 5 WHERE id = 7')
  t.match(await cli('project', 'check'), {
    code: 1,
    stderr: 'error: 1 list of 1 project has wrong counters: use --repair\n',
  })
  t.match(await cli('project', 'check', '--repair'), {
    code: 0,
    stderr: 'Repaired the counters of 1 list of 1 project.\n',
  })
  const columns = await sql(`SELECT replace(column_name, '_count', '') AS list FROM information_schema.columns
    WHERE table_name = 'projects' AND column_name LIKE '%\\_count' ORDER BY 1`)
  await sql(`UPDATE projects SET ${columns.map(({ list }) => `${list}_count = 77`).join(', ')} WHERE id = 8`)
  const repaired = JSON.parse((await cli('project', 'check', '--repair', '--json')).stdout).repaired
  t.strictSame(
    repaired.map(({ list }: { list: string }) => list),
    columns.map(({ list }) => list),
    'every counter is checked',
  )
})

t.test('session create prints the token and stores only its hash', async (t) => {
  const { sql } = await setUp(t)
  await sql(`INSERT INTO users (email) VALUES ('one@example.com')`)
  const [plain, json, unknownUser] = await Promise.all([
    cli('session', 'create', '--user', '1'),
    cli('session', 'create', '--user', '1', '--ttl', '90m', '--json'),
    cli('session', 'create', '--user', '77'),
  ])
  t.match(plain, { code: 0, stdout: /^[\w-]{43}\n$/, stderr: /^Created session \d of user 1; it expires at .*Z\.\n$/ })
  t.match(json, { code: 0, stderr: '' })
  t.strictSame(unknownUser, { code: 1, stdout: '', stderr: 'error: user 77 does not exist\n' })
  const created = JSON.parse(json.stdout)
  t.strictSame(Object.keys(created), ['id', 'token', 'neptun_user_id', 'created_at', 'expires_at'])
  t.equal(Date.parse(created.expires_at) - Date.parse(created.created_at), 90 * 60_000)

  const rows = await sql(`
    SELECT encode(token_hash, 'hex') AS hash, extract(epoch FROM expires_at - created_at)::int AS seconds, revoked_at
    FROM sessions ORDER BY seconds`)
  t.strictSame(rows, [
    { hash: sha256(created.token), seconds: 90 * 60, revoked_at: null },
    { hash: sha256(plain.stdout.trim()), seconds: 7 * 24 * 60 * 60, revoked_at: null },
  ])
})

t.test('sessions are listed (by default only live ones) and revoked', async (t) => {
  const { url, sql } = await setUp(t)
  const token = '-Vhyphen-first-like-an-option'
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, `${token}\n`)
  await sql(`INSERT INTO users (email) VALUES ('one@example.com'), ('two@example.com')`)
  await sql(
    `INSERT INTO sessions (token_hash, neptun_user_id, expires_at)
     VALUES (sha256('1'), 1, now() + interval '1 day'), (sha256('2'), 1, now() - interval '1 day'),
            (sha256($1), 2, now() + interval '1 day'), (sha256('4'), 2, now() + interval '1 day')`,
    [token],
  )
  const [revoked, byToken, unknown, unknownToken] = await Promise.all([
    cli('session', 'revoke', '--id', '1'),
    cli('session', 'revoke', '--token-file', tokenFile, '--json'),
    cli('session', 'revoke', '--id', '77', '--json'),
    pipe(`${token}-not\n`, ['session', 'revoke', '--token-file', '-'], { DATABASE_URL: url }),
  ])
  t.strictSame(revoked, { code: 0, stdout: 'Revoked session 1 of user 1.\n', stderr: '' })
  t.match(byToken, { code: 0, stderr: '' })
  t.match(JSON.parse(byToken.stdout), { id: 3, neptun_user_id: 2, revoked_at: ISO })
  t.match(unknown, { code: 1, stderr: 'error: session 77 does not exist\n' })
  t.strictSame(JSON.parse(unknown.stdout), { error: { code: 'NOT_FOUND', message: 'session 77 does not exist' } })
  t.strictSame(unknownToken, { code: 1, stdout: '', stderr: 'error: no session has this token\n' })

  const before = await sql('SELECT id, revoked_at FROM sessions ORDER BY id')
  const [again, live, all] = await Promise.all([
    cli('session', 'revoke', '--id', '1'),
    cli('session', 'list', '--json'),
    cli('session', 'list', '--user', '1', '--all'),
  ])
  t.match(again, { code: 0, stdout: /^Session 1 was already revoked at \d{4}-\d\d-\d\d \d\d:\d\dZ\.\n$/, stderr: '' })
  t.strictSame(await sql('SELECT id, revoked_at FROM sessions ORDER BY id'), before)
  const keys = ['id', 'neptun_user_id', 'created_at', 'last_used_at', 'expires_at', 'revoked_at']
  t.strictSame(JSON.parse(live.stdout).map(Object.keys), [keys])
  t.match(JSON.parse(live.stdout), [{ id: 4, neptun_user_id: 2, revoked_at: null }])
  t.match(all.stdout, /^ID {2}USER {2}STATE +CREATED.*\n1 {3}1 {5}revoked .*\n2 {3}1 {5}expired .*Z\n$/)

  const rest = await cli('session', 'revoke', '--user', '2', '--all')
  t.strictSame(rest, { code: 0, stdout: 'Revoked 1 session of user 2.\n', stderr: '' })
  t.strictSame(await sql('SELECT id FROM sessions WHERE revoked_at IS NULL'), [{ id: 2 }])
})

t.test('sessions with infinite times, or times outside the range of Date, are listed and revoked', async (t) => {
  const { sql } = await setUp(t)
  await sql(`INSERT INTO users (email) VALUES ('one@example.com')`)
  await sql(`INSERT INTO sessions (token_hash, neptun_user_id, created_at, last_used_at, expires_at) VALUES
    (sha256('1'), 1, '2025-02-16T17:42:11.123Z', '-infinity', 'infinity'),
    (sha256('2'), 1, '-infinity', '2025-02-16T17:42:11Z', '-infinity'),
    (sha256('3'), 1, '2025-02-16T17:42:11Z', '2025-02-16T17:42:11Z', '10000-01-01T00:00:00Z'),
    (sha256('4'), 1, '2025-02-16T17:42:11Z', '2025-02-16T17:42:11Z', '0044-03-15T00:00:00Z BC'),
    (sha256('5'), 1, '2025-02-16T17:42:11Z', '2025-02-16T17:42:11Z', '294276-01-01T00:00:00Z')`)
  const [list, all, json] = await Promise.all([
    cli('session', 'list'),
    cli('session', 'list', '--all'),
    cli('session', 'list', '--all', '--json'),
  ])
  const columns = ({ stdout }: Outcome) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/ {2,}/))
  const heading = ['ID', 'USER', 'STATE', 'CREATED', 'LAST USED', 'EXPIRES']
  const time = '2025-02-16 17:42Z'
  const live = [
    ['1', '1', 'live', time, '-infinity', 'infinity'],
    ['3', '1', 'live', time, time, '+010000-01-01 00:00Z'],
    ['5', '1', 'live', time, time, 'infinity'],
  ]
  t.strictSame(columns(list), [heading, ...live])
  const past = [
    ['2', '1', 'expired', '-infinity', time, '-infinity'],
    ['4', '1', 'expired', time, time, '-000043-03-15 00:00Z'],
  ]
  t.strictSame(columns(all), [heading, live[0], past[0], live[1], past[1], live[2]])
  const times = JSON.parse(json.stdout).map((session: Record<string, string>) => [
    session['created_at'],
    session['last_used_at'],
    session['expires_at'],
  ])
  const iso = '2025-02-16T17:42:11.000Z'
  t.strictSame(times, [
    ['2025-02-16T17:42:11.123Z', '-infinity', 'infinity'],
    ['-infinity', iso, '-infinity'],
    [iso, iso, '+010000-01-01T00:00:00.000Z'],
    [iso, iso, '-000043-03-15T00:00:00.000Z'],
    [iso, iso, 'infinity'],
  ])
  const revoked = await cli('session', 'revoke', '--id', '1', '--json')
  t.match(JSON.parse(revoked.stdout), { id: 1, expires_at: 'infinity', revoked_at: ISO })
  t.match(await cli('session', 'revoke', '--id', '1'), { code: 0, stdout: /^Session 1 was already revoked at / })
  const rest = JSON.parse((await cli('session', 'revoke', '--user', '1', '--all', '--json')).stdout)
  t.strictSame(
    rest.map(({ id, expires_at }: Record<string, unknown>) => [id, expires_at]),
    [
      [3, '+010000-01-01T00:00:00.000Z'],
      [5, 'infinity'],
    ],
  )
})

t.test('a token is read from stdin or a file, and error messages do not contain it', async (t) => {
  const { url, sql } = await setUp(t)
  await sql(`INSERT INTO users (email) VALUES ('one@example.com')`)
  await sql(`INSERT INTO sessions (token_hash, neptun_user_id, expires_at) VALUES (sha256($1), 1, 'tomorrow')`, [
    'your-session-cookie',
  ])
  const revoke = ['session', 'revoke', '--token-file']
  const usage = {
    code: 2,
    stdout: '',
    stderr: 'error: --token-file must contain a session token and nothing else\n',
  }
  await writeFile(join(folder, 'not-a-token'), `${SECRET} and more`)
  t.strictSame(await cli(...revoke, join(folder, 'not-a-token')), usage)
  t.strictSame(await pipe('', [...revoke, '-'], { DATABASE_URL: url }), usage, 'empty input')
  const missing = await cli(...revoke, join(folder, 'nowhere'))
  t.strictSame(missing, { code: 1, stdout: '', stderr: 'error: cannot read the token file: ENOENT\n' })
  t.strictSame(await sql('SELECT count(*)::integer FROM sessions WHERE revoked_at IS NULL'), [{ count: 1 }])
  const revoked = await pipe('your-session-cookie\n', [...revoke, '-'], { DATABASE_URL: url })
  t.strictSame(revoked, { code: 0, stdout: 'Revoked session 1 of user 1.\n', stderr: '' })
})

t.test('control and bidirectional characters in stored text are escaped in tables, JSON and messages', async (t) => {
  const { sql } = await setUp(t)
  const controls = Array.from({ length: 0xa0 }, (_, code) => code).filter(
    (code) => code > 0 && (code < 32 || code > 126),
  )
  const bidirectional = [
    0x61c,
    0x200e,
    0x200f,
    ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e],
    0x2066,
    0x2067,
    0x2068,
    0x2069,
  ]
  const codes = [...controls, 0x2028, 0x2029, ...bidirectional]
  const name = `a${String.fromCharCode(...codes)}z ü\u00a0🎉`
  const escaped = codes.map((code) => `\\u${code.toString(16).padStart(4, '0')}`).join('')
  const email = 'a\u202eb@\u2066c'
  await sql('INSERT INTO users (email) VALUES ($1)', [email])
  await sql('INSERT INTO projects (name, neptun_user_id) VALUES ($1, 1)', [name])
  const [table, json, users, conflict] = await Promise.all([
    cli('project', 'list'),
    cli('project', 'list', '--json'),
    cli('user', 'list'),
    cli('user', 'create', '--email', email, '--json'),
  ])
  t.ok(table.stdout.includes(`a${escaped}z ü\u00a0🎉`), 'the characters are escaped in the table')
  t.equal(JSON.parse(json.stdout)[0].name, name, 'parsed JSON has the original characters')
  t.ok(users.stdout.includes('a\\u202eb@\\u2066c'))
  t.ok(conflict.stderr.includes('a\\u202eb@\\u2066c'))
  for (const { stdout, stderr } of [table, json, users, conflict]) {
    t.notMatch(stdout + stderr, /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u)
  }
})

t.test('demo inserts the demonstration data once, and prints a curl command', async (t) => {
  const { sql } = await setUp(t)
  inEnvironment(t, 'development')
  const first = await cli('demo')
  t.equal(first.code, 0)
  t.match(
    first.stdout,
    /^curl -X POST 'http:\/\/127\.0\.0\.1:3000\/api\/users\/1\/projects\/789\/resources\/imports' .*\n$/,
  )
  t.match(first.stdout, "-H 'Cookie: neptun-session=your-session-cookie'")
  const credentials = 'user 1, project 789, session your-session-cookie.'
  t.equal(first.stderr, `Inserted the demonstration data: ${credentials}\n`)
  const users = [{ email: 'demo@example.com' }, { email: 'other@example.com' }]
  t.strictSame(await sql('SELECT email FROM users ORDER BY id'), users)

  const again = await cli('demo', '--url', 'https://example.com')
  t.match(again, { code: 0, stdout: "curl -X POST 'https://example.com/api/users/1/" })
  t.equal(again.stderr, `The demonstration data already exists: ${credentials}\n`)
  t.strictSame(JSON.parse((await cli('demo', '--json')).stdout), {
    written: false,
    user_id: 1,
    project_id: 789,
    token: 'your-session-cookie',
  })
  t.strictSame(await sql('SELECT email FROM users ORDER BY id'), users)
})

t.test('demo refuses a database with other users, and any NODE_ENV but development', async (t) => {
  const { sql } = await setUp(t)
  for (const environment of ['production', 'test', '']) {
    inEnvironment(t, environment)
    const stderr = 'error: demonstration data requires NODE_ENV=development\n'
    t.strictSame(await cli('demo'), { code: 1, stdout: '', stderr }, environment)
  }
  t.strictSame(await sql('SELECT FROM users'), [])

  inEnvironment(t, 'development')
  await sql(`INSERT INTO users (email) VALUES ('one@example.com')`)
  const stderr = 'error: the database already has users: nothing was inserted\n'
  t.strictSame(await cli('demo'), { code: 1, stdout: '', stderr })
  t.strictSame(await sql('SELECT email FROM users'), [{ email: 'one@example.com' }])
  t.strictSame(await sql('SELECT FROM sessions'), [])
})

t.test('DATABASE_URL is read from the environment, .env or (not in production) DATA_DIR/database-url', async (t) => {
  const { url } = await setUp(t)
  const dev = join(folder, 'dev')
  const here = join(folder, 'here')
  await Promise.all([mkdir(dev), mkdir(here)])
  await writeFile(join(dev, 'database-url'), `${url}\n`)
  inEnvironment(t, 'test')
  t.chdir(here)
  const check = (env: NodeJS.ProcessEnv) => {
    for (const name of ['DATABASE_URL', 'DATA_DIR', 'NODE_ENV']) delete process.env[name]
    Object.assign(process.env, env)
    return cli('migrate', '--check')
  }
  const found = { code: 0, stdout: 'no pending migrations\n', stderr: '' }
  const failure = (message: string) => ({ code: 1, stdout: '', stderr: `error: ${message}\n` })
  const file = join('.data', 'database-url')

  t.strictSame(await check({}), failure(`DATABASE_URL is missing, and "npm run dev" has not created ${file}`))
  t.strictSame(await check({ DATA_DIR: dev }), found)
  t.strictSame(await check({ DATA_DIR: dev, NODE_ENV: 'production' }), failure('DATABASE_URL is missing'))
  await writeFile('.env', `DATABASE_URL=${url}\n`)
  t.strictSame(await check({ NODE_ENV: 'production' }), found)
  await writeFile('.env', `\uFEFFDATABASE_URL="${url}"\r\n`)
  t.strictSame(await check({ NODE_ENV: 'production' }), found, '.env has a byte order mark')
  await writeFile('.env', '')
  await writeFile('secret', `${url}\n`)
  t.strictSame(await check({ NODE_ENV: 'production', DATABASE_URL_FILE: 'secret' }), found, 'DATABASE_URL_FILE is set')
  const both = 'DATABASE_URL and DATABASE_URL_FILE are both set: set only one of them'
  t.strictSame(await check({ DATABASE_URL: url, DATABASE_URL_FILE: 'secret' }), failure(both))
  delete process.env['DATABASE_URL_FILE']
  const unreachable = failure('the database at 127.0.0.1:1 (DATABASE_URL) is unavailable: ECONNREFUSED')
  t.strictSame(await check({ DATABASE_URL: UNREACHABLE, DATA_DIR: dev }), unreachable)
})

t.test('an invalid or unusable DATABASE_URL is reported on one line, without the password', async (t) => {
  const { url } = await setUp(t)
  const { host } = new URL(url)
  const cases: [url: string, stderr: RegExp | string][] = [
    [UNREACHABLE, 'error: the database at 127.0.0.1:1 (DATABASE_URL) is unavailable: ECONNREFUSED\n'],
    [`postgres://someone:1/${SECRET}@127.0.0.1:1/x`, /^error: DATABASE_URL must percent-encode special .*\n$/],
    [`postgres://someone:x@${SECRET}/y@127.0.0.1:1/x`, /^error: DATABASE_URL must percent-encode special .*\n$/],
    [`postgres://127.0.0.1/x?password=a&${SECRET}`, 'error: DATABASE_URL must not have unsupported parameters\n'],
    [
      `postgres://nobody:${SECRET}@${host}/nothing`,
      new RegExp(`^error: the database at ${host} .*"no(body|thing)".*\n$`),
    ],
    [`mysql://someone:${SECRET}@127.0.0.1/x`, /^error: DATABASE_URL must be a URL of the form postgres:.*\n$/],
    [SECRET, /^error: DATABASE_URL must be .*\n$/],
  ]
  for (const [wrong, stderr] of cases) {
    process.env['DATABASE_URL'] = wrong
    for (const command of [['user', 'list'], ['migrate']]) {
      const outcome = await cli(...command)
      t.match(outcome, { code: 1, stdout: '', stderr })
      t.notMatch(outcome.stderr, SECRET)
    }
  }
})

t.test('a usage error has exit code 2, its message is the last line on stderr, and it needs no database', async (t) => {
  process.env['DATABASE_URL'] = UNREACHABLE
  const which = 'exactly one is required: --id <id>, --token-file <file> or --user <id> --all'
  const github = '--github-account-id and --github-account-name must be used together'
  const NO_TOKEN =
    '--token is not supported, because other users can see command-line arguments: use --token-file <file>, or ' +
    '--token-file - for standard input'
  const cases: [line: string, message: string][] = [
    ['usre', "unknown command 'usre' (Did you mean user?)"],
    ['user lst', "unknown command 'lst' (Did you mean list?)"],
    ['user list --colour', "unknown option '--colour'"],
    ['user list extra', "too many arguments for 'list'. Expected 0 arguments but got 1."],
    ['user create', "required option '--email <email>' not specified"],
    ['user create --email', "option '--email <email>' argument missing"],
    ['user create --email a@b --github-account-id 1', github],
    ['user create --email a@b --github-account-name a', github],
    ['project create --user 1', "required option '--name <name>' not specified"],
    ['project list --user 01', '--user must be an integer from 1 to 2147483647'],
    ['session create --user -1', '--user must be an integer from 1 to 2147483647'],
    [
      'session create --user 1 --ttl 367d',
      '--ttl must be a number and a unit (m, h, d or w), at most 366d: for example 90m, 12h, 7d or 4w',
    ],
    [`session revoke --token ${SECRET}`, NO_TOKEN],
    [`session revoke --token=${SECRET}`, NO_TOKEN],
    [`session revoke --token -V${SECRET}`, NO_TOKEN],
    [`session revoke --id 1 --token ${SECRET}`, NO_TOKEN],
    ['session revoke', which],
    ['session revoke --all', which],
    ['session revoke --user 1', which],
    ['session revoke --id 1 --all', which],
    ['session revoke --id 1 --user 1 --all', which],
  ]
  for (const [line, message] of cases) {
    t.strictSame(await cli(...line.split(' ')), { code: 2, stdout: '', stderr: `error: ${message}\n` }, line)
    const { code, stdout } = await cli(
      ...line
        .replace(/(--email)$/, '')
        .trim()
        .split(' '),
      '--json',
    )
    t.match([code, JSON.parse(stdout)], [2, { error: { code: 'USAGE' } }], `${line} --json`)
  }
  const bare = await cli('user')
  t.match(bare, { code: 2, stdout: '', stderr: /^Usage: neptun-resources user [\s\S]*\nerror: missing command\n$/ })
})

t.test('a command-line process prints a session token, sets the exit code and ignores a closed stdout', async (t) => {
  const { url, sql } = await setUp(t)
  await sql(`INSERT INTO users (email) VALUES ('one@example.com')`)
  const [token, failure, usage, closed] = await Promise.all([
    spawn(['session', 'create', '--user', '1'], { DATABASE_URL: url }),
    spawn(['migrate', '--json'], { DATABASE_URL: UNREACHABLE }),
    spawn(['user', 'list', '--colour'], {}),
    spawnWithClosedStdout(['--help']),
  ])
  t.match(token, { code: 0, stdout: /^[\w-]{43}\n$/, stderr: /^Created session 1 of user 1; .*\n$/ })
  const message = 'the database at 127.0.0.1:1 (DATABASE_URL) is unavailable: ECONNREFUSED'
  t.match(failure, { code: 1, stderr: `error: ${message}\n` })
  t.strictSame(JSON.parse(failure.stdout), { error: { code: 'DATABASE_UNAVAILABLE', message } })
  t.strictSame(usage, { code: 2, stdout: '', stderr: "error: unknown option '--colour'\n" })
  t.strictSame(closed, { code: 0, stderr: '' })
})

t.test('help and version go to stdout; the help explains exit codes and environment variables', async (t) => {
  t.match(await cli('--version'), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: '' })
  const stdout = /^Usage: neptun-resources [\s\S]*Exit codes:[\s\S]*DATABASE_URL/
  for (const args of [['--help'], ['-h'], ['help']]) t.match(await cli(...args), { code: 0, stdout, stderr: '' })
  for (const args of [
    ['session', '-h'],
    ['help', 'session'],
  ]) {
    t.match(await cli(...args), { code: 0, stdout: /^Usage: neptun-resources session /, stderr: '' })
  }
})

t.test('every command has --json and an example in its help', async (t) => {
  const leaves = (command: Command): Command[] =>
    command.commands.length > 0 ? command.commands.flatMap(leaves) : [command]
  let help = ''
  const seen = leaves(createCli({ writeOut: (text) => (help += text) })).map((command) => {
    help = ''
    command.outputHelp()
    const [, path] = /^Usage: neptun-resources (.*) \[options\]/.exec(help) ?? []
    t.match(help, `Examples:\n  neptun-resources ${path}`)
    t.match(help, '--json ')
    return path
  })
  t.strictSame(seen, [
    'migrate',
    'user create',
    'user list',
    'user delete',
    'project create',
    'project list',
    'project check',
    'project delete',
    'user-file unlinked',
    'user-file prune',
    'file create',
    'file list',
    'file delete',
    'session create',
    'session list',
    'session revoke',
    'demo',
  ])
})

t.test('option values are validated strictly', async (t) => {
  const table: [rule: keyof typeof rules, good: string[], bad: string[]][] = [
    [
      'id',
      ['1', '2147483647'],
      ['', '0', '-1', '+1', '01', '1.0', '1e3', '0x10', ' 1', '1 ', '2147483648', 'abc', '١'],
    ],
    ['name', ['x', ' ', '🎉'.repeat(255)], ['', 'a\0b', '\ud800', 'x'.repeat(256)]],
    [
      'email',
      ['a@b', 'é@ü.example'],
      ['', 'a', '@', 'a@', '@b', 'a@b@c', 'a b@c', 'a@b\n', 'a\u0007@b', `${'a'.repeat(319)}@b`],
    ],
    [
      'ttl',
      ['1m', '24h', '366d', '52w', '527040m'],
      ['', '7', 'd', '0d', '-1d', '07d', '1.5h', '7 d', '7D', '1y', '367d', '53w', '9'.repeat(400)],
    ],
    ['githubAccountId', ['1', '9999999999'], ['', '0', '-1', 'abc', '1'.repeat(20)]],
    ['githubAccountName', ['octocat', 'a-b-', 'a_corp'], ['', '-a', 'a b', 'a/b', 'a'.repeat(40)]],
    [
      'url',
      ['http://127.0.0.1:3000', 'https://example.com', 'http://[::1]:80'],
      ['', '127.0.0.1:3000', 'ftp://a', 'http://', 'http://a/', 'http://a?b', 'http://a b', "http://a'b", 'http://a@b'],
    ],
    // The command parses the text later, because the schema depends on the command.
    ['json', ['', '-', '{}', 'not JSON'], []],
    ['file', ['token.txt', '-', '/run/secrets/token', ' '], ['', 'a\0b']],
  ]
  const { option: _, required: __, flag: ___, removedOption: ____, ...rules } = values
  t.strictSame(table.map(([rule]) => rule).sort(), Object.keys(rules).sort())
  for (const [rule, good, bad] of table) {
    for (const text of good) t.not(rules[rule].read(text), undefined, `${rule} accepts ${JSON.stringify(text)}`)
    for (const text of bad) t.equal(rules[rule].read(text), undefined, `${rule} rejects ${JSON.stringify(text)}`)
  }
})
