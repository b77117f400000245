import { randomBytes } from 'node:crypto'
import pg from 'pg'
import t, { type Test } from 'tap'
import { RESOURCE_DESCRIPTORS } from '../../src/projects-resources/resources/index.js'
import { createDatabase } from '../support/database.js'

type Row = Record<string, unknown>

/** A foreign key whose rows have an owner on both sides. */
interface Join {
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

/** What is nobody's: the history of migrations, and of GitHub's deliveries. */
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

/** The last value of every enum: of source_type that is `local`, of which any path is accepted. */
const ENUMS = `
  SELECT typname AS type, (array_agg(enumlabel::text ORDER BY enumsortorder DESC))[1] AS value
  FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid GROUP BY 1`

/** What a check constraint requires besides the columns that must not be null. */
const REQUIRED_BY_CHECKS: Record<string, Row> = { idempotency_keys: { refusal: 'The project is full' } }

/** Straight to a migrated database, and what its catalogue says. */
async function startDatabase(t: Test) {
  const client = new pg.Client({ connectionString: await createDatabase(t) })
  await client.connect()
  t.teardown(() => client.end())
  const sql = async <R extends Row = Row>(text: string, values: unknown[] = []) =>
    (await client.query<R>(text, values)).rows
  const joins = await sql<Join & Row>(JOINS)
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

  /** Inserts a row, with something acceptable in every column that needs it and is not given. */
  async function insert(table: string, given: Row = {}): Promise<Row> {
    const needed = columns.filter((column) => column.table === table && column.required && !(column.name in given))
    const examples = Object.fromEntries(needed.map((column) => [column.name, exampleOf(column)]))
    const row = { ...examples, ...REQUIRED_BY_CHECKS[table], ...given }
    const places = Object.keys(row).map((_, index) => `$${index + 1}`)
    const text = `INSERT INTO ${table} (${Object.keys(row)}) VALUES (${places}) RETURNING *`
    return (await sql(text, Object.values(row)))[0] as Row
  }

  /** A user with a row in every table, each joined to the others wherever a table joins them. */
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

/** The values with which a join points to a row of its target, but for the owner. */
function keyOf({ columns, target, targetColumns }: Join, rows: Record<string, Row>): Row {
  const pairs = columns.map((column, index) => [column, rows[target]?.[targetColumns[index] as string]])
  return Object.fromEntries(pairs.filter(([column]) => column !== OWNER))
}

const where = (row: Row) =>
  Object.entries(row)
    .map(([name, value]) => `${name} = ${Number(value)}`)
    .join(' AND ')

/** The rows of every table, or of one owner: `owner = 1`. */
/** A project counts what it holds: test/projects-resources/project-limits.test.ts. */
const withoutCounters = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !/_(count|bytes)$/.test(name)))

async function everyRow({ sql, tables }: Database, condition = 'true'): Promise<Record<string, Row[]>> {
  const rows: Record<string, Row[]> = {}
  for (const table of tables) {
    const owner = table === 'users' ? 'id' : OWNER
    const found = await sql(`SELECT * FROM ${table} WHERE ${condition.replace('owner', owner)} ORDER BY ${owner}, 1`)
    rows[table] = found.map(withoutCounters)
  }
  return rows
}

t.test('every row has an owner, and whatever joins two of them ties the owner in', async (t) => {
  const { sql, joins, columns, tables, joinsOf } = await startDatabase(t)
  for (const { linkTable } of RESOURCE_DESCRIPTORS) t.equal(joinsOf(linkTable).length, 2, `${linkTable} joins two`)
  for (const { table } of columns.filter(({ name }) => name === 'project_id')) {
    t.ok(joinsOf(table).length > 0, `${table} joins`)
  }
  for (const table of tables.filter((name) => name !== 'users')) {
    const owner = columns.find((column) => column.table === table && column.name === OWNER)
    t.strictSame(owner, { table, name: OWNER, type: 'int4', required: true }, `${table} has an owner`)
  }
  for (const { table, target, columns: from, targetColumns: to } of joins) {
    t.equal(to[from.indexOf(OWNER)], OWNER, `${table} to ${target} ties the owner in`)
    for (const name of from) {
      const column = columns.find((each) => each.table === table && each.name === name)
      t.ok(column?.required, `${table}.${name} cannot be null, which would untie it`)
    }
  }
  t.strictSame(
    await sql(`SELECT conname FROM pg_constraint WHERE contype = 'f' AND (condeferrable OR NOT convalidated)`),
    [],
    'none is deferrable or not validated',
  )
})

t.test('no row can join what belongs to two users', async (t) => {
  const database = await startDatabase(t)
  const { sql, tables, joinsOf, insert, insertUser } = database
  const users = [await insertUser(), await insertUser()] as const
  for (const table of tables) {
    const joins = joinsOf(table)
    if (joins.length === 0) continue
    // Each bit says whose is one end of the row; the first, whose it says it is.
    const everyBit = 2 ** (joins.length + 1) - 1
    for (let whose = 0; whose <= everyBit; whose += 1) {
      await sql(`DELETE FROM ${table}`)
      const end = (bit: number) => users[(whose >> bit) & 1] as Record<string, Row>
      const keys = joins.map((join, index) => keyOf(join, end(index + 1)))
      const row = Object.assign({ [OWNER]: end(0)['users']?.['id'] }, ...keys)
      const ends = [OWNER, ...joins.map(({ target }) => target)]
      const what = `${table}: ${ends.map((name, bit) => `${name} of ${(whose >> bit) & 1}`).join(', ')}`
      const isOfOne = whose === 0 || whose === everyBit
      if (isOfOne) await t.resolves(insert(table, row), `${what} is stored`)
      else await t.rejects(insert(table, row), { code: '23503', table }, `${what} is refused`)
      const [{ count } = {}] = await sql(`SELECT count(*)::integer FROM ${table}`)
      t.equal(count, isOfOne ? 1 : 0, `and ${isOfOne ? 'is' : 'nothing is'} there`)
    }
  }
})

t.test('no row can be changed so that it would', async (t) => {
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
      ['its owner', ownerOf(theirs)],
      ...joins.map((join): [string, Row] => [`its ${join.target}`, keyOf(join, theirs)]),
      ...joins
        .filter(() => joins.length > 1)
        .map((join): [string, Row] => [`its owner and ${join.target}`, { ...keyOf(join, theirs), ...ownerOf(theirs) }]),
    ]
    for (const [what, values] of changes) {
      const set = where(values).replaceAll(' AND ', ', ')
      await t.rejects(sql(`UPDATE ${table} SET ${set} WHERE ${key}`), { code: '23503' }, `${table}: ${what}`)
    }
  }
  for (const target of new Set(tables.flatMap((table) => joinsOf(table).map((join) => join.target)))) {
    const set = where(ownerOf(theirs))
    // RESTRICT is a code of its own since PostgreSQL 18.
    const change = sql(`UPDATE ${target} SET ${set} WHERE id = ${mine[target]?.['id']}`)
    await t.rejects(change, { code: /^(23001|23503)$/ }, `${target}: its owner, while it is joined`)
  }
  t.strictSame(await everyRow(database), before, 'everything is as it was')
})

t.test('with a user goes everything of theirs, and nothing of others', async (t) => {
  const database = await startDatabase(t)
  const { sql, tables, insertUser } = database
  const mine = await insertUser()
  const theirs = await insertUser()
  const [me, them] = [mine, theirs].map((rows) => `owner = ${rows['users']?.['id']}`)
  const kept = await everyRow(database, them)
  t.strictSame(Object.keys(kept), tables)
  for (const table of tables) t.equal(kept[table]?.length, 1, `the other has one in ${table}`)
  await sql(`DELETE FROM users WHERE id = ${mine['users']?.['id']}`)
  t.strictSame(await everyRow(database, me), Object.fromEntries(tables.map((table) => [table, []])))
  t.strictSame(await everyRow(database), kept, 'the other has it all')
})

t.test('with a project or a resource go its joins, and nothing else', async (t) => {
  const database = await startDatabase(t)
  const { sql, tables, joins, joinsOf, insertUser } = database
  for (const target of new Set(joins.map((join) => join.target))) {
    const mine = await insertUser()
    const owner = `owner = ${mine['users']?.['id']}`
    const others = await everyRow(database, `NOT ${owner}`)
    const before = await everyRow(database, owner)
    await sql(`DELETE FROM ${target} WHERE id = ${mine[target]?.['id']}`)
    const gone = new Set([target, ...tables.filter((table) => joinsOf(table).some((join) => join.target === target))])
    const left = Object.entries(before).map(([table, rows]) => [table, gone.has(table) ? [] : rows])
    t.strictSame(await everyRow(database, owner), Object.fromEntries(left), `with one of ${target}`)
    t.strictSame(await everyRow(database, `NOT ${owner}`), others, 'and nothing of others')
  }
})

t.test('no name is empty', async (t) => {
  const { sql, insertUser } = await startDatabase(t)
  await insertUser()
  const names = await sql<{ table: string; name: string }>(`
    SELECT table_name AS table, column_name AS name FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type = 'character varying' AND table_name NOT IN (${OWNERLESS})
      AND (is_nullable = 'NO' OR column_name = 'title')`)
  t.ok(names.length >= 11, `${names.length} columns`)
  for (const { table, name } of names) {
    await t.rejects(sql(`UPDATE ${table} SET ${name} = ''`), { code: '23514', table }, `${table}.${name}`)
  }
  for (const table of ['user_files', 'context_files']) {
    await sql(`UPDATE ${table} SET text = repeat('x', 1048576)`)
    await t.rejects(sql(`UPDATE ${table} SET text = repeat('x', 1048577)`), { code: '23514' }, 'a text of over 1 MiB')
    await t.rejects(sql(`UPDATE ${table} SET text = repeat('é', 524289)`), { code: '23514' }, 'in bytes')
  }
  for (const name of ['context_file_category', 'context_file_type', 'language', 'extension']) {
    const set = sql(`UPDATE context_files SET ${name} = $1`, [name === 'language' ? '' : 'a b'])
    await t.rejects(set, { code: '23514' }, name)
  }
})

t.test('a github import is owner/repo in the database too', async (t) => {
  const { sql, insertUser } = await startDatabase(t)
  await insertUser()
  const refused = ['../x', 'a/..', 'a/b/c', 'a/.', './x', '.../x', 'a', 'a/', '/a', '/', '//', 'a//b', '-a/b', '_a/b']
  refused.push(
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
  refused.push('https://github.com/a/b', 'git@github.com:a/b.git')
  for (const path of refused) {
    const set = sql(`UPDATE imports SET source_type = 'github', source_path = $1`, [path])
    await t.rejects(set, { code: '23514', constraint: 'imports_github_path_check' }, JSON.stringify(path))
  }
  for (const path of ['a/b', 'octo-org/octo.repo_1', 'a-/b', 'octo_corp/b', '0/0', 'a/.github', 'a/...', 'a/-']) {
    await sql(`UPDATE imports SET source_type = 'github', source_path = $1`, [path])
    t.strictSame(await sql('SELECT source_path FROM imports'), [{ source_path: path }], path)
  }
  await sql(`UPDATE imports SET source_type = 'local', source_path = '../x'`)
  await t.rejects(sql(`UPDATE imports SET source_type = 'github'`), { code: '23514' }, 'by its type alone')
})

t.test('a project’s import_count follows its imports, whoever writes them', async (t) => {
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
  t.strictSame(await counts(), [0, 0], 'none at first')
  await add(3, one)
  await add(1, other)
  t.strictSame(await counts(), [3, 1], 'one statement may insert several')
  await t.rejects(add(0.5, one), { code: '22P02' }, 'a statement that fails')
  await sql('BEGIN')
  await add(5, one)
  await sql('ROLLBACK')
  t.strictSame(await counts(), [3, 1], 'what is undone does not count')
  await sql(`UPDATE imports SET title = 'new', source_path = '/tmp'`)
  t.strictSame(await counts(), [3, 1], 'a change is no other import')
  await sql(`DELETE FROM imports WHERE id = (SELECT min(id) FROM imports)`)
  t.strictSame(await counts(), [2, 1], 'one less')
  await sql('DELETE FROM projects WHERE id = $1', [other['id']])
  t.strictSame(await counts(), [2], 'a project goes with its imports')
  const another = await insert('projects', owner)
  await sql('UPDATE imports SET project_id = $1 WHERE id = (SELECT min(id) FROM imports)', [another['id']])
  t.strictSame(await counts(), [1, 1], 'one moved to another project')
  await sql('DELETE FROM users')
  t.strictSame([await sql('SELECT id FROM projects'), await sql('SELECT id FROM imports')], [[], []], 'with the user')
})
