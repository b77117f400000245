import { readdir, readFile } from 'node:fs/promises'
import { withClient } from '../../src/database/database.js'
import { UNLIMITED_ROWS } from './database.js'

const migrations = new URL('../../prisma/migrations/', import.meta.url)

const TABLES = `SELECT quote_ident(relname) AS name FROM pg_class
  WHERE relkind = 'r' AND relnamespace = 'former'::regnamespace ORDER BY 1`
const SEQUENCES = `SELECT quote_ident(sequencename) AS name, last_value FROM pg_sequences
  WHERE schemaname = 'former' AND last_value IS NOT NULL`

/** Replaces all tables, types and functions with copies that have the same rows, in one transaction, like a restore. */
export async function replaceSchema(url: string): Promise<void> {
  const names = (await readdir(migrations)).filter((name) => /^\d{14}_/.test(name)).sort()
  const files = names.map((name) => readFile(new URL(`${name}/migration.sql`, migrations), 'utf8'))
  const statements = await Promise.all(files)
  await withClient(url, async (client) => {
    await client.query('BEGIN')
    await client.query('ALTER SCHEMA public RENAME TO former; CREATE SCHEMA public')
    for (const statement of [...statements, UNLIMITED_ROWS]) await client.query(statement)
    await client.query('CREATE TABLE _prisma_migrations (LIKE former._prisma_migrations INCLUDING ALL)')
    await client.query('SET LOCAL session_replication_role = replica')
    for (const { name } of (await client.query(TABLES)).rows) {
      const columns = await client.query(
        `SELECT string_agg(quote_ident(attname) || CASE WHEN typtype = 'e' THEN '::text::' || quote_ident(typname) ELSE '' END, ',') AS values,
           string_agg(quote_ident(attname), ',') AS names
         FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
         WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
        [`former.${name}`],
      )
      const { values, names } = columns.rows[0]
      await client.query(`INSERT INTO public.${name} (${names}) SELECT ${values} FROM former.${name}`)
    }
    for (const { name, last_value } of (await client.query(SEQUENCES)).rows) {
      await client.query(`SELECT setval('public.${name}', ${last_value})`)
    }
    await client.query('DROP SCHEMA former CASCADE; COMMIT')
  })
}
