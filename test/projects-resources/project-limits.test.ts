import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { applyMigrations } from '../../src/database/migrations.js'
import { type AppResponse, errorBody, OWNER, resources, startApp, type TestApp, until } from '../support/app.js'
import { createDatabase, holdTransaction, LOCK_WAITS } from '../support/database.js'
import { distinct, fillLinks, RESOURCE_TYPES, writeResource } from '../support/resources.js'

/** Shared by all tests that use the default limits. */
const shared = await startApp(t)

const IMPORTS = resources('/imports')
const FILES = resources('/files')

/** All characters that JSON escapes and PostgreSQL stores, and others that some serializers escape. */
const HARD = `${String.fromCharCode(...Array.from({ length: 31 }, (_, index) => index + 1))}"\\/\u007f\u0080é\u2028\u2029🦉e\u0301`

const local = (source_path: string, fields: object = {}) => ({ body: { source_type: 'local', source_path, ...fields } })
const file = (fields: object = {}) => ({
  body: { title: 'x', original_path: 'x', context_file_category: 'x', context_file_type: 'x', text: '', ...fields },
})
const full = (message: string) => errorBody(409, 'PROJECT_FULL', `The project is full: ${message}`)
const countOf = (responses: AppResponse[], status: number) =>
  responses.filter((response) => response.status === status).length

/** Expects the counters of the project to match the lists that the API returns. */
async function countersMatch(t: Test, { sql, call }: TestApp, what: string) {
  const [project = {}] = await sql('SELECT * FROM projects WHERE id = $1', [OWNER.projectId])
  const lists: [slug: string, counter: string][] = [
    ['imports', 'import'],
    ['files', 'file'],
    ...RESOURCE_TYPES.map(({ slug, counter }): [string, string] => [slug, counter]),
  ]
  for (const [slug, counter] of lists) {
    const { text, body } = await call('GET', resources(`/${slug}`))
    const { length } = body.imports ?? body.files ?? body
    // The counter adds a comma for every row, even the last. To compensate, its initial value is one byte less than the
    // size of an empty list.
    const bytes = length === 0 ? Buffer.byteLength(text) - 1 : Buffer.byteLength(text)
    t.strictSame(
      [project[`${counter}_count`], Number(project[`${counter}_bytes`])],
      [length, bytes],
      `${what}: ${slug}`,
    )
  }
}

/** Expects a list to be within MAX_BYTES, with no room for another row like its largest one. */
async function isFull(t: Test, { call }: TestApp, path: string) {
  const { text, body } = await call('GET', path)
  const rows: unknown[] = body.imports ?? body.files ?? body
  const largest = Math.max(...rows.map((row) => Buffer.byteLength(JSON.stringify(row))))
  const size = Buffer.byteLength(text)
  // Another row can take 3 bytes more than the largest one: a comma, and two more digits in its id.
  t.ok(size <= MAX_BYTES && size + largest + 3 > MAX_BYTES, `${path}: ${rows.length} rows of ${size} bytes`)
}

t.test('the counters of a project match the complete lists after every kind of write', async (t) => {
  const service = await shared.reset()
  const { call, sql } = service
  await countersMatch(t, service, 'an empty project')
  const texts = [HARD, 'x', HARD.repeat(4), '']
  for (const text of texts) {
    const created = await call('POST', IMPORTS, local('/"é🦉', { title: text || null, description: text.repeat(9) }))
    t.equal(created.status, 201)
  }
  await call('POST', IMPORTS, local('/unset'))
  for (const text of [...texts, HARD.repeat(99)]) {
    t.equal(
      (await call('POST', FILES, file({ text, title: HARD, language: text ? HARD.slice(0, 50) : null }))).status,
      201,
    )
  }
  for (const type of RESOURCE_TYPES) {
    const { slug } = type
    for (const [index, text] of texts.entries()) {
      const shorten = (name: string) => [...(text || 'x')].slice(0, type.fields[name]?.['maxLength']).join('')
      const hard = Object.fromEntries(type.texts.map((name) => [name, shorten(name)]))
      const body = { ...distinct(type, index), ...hard }
      t.equal((await call('POST', resources(`/${slug}`), { body })).status, 201, slug)
    }
    await call('POST', resources(`/${slug}`), { body: type.create })
  }
  await countersMatch(t, service, 'after creates')

  const { body } = await call('GET', IMPORTS)
  const [one, other] = body.imports.map(({ id }: { id: number }) => `${IMPORTS}/${id}`)
  for (const change of [{ description: HARD }, { title: null }, { description: 'y' }, { source_path: '/shorter' }]) {
    t.equal((await call('PUT', one, { body: change })).status, 200)
    await countersMatch(t, service, `after a change of ${Object.keys(change)}`)
  }
  const [oneFile, otherFile] = (await call('GET', FILES)).body.files.map(({ id }: { id: number }) => `${FILES}/${id}`)
  for (const change of [{ text: HARD }, { language: null }, { original_path: '/é' }]) {
    t.equal((await call('PUT', oneFile, { body: change })).status, 200)
    await countersMatch(t, service, `a file, after a change of ${Object.keys(change)}`)
  }
  t.equal((await call('DELETE', otherFile)).status, 204)
  t.equal((await call('DELETE', other)).status, 204)
  for (const { slug } of RESOURCE_TYPES) {
    const [{ id }] = (await call('GET', resources(`/${slug}`))).body
    t.equal((await call('DELETE', resources(`/${slug}/${id}`))).status, 204)
  }
  await countersMatch(t, service, 'after deletions and unlinks')
  await sql(`DELETE FROM user_files WHERE id = (SELECT min(user_file_id) FROM project_user_files)`)
  await sql(`UPDATE chat_conversations SET description = description || $1`, [HARD])
  await sql(`UPDATE github_installations SET suspended_at = now(), github_account_type = 'User'`)
  await countersMatch(t, service, 'after changes directly in the database')
  await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (791, 'third', 1)`)
  await sql(`UPDATE imports SET project_id = 791 WHERE id = (SELECT min(id) FROM imports)`)
  await countersMatch(t, service, 'after a move to another project')
  await sql('DELETE FROM users WHERE id = 1')
  t.strictSame(await sql('SELECT id FROM projects'), [{ id: 790 }])
})

for (const type of RESOURCE_TYPES) {
  const { slug, noun, counter, idField, table, linkTable } = type
  const all = resources(`/${slug}`)

  t.test(`${slug}: a link counts once per project, until the resource is deleted`, async (t) => {
    const service = await shared.reset()
    const { call, sql } = service
    await writeResource(service, type, { id: 501 })
    const responses = await Promise.all(
      Array.from({ length: 8 }, () => call('POST', all, { body: { [idField]: 501 } })),
    )
    t.strictSame([countOf(responses, 201), countOf(responses, 200)], [1, 7])
    await countersMatch(t, service, 'after a link')
    await sql(`INSERT INTO projects (id, name, neptun_user_id) VALUES (791, 'third', 1)`)
    const third = { ...OWNER, projectId: 791 }
    t.equal((await call('POST', resources(`/${slug}`, third), { body: { [idField]: 501 } })).status, 201)
    await sql(`DELETE FROM ${table} WHERE id = 501`)
    await countersMatch(t, service, 'after the deletion of the resource')
    const [row] = await sql(
      `SELECT ${counter}_count AS rows, ${counter}_bytes::integer AS bytes FROM projects WHERE id = 791`,
    )
    t.strictSame(row, { rows: 0, bytes: 1 }, 'the counter of the other project')
  })

  t.test(`${slug}: a project has at most 1000 links, even with concurrent requests`, async (t) => {
    const service = await shared.reset()
    const { call, sql } = service
    await fillLinks(service, type, 996)
    for (const id of [9001, 9002, 9003, 9004, 9005]) await writeResource(service, type, { id })
    const bodies = [
      ...[9001, 9002, 9003, 9004, 9005].map((id) => ({ [idField]: id })),
      ...[1, 2, 3, 4, 5].map((index) => distinct(type, index)),
    ]
    const responses = await Promise.all(bodies.map((body) => call('POST', all, { body })))
    t.equal(countOf(responses, 201), 4)
    for (const response of responses.filter(({ status }) => status !== 201)) {
      t.strictSame(response.body, full(`it holds at most 1000 ${noun}s`))
    }
    t.strictSame(await sql(`SELECT count(*)::integer FROM ${linkTable}`), [{ count: 1000 }])
    const [{ id: linked } = { id: 0 }] = await sql<{ id: number }>(`SELECT ${idField} AS id FROM ${linkTable} LIMIT 1`)
    t.equal((await call('POST', all, { body: { [idField]: linked } })).status, 200, 'an existing link')
    await countersMatch(t, service, 'a full project')
    t.equal((await call('DELETE', `${all}/${linked}`)).status, 204)
    t.equal((await call('POST', all, { body: { [idField]: linked } })).status, 201, 'there is room again')
  })
}

const fillImports = ({ sql }: TestApp, count: number) =>
  sql(
    `INSERT INTO imports (source_type, source_path, neptun_user_id, project_id)
     SELECT 'local', '/' || n, 1, 789 FROM generate_series(1, $1::integer) n`,
    [count],
  )

t.test('a project has at most 1000 imports, even with concurrent requests', async (t) => {
  const service = await shared.reset()
  const { call } = service
  await fillImports(service, 990)
  const responses = await Promise.all(
    Array.from({ length: 30 }, (_, index) => call('POST', IMPORTS, local(`/new/${index}`))),
  )
  t.equal(countOf(responses, 201), 10)
  const FULL = full('it holds at most 1000 imports')
  for (const response of responses.filter(({ status }) => status !== 201)) t.strictSame(response.body, FULL)
  await countersMatch(t, service, 'a full project')
  t.strictSame((await call('POST', `${IMPORTS}/preview`, local('/x'))).body, FULL, 'a preview')
  const [one] = (await call('GET', IMPORTS)).body.imports
  t.equal(
    (await call('PUT', `${IMPORTS}/${one.id}`, { body: { title: 'grows' } })).status,
    200,
    'an import can be changed',
  )
  t.equal((await call('DELETE', `${IMPORTS}/${one.id}`)).status, 204)
  t.equal((await call('POST', IMPORTS, local('/x'))).status, 201, 'a deleted import makes room for another one')
  t.strictSame((await call('POST', IMPORTS, local('/x'))).body, FULL)
})

t.test('a project has at most 1000 files, even with concurrent requests', async (t) => {
  const service = await shared.reset()
  const { call, sql } = service
  await sql(`
    INSERT INTO context_files
      (title, original_path, context_file_category, context_file_type, text, neptun_user_id, project_id)
    SELECT 'x', 'x', 'x', 'x', '', 1, 789 FROM generate_series(1, 995) n`)
  const responses = await Promise.all(Array.from({ length: 12 }, () => call('POST', FILES, file())))
  t.equal(countOf(responses, 201), 5)
  const FULL = full('it holds at most 1000 files')
  for (const response of responses.filter(({ status }) => status !== 201)) t.strictSame(response.body, FULL)
  await countersMatch(t, service, 'a full project')
  const [one] = (await call('GET', FILES)).body.files
  t.equal((await call('PUT', `${FILES}/${one.id}`, { body: { title: 'grows' } })).status, 200, 'a file can be changed')
  t.equal((await call('DELETE', `${FILES}/${one.id}`)).status, 204)
  t.equal((await call('POST', FILES, file())).status, 201)
  t.strictSame((await call('POST', FILES, file())).body, FULL)
})

const MAX_BYTES = 4000

t.test('a list of files can have exactly MAX_PROJECT_BYTES of JSON, and not one byte more', async (t) => {
  const service = await startApp(t, { MAX_PROJECT_BYTES: `${MAX_BYTES}` })
  const { call } = service
  const FULL = full(`the list of its files has at most ${MAX_BYTES} bytes`)
  const responses = await Promise.all(Array.from({ length: 40 }, () => call('POST', FILES, file({ text: HARD }))))
  for (const response of responses.filter(({ status }) => status !== 201)) t.strictSame(response.body, FULL)
  await isFull(t, service, FILES)
  const [one] = (await call('GET', FILES)).body.files
  const put = (body: object) => call('PUT', `${FILES}/${one.id}`, { body })
  t.equal((await put({ text: '' })).status, 200)
  const room = MAX_BYTES - Buffer.byteLength((await call('GET', FILES)).text)
  t.strictSame((await put({ text: 'a'.repeat(room + 1) })).body, FULL, 'a change to one byte too many')
  t.equal((await put({ text: 'a'.repeat(room) })).status, 200, 'a change to exactly the limit')
  t.equal(Buffer.byteLength((await call('GET', FILES)).text), MAX_BYTES)
  await countersMatch(t, service, 'a full project')
})

t.test('a list of imports can have exactly MAX_PROJECT_BYTES of JSON, and not one byte more', async (t) => {
  const service = await startApp(t, { MAX_PROJECT_BYTES: `${MAX_BYTES}` })
  const { call } = service
  const FULL = full(`the list of its imports has at most ${MAX_BYTES} bytes`)
  const sizeOf = async () => Buffer.byteLength((await call('GET', IMPORTS)).text)
  const responses = await Promise.all(
    Array.from({ length: 40 }, (_, index) => call('POST', IMPORTS, local(`/${index}`, { description: HARD }))),
  )
  for (const response of responses.filter(({ status }) => status !== 201)) t.strictSame(response.body, FULL)
  await isFull(t, service, IMPORTS)
  await countersMatch(t, service, 'a full project')

  const [one] = (await call('GET', IMPORTS)).body.imports
  const put = (body: object) => call('PUT', `${IMPORTS}/${one.id}`, { body })
  t.equal((await put({ description: '' })).status, 200)
  const room = MAX_BYTES - (await sizeOf())
  const refused = await put({ description: 'a'.repeat(room + 1) })
  t.strictSame([refused.status, refused.body], [409, FULL], 'a change to one byte too many')
  t.equal((await call('GET', `${IMPORTS}/${one.id}`)).body.import.description, '', 'nothing has changed')
  const escaped = `\u0001\u0002${'é'.repeat(2)}`
  t.equal((await put({ description: escaped + 'a'.repeat(room - 16) })).status, 200, 'a change to exactly the limit')
  t.equal(await sizeOf(), MAX_BYTES)
  t.strictSame((await call('POST', IMPORTS, local('/x'))).body, FULL)
  t.strictSame((await call('POST', `${IMPORTS}/preview`, local('/x'))).body, FULL)
  t.equal((await put({ description: escaped + 'b'.repeat(room - 16) })).status, 200, 'a change of the same size')
  t.equal((await put({ description: null, title: 'x' })).status, 200, 'a change to a smaller size')
  await countersMatch(t, service, 'after changes')
})

// A write that locked the project's row for a foreign key and only then waited for another write to this row could fail
// when the other write was rolled back: "new multixact has more than one updating member" (docs/decisions/004). Such a
// lock would be visible here: xmax would be the id of a multixact instead of the updating transaction.
t.test('a write that waits for another write to the same project holds no lock on the project', async (t) => {
  const service = await shared.reset()
  const { call, sql, databaseUrl } = service
  const late = await sql(`
    SELECT tgname FROM pg_trigger WHERE tgfoid::regproc::text LIKE 'count\\_%' AND tgname::text COLLATE "C" > 'RI_'`)
  t.strictSame(late, [], 'no counting trigger fires after the foreign keys')
  const creates: [path: string, bodyOf: (index: number) => object][] = [
    ['/imports', () => local('/x').body],
    ['/imports/preview', () => local('/x').body],
    ['/files', () => file().body],
    ...RESOURCE_TYPES.map((type): [string, (index: number) => object] => [
      `/${type.slug}`,
      (index) => distinct(type, index),
    ]),
  ]
  for (const [path, bodyOf] of creates) {
    for (const [index, headers] of [{}, { 'idempotency-key': path }].entries()) {
      const release = await holdTransaction(t, databaseUrl, `UPDATE projects SET name = 'updated' WHERE id = 789`)
      const waiting = call('POST', resources(path), { body: bodyOf(index), headers })
      await until(async () => (await sql(LOCK_WAITS)).length === 1, 'the write waits')
      const lockers = await sql(`
        SELECT project.xmax::text = activity.backend_xid::text AS "isUpdaterOnly"
        FROM projects AS project, pg_stat_activity AS activity
        WHERE project.id = 789 AND datname = current_database() AND state = 'idle in transaction'`)
      t.strictSame(lockers, [{ isUpdaterOnly: true }], `${path} ${Object.keys(headers)}`)
      await release()
      t.equal((await waiting).status, path === '/imports/preview' ? 200 : 201, path)
    }
  }
})

t.test('the trigger of a list that a later migration adds also fires before the foreign keys', async (t) => {
  const client = new pg.Client({ connectionString: (await shared.reset()).databaseUrl })
  await client.connect()
  t.teardown(() => client.end())
  await client.query(`
    BEGIN;
    ALTER TABLE projects ADD note_count integer NOT NULL DEFAULT 0, ADD note_bytes bigint NOT NULL DEFAULT 1;
    CREATE TABLE notes (project_id integer REFERENCES projects);
    CREATE FUNCTION list_bytes(item notes) RETURNS integer LANGUAGE sql AS 'SELECT 3';
    CALL limit_list('notes', 'note', 'notes', 1)`)
  // The bit 4 of tgtype marks triggers of an INSERT.
  const { rows } = await client.query(`
    SELECT proname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE tgrelid = 'notes'::regclass AND tgtype & 4 = 4 ORDER BY tgname COLLATE "C"`)
  t.strictSame(rows, [{ proname: 'count_notes' }, { proname: 'RI_FKey_check_ins' }])
  await client.query('ROLLBACK')
})

t.test('each list of links has a separate limit of MAX_PROJECT_BYTES', async (t) => {
  const service = await startApp(t, { MAX_PROJECT_BYTES: `${MAX_BYTES}` })
  const { call } = service
  for (const type of RESOURCE_TYPES) {
    const all = resources(`/${type.slug}`)
    const FULL = full(`the list of its ${type.noun}s has at most ${MAX_BYTES} bytes`)
    for (const id of [501, 502, 503]) await writeResource(service, type, { id })
    const bodies = [
      ...Array.from({ length: 30 }, (_, index) => distinct(type, index)),
      ...[501, 502, 503].map((id) => ({ [type.idField]: id })),
    ]
    const responses = await Promise.all(bodies.map((body) => call('POST', all, { body })))
    for (const response of responses.filter(({ status }) => status !== 201)) t.strictSame(response.body, FULL)
    await isFull(t, service, all)
  }
  await countersMatch(t, service, 'a full project')
})

t.test('the counters are correct when a resource is changed, linked and unlinked concurrently', async (t) => {
  const service = await shared.reset()
  const { sql, call } = service
  const all = resources('/github-installations')
  for (let round = 0; round < 10; round += 1) {
    await Promise.all([
      call('POST', all, { body: { github_installation_id: 123 } }),
      sql('UPDATE github_installations SET account_name = repeat($1, $2) WHERE id = 123', ['ab', round + 1]),
      call('DELETE', `${all}/123`),
    ])
    await countersMatch(t, service, `round ${round}`)
  }
})

t.test('the counters are correct after a data-only dump is restored', async (t) => {
  const service = await shared.reset()
  const { call, databaseUrl } = service
  t.equal((await call('POST', IMPORTS, local('/x'))).status, 201)
  t.equal((await call('POST', FILES, file())).status, 201)
  for (const { slug, create } of RESOURCE_TYPES) {
    t.equal((await call('POST', resources(`/${slug}`), { body: create })).status, 201)
  }
  // Like pg_restore: with an empty search path, and parents first.
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c search_path=' })
  await client.connect()
  const links = RESOURCE_TYPES.flatMap(({ table, linkTable }) => [table, linkTable])
  const tables = ['users', 'sessions', 'projects', 'imports', 'context_files', ...links].map((name) => `public.${name}`)
  const dump = new Map<string, string>()
  for (const table of tables) {
    const { rows } = await client.query(`SELECT json_agg(item)::text AS dumped FROM ${table} AS item`)
    dump.set(table, rows[0].dumped)
  }
  await client.query('DELETE FROM public.users')
  for (const [table, rows] of dump) {
    await client.query(
      `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(null::${table}, $1)`,
      [rows],
    )
  }
  await client.end()
  await countersMatch(t, service, 'after the restore')
  t.equal((await call('GET', IMPORTS)).body.imports.length, 1)
  t.equal((await call('GET', FILES)).body.files.length, 1)
})

t.test('a project that exceeds the limits when a migration adds them is readable, and can only shrink', async (t) => {
  const migratedUrl = await createDatabase(t, { migrated: false })
  const client = new pg.Client({ connectionString: migratedUrl })
  await client.connect()
  const folder = new URL('../../prisma/migrations/', import.meta.url)
  const names = (await readdir(folder)).filter((name) => /^\d+_/.test(name) && name < '20261126140000').sort()
  for (const name of names) await client.query(await readFile(new URL(`${name}/migration.sql`, folder), 'utf8'))
  await client.query(`
    INSERT INTO users (id, email) VALUES (1, 'owner@example.com');
    INSERT INTO projects (id, name, neptun_user_id) VALUES (789, 'first', 1);
    SET neptun.max_imports_per_project = 2000;
    INSERT INTO imports (source_type, source_path, description, neptun_user_id, project_id)
      SELECT 'local', '/' || n, repeat(E'\\u0001', 100), 1, 789 FROM generate_series(1, 1002) n;
    INSERT INTO user_files (neptun_user_id, title, text, language, extension)
      SELECT 1, 'file', repeat('é"', 10), 'x', 'x' FROM generate_series(1, 1002) n;
    INSERT INTO project_user_files (project_id, user_file_id, neptun_user_id)
      SELECT 789, id, 1 FROM user_files;
    CREATE TABLE _prisma_migrations (
      id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,
      logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0
    )`)
  for (const name of names) {
    const text = await readFile(new URL(`${name}/migration.sql`, folder))
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
       VALUES (gen_random_uuid(), encode(sha256($1), 'hex'), now(), $2, 1)`,
      [text, name],
    )
  }
  await client.end()
  t.ok((await applyMigrations(migratedUrl)).includes('20261126140000_project_limits'))

  const rows = async () => {}
  const service = await startApp(t, { MAX_PROJECT_BYTES: '100000' }, { migratedUrl, rows })
  const { call, sql } = service
  await sql(
    `INSERT INTO sessions (token_hash, neptun_user_id, expires_at) VALUES (sha256($1), 1, now() + interval '1 day')`,
    [OWNER.token],
  )
  await countersMatch(t, service, 'after the migration')
  const files = resources('/user-files')
  t.equal((await call('GET', IMPORTS)).body.imports.length, 1002)
  t.equal((await call('GET', files)).body.length, 1002)
  t.strictSame((await call('POST', IMPORTS, local('/x'))).body, full('it holds at most 1000 imports'))
  const file = { title: 'x', text: '', language: 'x', extension: 'x' }
  t.strictSame((await call('POST', files, { body: file })).body, full('it holds at most 1000 user files'))
  const put = (body: object) => call('PUT', `${IMPORTS}/1`, { body })
  t.strictSame((await put({ title: 'grows' })).body, full('the list of its imports has at most 100000 bytes'))
  t.equal((await put({ description: 'shrinks' })).status, 200)
  t.equal((await call('DELETE', `${IMPORTS}/2`)).status, 204)
  t.equal((await call('DELETE', `${files}/1`)).status, 204)
  await countersMatch(t, service, 'after a change and deletions')
})
