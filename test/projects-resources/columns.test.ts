import type { TSchema } from '@sinclair/typebox'
import t from 'tap'
import * as files from '../../src/projects-resources/files/schemas.js'
import { HIDDEN } from '../../src/projects-resources/imports/list-repository.js'
import * as imports from '../../src/projects-resources/imports/schemas.js'
import { LARGE } from '../../src/projects-resources/large-work.js'
import { pageQuery } from '../../src/schemas.js'
import { resources, startApp } from '../support/app.js'

const shared = await startApp(t)

type Values = Record<string, unknown>

/** Columns that the service or the database sets. */
const GENERATED = ['id', 'created_at', 'updated_at', 'neptun_user_id', 'project_id']

/** The collections of a project. Fields and filters come from the schemas. */
const COLLECTIONS = [
  {
    key: 'import',
    table: 'imports',
    row: imports.Import,
    create: imports.CreateImportBody,
    update: imports.UpdateImportBody,
    query: imports.ListImportsQuery,
    hidden: Object.keys(HIDDEN),
    /** Two valid combinations of the fields that depend on each other. */
    related: [
      { source_type: 'url', source_path: 'https://example.com/a' },
      { source_type: 'local', source_path: '/b' },
    ] as [Values, Values],
  },
  {
    key: 'file',
    table: 'context_files',
    row: files.File,
    create: files.CreateFileBody,
    update: files.UpdateFileBody,
    query: files.ListFilesQuery,
    hidden: [] as string[],
    related: [{}, {}] as [Values, Values],
  },
]

for (const { key, table, row, create, update, query, hidden, related } of COLLECTIONS) {
  const all = resources(`/${key}s`)
  const fields: Record<string, TSchema> = create.properties
  const names = Object.keys(fields)
  const required: readonly string[] = create.required ?? []
  const example = (index: 0 | 1): Values => ({
    ...Object.fromEntries(names.map((name) => [name, `${name}.${index}`.slice(0, fields[name]?.['maxLength'])])),
    ...related[index],
  })
  const [first, second] = [example(0), example(1)]
  /** Returns another field to send with `name`, to detect a PUT that stores the other field but ignores `name`. */
  const otherThan = (name: string) => names.findLast((other) => other !== name && !(other in related[0])) ?? name
  /** Creates an object. The response must be the same as that to a GET, which reads the row. */
  const post = async (body: Values, headers: Record<string, string> = {}) => {
    const created = await shared.call('POST', all, { body, headers })
    const found = await shared.call('GET', `${all}/${created.body[key]?.id}`)
    t.strictSame([created.status, created.text], [201, found.text], `${table}: the response to the POST`)
    return created.body[key]
  }

  t.test(
    `${table}: responses have every column that is not hidden, and clients can write those that are not generated`,
    async (t) => {
      const columns = await shared.sql<{ name: string }>(
        'SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1 ORDER BY 1',
        [table],
      )
      const visible = columns.map(({ name }) => name).filter((name) => !hidden.includes(name))
      t.same(Object.keys(row.properties).sort(), visible.sort())
      const writable = visible.filter((name) => !GENERATED.includes(name))
      t.same(Object.keys(create.properties).sort(), writable)
      t.same(Object.keys(update.properties).sort(), writable)
    },
  )

  t.test(`${table}: POST and PUT store every field`, async (t) => {
    const { call, sql } = await shared.reset()
    t.match(await post(first), first)
    const created = await post(first, { 'idempotency-key': 'a' })
    t.match(created, first)
    const path = `${all}/${created.id}`
    let expected = created
    const update = async (body: Values, change: Values, message: string) => {
      const changed = await call('PUT', path, { body })
      expected = { ...expected, ...change, updated_at: changed.body[key]?.updated_at }
      t.same([changed.status, changed.body], [200, { [key]: expected }], `${message}: the response to the PUT`)
      t.same((await call('GET', path)).body, { [key]: expected }, `${message}: the response to a GET`)
      const list = await call('GET', all)
      t.same(list.body[`${key}s`].at(-1), expected, `${message}: the list`)
      const [size] = await sql(`SELECT ${key}_bytes::integer AS bytes FROM projects WHERE id = 789`)
      t.same(size, { bytes: Buffer.byteLength(list.text) }, `${message}: the byte counter of the list`)
    }
    for (const name of names) {
      const change = name in related[1] ? related[1] : { [name]: second[name] }
      await update({ [otherThan(name)]: expected[otherThan(name)], ...change }, change, name)
    }
    t.match(expected, second)
    for (const name of names) {
      const change = required.includes(name) ? {} : { [name]: null }
      await update({ [otherThan(name)]: expected[otherThan(name)], [name]: null }, change, `${name}: null`)
    }
  })

  t.test(`${table}: the shortest and the longest values are stored`, async (t) => {
    await shared.reset()
    const free = names.filter((name) => !(name in related[0]))
    for (const limit of ['minLength', 'maxLength']) {
      const values = Object.fromEntries(free.map((name) => [name, 'a'.repeat(fields[name]?.[limit])]))
      const created = await post({ ...first, ...values })
      for (const name of free) t.ok(created?.[name] === values[name], `${name}: ${limit}`)
    }
  })

  t.test(`${table}: optional fields are null if absent`, async (t) => {
    await shared.reset()
    const created = await post(Object.fromEntries(required.map((name) => [name, first[name]])))
    const optional = names.filter((name) => !required.includes(name))
    t.match(created, Object.fromEntries(optional.map((name) => [name, null])))
  })

  t.test(`${table}: a filter selects the rows with its value, in small and in large lists`, async (t) => {
    const { call, sql } = await shared.reset()
    // Withheld, and does not match any of the filters.
    await sql(`INSERT INTO imports (source_type, source_path, title, neptun_user_id, project_id)
      VALUES ('github', 'nobody/repository', 'withheld', 1, 789)`)
    const ids = [(await post(first)).id, (await post(second)).id]
    const filters = Object.keys(query.properties).filter((name) => !Object.hasOwn(pageQuery(''), name))
    t.ok(filters.length > 0)
    const list = async (name: string, value: unknown, limit = '') => {
      const { body, headers } = await call('GET', `${all}?${new URLSearchParams({ [name]: String(value) })}${limit}`)
      t.equal(headers.get('link'), null, 'no row follows')
      t.equal(headers.get('x-imports-withheld'), null, 'no row that matches is withheld')
      return body[`${key}s`].map(({ id }: { id: number }) => id)
    }
    const check = async (size: string) => {
      for (const name of filters) {
        t.same(await list(name, first[name]), ids.slice(0, 1), `${name}=${first[name]} in a ${size} list`)
        t.same(
          await list(name, first[name], '&limit=1'),
          ids.slice(0, 1),
          `a page with ${name}=${first[name]} in a ${size} list`,
        )
        t.same(await list(name, second[name]), ids.slice(1), `${name}=${second[name]} in a ${size} list`)
        t.same(
          await list(name, second[name], '&limit=100'),
          ids.slice(1),
          `a page with ${name}=${second[name]} in a ${size} list`,
        )
      }
    }
    await check('small')
    const lengthOf = (name: string): number => fields[name]?.['maxLength'] ?? 0
    const [long = ''] = names.toSorted((a, b) => lengthOf(b) - lengthOf(a))
    for (let bytes = 0; bytes <= LARGE; bytes += 10_000) {
      ids.push((await post({ ...second, [long]: 'x'.repeat(10_000) })).id)
    }
    await check('large')
  })
}
