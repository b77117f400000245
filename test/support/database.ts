import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { Test } from 'tap'

/**
 * A database of the test's own, dropped when the test ends.
 * @param options migrated: false for one without any table
 * @returns its URL
 */
export async function createDatabase(t: Test, { migrated = true } = {}): Promise<string> {
  const server = process.env['TEST_DATABASE_URL']
  const template = process.env['TEST_TEMPLATE']
  if (!server || !template) throw new Error('no test database: run the tests by `npm test`')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(server, `CREATE DATABASE ${name} TEMPLATE ${migrated ? template : 'template0'}`)
  t.teardown(() => administer(server, `DROP DATABASE ${name} WITH (FORCE)`))
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

async function administer(server: string, statement: string) {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
