import pg from 'pg'
import t, { type Test } from 'tap'
import { demo, hasDemoData, seedDemoData } from '../src/demo-data.js'
import { hashToken } from '../src/session-token.js'
import { createDatabase } from './support/database.js'
import { UNSET } from './support/imports.js'
import { RESOURCE_TYPES } from './support/resources.js'

const TIME = new Date('2025-02-16T17:42:11.000Z')

t.test('seedDemoData fills an empty database with the data that the documentation uses', async (t) => {
  const { url, rows } = await open(t)
  t.equal(await hasDemoData(url), false)
  t.equal(await seedDemoData(url), true)
  t.equal(await hasDemoData(url), true)

  t.match(await rows('SELECT * FROM users ORDER BY id'), [
    { id: 1, email: 'demo@example.com', github_account_name: 'username', github_account_id: String },
    { id: 2, email: 'other@example.com', github_account_name: null, github_account_id: null },
  ])
  t.match(await rows('SELECT * FROM projects ORDER BY id'), [
    { id: 789, neptun_user_id: 1 },
    { id: 790, neptun_user_id: 2 },
  ])
  t.same(await rows('SELECT * FROM imports'), [
    {
      ...UNSET,
      id: 123,
      source_type: 'github',
      source_path: 'username/repository',
      title: 'My GitHub Import',
      description: 'Importing from GitHub repository',
      created_at: TIME,
      updated_at: TIME,
      neptun_user_id: 1,
      project_id: 789,
      github_repository_id: null,
      github_account_id: null,
    },
  ])
  t.match(await rows('SELECT * FROM context_files'), [
    { id: 123, neptun_user_id: 1, project_id: 789, title: 'Dockerfile', created_at: TIME, updated_at: TIME },
  ])
  t.match(await rows('SELECT * FROM github_installations'), [
    { id: 123, neptun_user_id: 1, installation_id: 456789, account_name: 'username', repository_selection: 'all' },
  ])
  for (const { table } of RESOURCE_TYPES) {
    const resource = { id: 123, neptun_user_id: 1, created_at: TIME, updated_at: TIME }
    t.match(await rows(`SELECT * FROM ${table}`), [resource], table)
  }
})

t.test('none of the demonstration resources is linked to a project', async (t) => {
  const { url, rows } = await open(t)
  await seedDemoData(url)
  const tables = await rows(`SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname LIKE 'project\\_%'`)
  t.equal(tables.length, RESOURCE_TYPES.length)
  for (const { name } of tables) t.same(await rows(`SELECT * FROM ${name}`), [], String(name))
})

t.test('the demonstration sessions are valid for ten years', async (t) => {
  const { url, rows } = await open(t)
  await seedDemoData(url)
  t.same(
    Object.values(demo).map(({ token }) => token),
    ['your-session-cookie', 'other-session-cookie'],
  )
  for (const { id, token } of Object.values(demo)) {
    const query = `
      SELECT neptun_user_id AS id, revoked_at, expires_at > now() + interval '3652 days' AS long_enough
      FROM sessions WHERE token_hash = $1`
    t.same(await rows(query, [hashToken(token)]), [{ id, revoked_at: null, long_enough: true }])
  }
})

t.test('after seedDemoData, new rows of every table get ids above 1000', async (t) => {
  const { url, rows } = await open(t)
  await seedDemoData(url)
  const sequences = await rows('SELECT sequencename AS name FROM pg_sequences')
  const tables = await rows(`SELECT FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name = 'id' AND data_type IN ('integer', 'bigint')`)
  t.equal(sequences.length, tables.length, 'one sequence per table with an id')
  for (const { name } of sequences) {
    const [next] = await rows(`SELECT nextval('${name}')::integer AS id`)
    t.equal(next?.['id'], 1001, String(name))
  }
})

t.test('of concurrent calls to seedDemoData, only one writes the data; later calls write nothing', async (t) => {
  const { url, rows } = await open(t)
  t.same((await Promise.all([seedDemoData(url), seedDemoData(url)])).sort(), [false, true])
  await rows(`UPDATE imports SET title = 'changed by the user'`)
  await rows('DELETE FROM user_files')
  t.equal(await seedDemoData(url), false)
  t.match(await rows('SELECT title FROM imports'), [{ title: 'changed by the user' }])
  t.same(await rows('SELECT * FROM user_files'), [])
})

t.test('seedDemoData writes nothing into a database that already has a user', async (t) => {
  const { url, rows } = await open(t)
  await rows(`INSERT INTO users (email) VALUES ('someone@example.com')`)
  t.equal(await seedDemoData(url), false)
  t.equal(await hasDemoData(url), false)
  t.match(await rows('SELECT email FROM users'), [{ email: 'someone@example.com' }])
  t.same(await rows('SELECT * FROM sessions'), [])
  t.same(await rows('SELECT * FROM projects'), [])
})

t.test('seedDemoData writes nothing in production', async (t) => {
  const { url, rows } = await open(t)
  await t.rejects(seedDemoData(url, 'production'), { message: 'Demonstration data is never written in production' })
  t.same(await rows('SELECT * FROM users'), [])
})

async function open(t: Test) {
  const url = await createDatabase(t)
  const client = new pg.Client({ connectionString: url })
  // Without a listener, the error of a lost connection would terminate the process.
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.end())
  const rows = async (query: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
    (await client.query(query, values)).rows
  return { url, rows }
}
