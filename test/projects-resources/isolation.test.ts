import { randomBytes } from 'node:crypto'
import pg from 'pg'
import t, { type Test } from 'tap'
import { createDatabase } from '../support/database.js'
import { RESOURCE_TYPES } from '../support/resources.js'

type Row = Record<string, unknown>

/** A foreign key between two tables whose rows have an owner. */
interface ForeignKey {
  table: string
  columns: string[]
  target: string
  targetColumns: string[]
}

interface Column {
  table: string
  name: string
  type: string
  required: boolean
}

const OWNER = 'neptun_user_id'

/** Tables whose rows have no owner: applied migrations, and GitHub's webhook deliveries. */
const OWNERLESS = `'_prisma_migrations', 'github_deliveries'`

const JOINS = `
  SELECT
    c.conrelid::regclass::text AS table,
    c.confrelid::regclass::text AS target,
    ARRAY(SELECT attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place)
          JOIN pg_attribute ON attrelid = c.conrelid AND attnum = number ORDER BY place) AS columns,
    ARRAY(SELECT attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k (number, place)
          JOIN pg_attribute ON attrelid = c.confrelid AND attnum = number ORDER BY place) AS "targetColumns"
  FROM pg_constraint AS c
  WHERE c.contype = 'f' AND c.confrelid <> 'users'::regclass
  ORDER BY 1, 2`

const COLUMNS = `
  SELECT table_name AS table, column_name AS name, udt_name AS type,
    is_nullable = 'NO' AND column_default IS NULL AS required
  FROM information_schema.columns
  WHERE table_schema = 'public' AND table_name NOT IN (${OWNERLESS})
  ORDER BY table_name, ordinal_position`

/** The last value of each enum. That of source_type is `local`, which accepts any path. */
const ENUMS = `
  SELECT typname AS type, (array_agg(enumlabel::text ORDER BY enumsortorder DESC))[1] AS value
  FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid GROUP BY 1`

/** Values of nullable columns that a check constraint requires. */
const REQUIRED_BY_CHECKS: Record<string, Row> = { idempotency_keys: { refusal: 'The project is full' } }

/** Connects to a migrated database, and reads its tables, columns and foreign keys from the catalog. */
async function startDatabase(t: Test) {
  const client = new pg.Client({ connectionString: await createDatabase(t) })
  await client.connect()
  t.teardown(() => client.end())
  const sql = async <R extends Row = Row>(text: string, values: unknown[] = []) =>
    (await client.query<R>(text, values)).rows
  const joins = await sql<ForeignKey & Row>(JOINS)
  const columns = await sql<Column & Row>(COLUMNS)
  const enums = new Map((await sql(ENUMS)).map(({ type, value }) => [type, value]))
  const tables = [...new Set(columns.map(({ table }) => table))]
  const joinsOf = (table: string) => joins.filter((join) => join.table === table)
  let count = 0

  function exampleOf({ type, table, name }: Column): unknown {
    count += 1
    if (enums.has(type)) return enums.get(type)
    if (type === 'varchar' || type === 'text') return `x${count}`
    if (type === 'int4' || type === 'int8') return count
    if (type === 'bytea') return randomBytes(32)
    if (type === 'timestamptz') return '2030-01-01T00:00:00Z'
    throw new Error(`no example of ${type}, for ${table}.${name}`)
  }

  /** Inserts a row with these values, and with valid values in all other required columns. */
  async function insert(table: string, values: Row = {}): Promise<Row> {
    const needed = columns.filter((column) => column.table === table && column.required && !(column.name in values))
    const examples = Object.fromEntries(needed.map((column) => [column.name, exampleOf(column)]))
    const row = { ...examples, ...REQUIRED_BY_CHECKS[table], ...values }
    const places = Object.keys(row).map((_, index) => `$${index + 1}`)
    const text = `INSERT INTO ${table} (${Object.keys(row)}) VALUES (${places}) RETURNING *`
    return (await sql(text, Object.values(row)))[0] as Row
  }

  /** Inserts a user with a row in every table whose rows have an owner. All foreign keys refer to these rows. */
  async function insertUser(): Promise<Record<string, Row>> {
    const users = await insert('users')
    const rows: Record<string, Row> = { users }
    const owner = { [OWNER]: users['id'] }
    for (const table of tables) {
      if (table !== 'users' && joinsOf(table).length === 0) rows[table] = await insert(table, owner)
    }
    for (const table of tables) {
      if (joinsOf(table).length > 0) {
        rows[table] = await insert(table, Object.assign({}, ...joinsOf(table).map((join) => keyOf(join, rows)), owner))
      }
    }
    return rows
  }

  return { sql, joins, columns, tables, joinsOf, insert, insertUser }
}

type Database = Awaited<ReturnType<typeof startDatabase>>

/**
 * Returns values for the columns of a foreign key, so that they refer to the target table's row in `rows`. Omits the
 * owner column.
 */
function keyOf({ columns, target, targetColumns }: ForeignKey, rows: Record<string, Row>): Row {
  const pairs = columns.map((column, index) => [column, rows[target]?.[targetColumns[index] as string]])
  return Object.fromEntries(pairs.filter(([column]) => column !== OWNER))
}

const where = (row: Row) =>
  Object.entries(row)
    .map(([name, value]) => `${name} = ${Number(value)}`)
    .join(' AND ')

/** Removes the counters of a project, which change with its contents: see project-limits.test.ts. */
const withoutCounters = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !/_(count|bytes)$/.test(name)))

/**
 * Reads the rows of all tables whose rows have an owner, without the counters of projects.
 * @param condition such as `owner = 1`
 */
async function everyRow({ sql, tables }: Database, condition = 'true'): Promise<Record<string, Row[]>> {
  const rows: Record<string, Row[]> = {}
  for (const table of tables) {
    const owner = table === 'users' ? 'id' : OWNER
    const found = await sql(`SELECT * FROM ${table} WHERE ${condition.replace('owner', owner)} ORDER BY ${owner}, 1`)
    rows[table] = found.map(withoutCounters)
  }
  return rows
}

t.test('rows other than migrations and webhook deliveries have an owner, and foreign keys include it', async (t) => {
  const { sql, joins, columns, tables, joinsOf } = await startDatabase(t)
  for (const { linkTable } of RESOURCE_TYPES) t.equal(joinsOf(linkTable).length, 2, `${linkTable} has two foreign keys`)
  for (const { table } of columns.filter(({ name }) => name === 'project_id')) {
    t.ok(joinsOf(table).length > 0, `${table} has a foreign key`)
  }
  for (const table of tables.filter((name) => name !== 'users')) {
    const owner = columns.find((column) => column.table === table && column.name === OWNER)
    t.strictSame(owner, { table, name: OWNER, type: 'int4', required: true }, `${table} has an owner`)
  }
  for (const { table, target, columns: from, targetColumns: to } of joins) {
    t.equal(to[from.indexOf(OWNER)], OWNER, `${table} to ${target} includes the owner`)
    for (const name of from) {
      const column = columns.find((each) => each.table === table && each.name === name)
      t.ok(column?.required, `${table}.${name} cannot be null, which would disable the foreign key`)
    }
  }
  t.strictSame(
    await sql(`SELECT conname FROM pg_constraint WHERE contype = 'f' AND (condeferrable OR NOT convalidated)`),
    [],
    'every foreign key is validated, and none is deferrable',
  )
})

t.test('no row can be inserted that joins rows of two users', async (t) => {
  const database = await startDatabase(t)
  const { sql, tables, joinsOf, insert, insertUser } = database
  const users = [await insertUser(), await insertUser()] as const
  for (const table of tables) {
    const joins = joinsOf(table)
    if (joins.length === 0) continue
    // The first bit selects the user in the owner column; each other bit selects the user of one target row.
    const everyBit = 2 ** (joins.length + 1) - 1
    for (let bits = 0; bits <= everyBit; bits += 1) {
      await sql(`DELETE FROM ${table}`)
      const userAt = (bit: number) => users[(bits >> bit) & 1] as Record<string, Row>
      const keys = joins.map((join, index) => keyOf(join, userAt(index + 1)))
      const row = Object.assign({ [OWNER]: userAt(0)['users']?.['id'] }, ...keys)
      const references = [OWNER, ...joins.map(({ target }) => target)]
      const what = `${table}: ${references.map((name, bit) => `${name} of user ${(bits >> bit) & 1}`).join(', ')}`
      const isSameUser = bits === 0 || bits === everyBit
      if (isSameUser) await t.resolves(insert(table, row), `${what} is stored`)
      else await t.rejects(insert(table, row), { code: '23503', table }, `${what} is rejected`)
      const [{ count } = {}] = await sql(`SELECT count(*)::integer FROM ${table}`)
      t.equal(count, isSameUser ? 1 : 0, `${what}: number of rows`)
    }
  }
})

t.test('no row can be updated so that it joins rows of two users', async (t) => {
  const database = await startDatabase(t)
  const { sql, tables, joinsOf, insertUser } = database
  const mine = await insertUser()
  const theirs = await insertUser()
  const before = await everyRow(database)
  const ownerOf = (rows: Record<string, Row>) => ({ [OWNER]: rows['users']?.['id'] })
  for (const table of tables.filter((name) => joinsOf(name).length > 0)) {
    const joins = joinsOf(table)
    const key = where(Object.assign(ownerOf(mine), ...joins.map((join) => keyOf(join, mine))))
    const changes: [what: string, values: Row][] = [
      ['another owner', ownerOf(theirs)],
      ...joins.map((join): [string, Row] => [`a row of another owner in ${join.target}`, keyOf(join, theirs)]),
      ...joins
        .filter(() => joins.length > 1)
        .map((join): [string, Row] => [
          `another owner, and a row of that owner in ${join.target}`,
          { ...keyOf(join, theirs), ...ownerOf(theirs) },
        ]),
    ]
    for (const [what, values] of changes) {
      const set = where(values).replaceAll(' AND ', ', ')
      await t.rejects(sql(`UPDATE ${table} SET ${set} WHERE ${key}`), { code: '23503' }, `${table}: ${what}`)
    }
  }
  for (const target of new Set(tables.flatMap((table) => joinsOf(table).map((join) => join.target)))) {
    const set = where(ownerOf(theirs))
    // RESTRICT has a separate code since PostgreSQL 18.
    const change = sql(`UPDATE ${target} SET ${set} WHERE id = ${mine[target]?.['id']}`)
    await t.rejects(change, { code: /^(23001|23503)$/ }, `${target}: another owner, while the row is referenced`)
  }
  t.strictSame(await everyRow(database), before, 'nothing has changed')
})

t.test('deleting a user deletes all of their rows, and none of others', async (t) => {
  const database = await startDatabase(t)
  const { sql, tables, insertUser } = database
  const mine = await insertUser()
  const theirs = await insertUser()
  const [me, them] = [mine, theirs].map((rows) => `owner = ${rows['users']?.['id']}`)
  const remaining = await everyRow(database, them)
  t.strictSame(Object.keys(remaining), tables)
  for (const table of tables) t.equal(remaining[table]?.length, 1, `the other user has a row in ${table}`)
  await sql(`DELETE FROM users WHERE id = ${mine['users']?.['id']}`)
  t.strictSame(await everyRow(database, me), Object.fromEntries(tables.map((table) => [table, []])))
  t.strictSame(await everyRow(database), remaining, 'the rows of the other user remain')
})

t.test('deleting a project or a resource deletes the rows that refer to it, and no others', async (t) => {
  const database = await startDatabase(t)
  const { sql, tables, joins, joinsOf, insertUser } = database
  for (const target of new Set(joins.map((join) => join.target))) {
    const mine = await insertUser()
    const owner = `owner = ${mine['users']?.['id']}`
    const others = await everyRow(database, `NOT ${owner}`)
    const before = await everyRow(database, owner)
    await sql(`DELETE FROM ${target} WHERE id = ${mine[target]?.['id']}`)
    const deleted = new Set([
      target,
      ...tables.filter((table) => joinsOf(table).some((join) => join.target === target)),
    ])
    const remaining = Object.entries(before).map(([table, rows]) => [table, deleted.has(table) ? [] : rows])
    t.strictSame(await everyRow(database, owner), Object.fromEntries(remaining), `a row of ${target}`)
    t.strictSame(await everyRow(database, `NOT ${owner}`), others, 'rows of other users')
  }
})

t.test('the database rejects empty names, texts of more than 1 MiB and invalid categories', async (t) => {
  const { sql, insertUser } = await startDatabase(t)
  await insertUser()
  const names = await sql<{ table: string; name: string }>(`
    SELECT table_name AS table, column_name AS name FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type = 'character varying' AND table_name NOT IN (${OWNERLESS})
      AND (is_nullable = 'NO' OR column_name = 'title')`)
  const found = names.map(({ table, name }) => `${table}.${name}`)
  for (const known of ['users.email', 'projects.name', 'user_files.title', 'imports.title', 'context_files.title']) {
    t.ok(found.includes(known), known)
  }
  for (const { table, name } of names) {
    await t.rejects(sql(`UPDATE ${table} SET ${name} = ''`), { code: '23514', table }, `${table}.${name}`)
  }
  for (const table of ['user_files', 'context_files']) {
    await sql(`UPDATE ${table} SET text = repeat('x', 1048576)`)
    await t.rejects(
      sql(`UPDATE ${table} SET text = repeat('x', 1048577)`),
      { code: '23514' },
      'a text of more than 1 MiB',
    )
    await t.rejects(sql(`UPDATE ${table} SET text = repeat('é', 524289)`), { code: '23514' }, 'the limit is in bytes')
  }
  for (const name of ['context_file_category', 'context_file_type', 'language', 'extension']) {
    const set = sql(`UPDATE context_files SET ${name} = $1`, [name === 'language' ? '' : 'a b'])
    await t.rejects(set, { code: '23514' }, name)
  }
})

t.test('the database rejects the source_path of a github import unless it is owner/repo', async (t) => {
  const { sql, insertUser } = await startDatabase(t)
  await insertUser()
  const rejected = ['../x', 'a/..', 'a/b/c', 'a/.', './x', '.../x', 'a', 'a/', '/a', '/', '//', 'a//b', '-a/b', '_a/b']
  rejected.push(
    'a b/c',
    'a/b c',
    'a/b?x',
    'a/b#x',
    'a/%2e%2e',
    'a.b/c',
    'a/b\n',
    '\na/b',
    'a/b\n/c',
    'a\\b/c',
    'é/x',
    'a/é',
  )
  rejected.push('https://github.com/a/b', 'git@github.com:a/b.git')
  for (const path of rejected) {
    const set = sql(`UPDATE imports SET source_type = 'github', source_path = $1`, [path])
    await t.rejects(set, { code: '23514', constraint: 'imports_github_path_check' }, JSON.stringify(path))
  }
  for (const path of ['a/b', 'octo-org/octo.repo_1', 'a-/b', 'octo_corp/b', '0/0', 'a/.github', 'a/...', 'a/-']) {
    await sql(`UPDATE imports SET source_type = 'github', source_path = $1`, [path])
    t.strictSame(await sql('SELECT source_path FROM imports'), [{ source_path: path }], path)
  }
  await sql(`UPDATE imports SET source_type = 'local', source_path = '../x'`)
  await t.rejects(sql(`UPDATE imports SET source_type = 'github'`), { code: '23514' }, 'a change of only the type')
})

t.test('import_count follows the imports of a project, even if they are written directly', async (t) => {
  const { sql, insert } = await startDatabase(t)
  const { id: user } = await insert('users')
  const owner = { [OWNER]: user }
  const [one, other] = [await insert('projects', owner), await insert('projects', owner)]
  const counts = async () =>
    (await sql('SELECT import_count FROM projects ORDER BY id')).map(({ import_count }) => import_count)
  const add = (count: number, project: Row) =>
    sql(
      `INSERT INTO imports (source_type, source_path, project_id, neptun_user_id)
       SELECT 'local', '/srv/' || n, $1, $2 FROM generate_series(1, $3::integer) AS n`,
      [project['id'], user, count],
    )
  t.strictSame(await counts(), [0, 0], 'no imports')
  await add(3, one)
  await add(1, other)
  t.strictSame(await counts(), [3, 1], 'a statement that inserts several rows')
  await t.rejects(add(0.5, one), { code: '22P02' }, 'a statement that fails')
  await sql('BEGIN')
  await add(5, one)
  await sql('ROLLBACK')
  t.strictSame(await counts(), [3, 1], 'a rollback')
  await sql(`UPDATE imports SET title = 'new', source_path = '/tmp'`)
  t.strictSame(await counts(), [3, 1], 'an update')
  await sql(`DELETE FROM imports WHERE id = (SELECT min(id) FROM imports)`)
  t.strictSame(await counts(), [2, 1], 'a deletion')
  await sql('DELETE FROM projects WHERE id = $1', [other['id']])
  t.strictSame(await counts(), [2], 'the deletion of a project')
  const another = await insert('projects', owner)
  await sql('UPDATE imports SET project_id = $1 WHERE id = (SELECT min(id) FROM imports)', [another['id']])
  t.strictSame(await counts(), [1, 1], 'a move to another project')
  await sql('DELETE FROM users')
  t.strictSame(
    [await sql('SELECT id FROM projects'), await sql('SELECT id FROM imports')],
    [[], []],
    'the deletion of the user',
  )
})
