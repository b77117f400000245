import type pg from 'pg'
import { canonicalSourcePath, type SourceType } from '../../src/projects-resources/imports/source-path/index.js'
import { resourceTypes } from './document.js'
import type { Model, Problem, User } from './model.js'
import { listBytes } from './room.js'
import { compare } from './rows.js'
import { readModel } from './stored.js'

const TABLES = resourceTypes.map(({ slug }) => slug.replaceAll('-', '_'))
const LINKS = TABLES.map((table) => `project_${table}`)

const counts = (condition: string) =>
  ['projects', 'imports', ...TABLES, ...LINKS].map(
    (table) => `(SELECT count(*)::integer FROM ${table} ${condition}) AS ${table}`,
  )

const COUNT_OF_USER = `SELECT ${counts('WHERE neptun_user_id = $1').join(', ')}`
const COUNT_OF_ALL = `SELECT ${counts('').join(', ')}`

/** Compares a user's stored projects, imports, links and resources with the model. */
export async function verify(pool: pg.Pool, user: User): Promise<Problem[]> {
  return compare('stored', toPlain(await readModel(pool, user.id)), toPlain(user.model))
}

/** Compares the number of a user's rows with the model after a refused request: RESTler's leakage checker. */
export async function countRows(pool: pg.Pool, user: User): Promise<Problem[]> {
  const { rows } = await pool.query(COUNT_OF_USER, [user.id])
  return compare('number of rows after a refused request', { ...rows[0] }, countModel(user.model))
}

function countModel({ projects, resources }: Model): Record<string, number> {
  const all = [...projects.values()]
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
  const counted: [string, number][] = [
    ['projects', all.length],
    ['imports', sum(all.map(({ imports }) => imports.length))],
    ...resourceTypes.flatMap(({ slug }, index): [string, number][] => [
      [TABLES[index] ?? '', resources[slug]?.size ?? 0],
      [LINKS[index] ?? '', sum(all.map(({ links }) => links[slug]?.length ?? 0))],
    ]),
  ]
  return Object.fromEntries(counted)
}

/** Verifies the data of all users together: total row counts, project counters, and canonical paths. */
export async function verifyAll(pool: pg.Pool, users: User[]): Promise<Problem[]> {
  const { rows } = await pool.query(COUNT_OF_ALL)
  const expected: Record<string, number> = {}
  for (const { model } of users) {
    for (const [name, count] of Object.entries(countModel(model))) expected[name] = (expected[name] ?? 0) + count
  }
  const others = await pool.query(`SELECT id FROM users WHERE id <> ALL ($1) AND email LIKE 'cnry%'`, [
    users.map(({ id }) => id),
  ])
  const paths = await pool.query(`SELECT source_type, source_path FROM imports WHERE neptun_user_id = ANY ($1)`, [
    users.map(({ id }) => id),
  ])
  const wrong = paths.rows.filter(({ source_type, source_path }) => !isCanonical(source_type, source_path))
  return [
    ...compare('rows of all users', { ...rows[0] }, expected),
    ...(await verifyCounters(pool, users)),
    ...compare('unknown users', others.rows, []),
    ...compare('stored paths that are not in canonical form', wrong, []),
  ]
}

/** Compares the counters of each project, on which its limits are based, with its lists. */
async function verifyCounters(pool: pg.Pool, users: User[]): Promise<Problem[]> {
  const { rows } = await pool.query('SELECT * FROM projects')
  const stored = new Map(rows.map((row) => [row.id, row]))
  return users.flatMap(({ model }) =>
    [...model.projects.values()].flatMap((project) => {
      const linked = resourceTypes.map(({ slug, idField }) => {
        const items = (project.links[slug] ?? []).flatMap((id) => model.resources[slug]?.get(id) ?? [])
        return [idField.replace(/_id$/, ''), items.length, listBytes(slug, items)] as const
      })
      const lists = [['import', project.imports.length, listBytes('imports', project.imports)] as const, ...linked]
      return lists.flatMap(([name, count, bytes]) => {
        const row = stored.get(project.id)
        // A comma is counted for every row, although the last row has none. To compensate, the byte counter of an empty
        // list is one less than the size of its JSON.
        const seen = [row[`${name}_count`], Number(row[`${name}_bytes`]) + (count === 0 ? 1 : 0)]
        return compare(`counters [rows, bytes] of project ${project.id}, list ${name}`, seen, [count, bytes])
      })
    }),
  )
}

function isCanonical(type: SourceType, path: string): boolean {
  const result = canonicalSourcePath(type, path)
  return 'path' in result && result.path === path
}

const toPlain = ({ projects, resources, suspended }: Model) => ({
  projects: Object.fromEntries(projects),
  resources: Object.fromEntries(Object.entries(resources).map(([slug, rows]) => [slug, Object.fromEntries(rows)])),
  suspended: [...suspended].toSorted((a, b) => a - b),
})
