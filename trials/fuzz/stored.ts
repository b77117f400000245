import { hash } from 'node:crypto'
import type pg from 'pg'
import { resourceTypes, rowProperties } from './document.js'
import type { Model, Project, Row, Session, User } from './model.js'

const tableOf = (slug: string) => slug.replaceAll('-', '_')
export const INSERT_PROJECT = 'INSERT INTO projects (name, neptun_user_id) VALUES ($1, $2) RETURNING id'

/** Reads a user's projects with their imports and links, and the user's resources. */
export async function readModel(client: pg.Pool, userId: number): Promise<Model> {
  const read = async (query: string) => (await client.query(query, [userId])).rows
  const projects = new Map<number, Project>()
  for (const { id } of await read('SELECT id FROM projects WHERE neptun_user_id = $1 ORDER BY id')) {
    projects.set(id, { id, imports: [], links: {} })
  }
  for (const row of await read('SELECT * FROM imports WHERE neptun_user_id = $1 ORDER BY created_at, id')) {
    projects.get(row.project_id)?.imports.push(toRow(row, 'getImport'))
  }
  const model: Model = { projects, resources: {}, suspended: new Set() }
  for (const { slug, name, idField } of resourceTypes) {
    const table = tableOf(slug)
    const rows = await read(`SELECT * FROM ${table} WHERE neptun_user_id = $1`)
    model.resources[slug] = new Map(rows.map((row) => [row.id, toRow(row, `get${name}`)]))
    for (const { id, suspended_at } of rows) if (suspended_at) model.suspended.add(id)
    for (const project of projects.values()) project.links[slug] = []
    const links = await read(
      `SELECT project_id, ${idField} AS id FROM project_${table} AS link WHERE neptun_user_id = $1 ORDER BY link.id DESC`,
    )
    for (const { project_id, id } of links) projects.get(project_id)?.links[slug]?.push(id)
  }
  return model
}

/** Converts a table row to the object in a response. */
function toRow(columns: Record<string, unknown>, operationId: string): Row {
  const entries = Object.entries(rowProperties(operationId)).map(([name, { type }]) => {
    const value = columns[name]
    if (name === 'model') return [name, `${columns['model_publisher']}/${columns['model_name']}`]
    if (value instanceof Date) return [name, value.toISOString()]
    if (value === null || value === undefined) return [name, null]
    return [name, type === 'integer' ? Number(value) : type === 'boolean' ? value : String(value)]
  })
  return Object.fromEntries(entries)
}

/** Deletes a project as another service might, and creates a replacement. */
export async function replaceProject(client: pg.Pool, user: User, project: Project): Promise<void> {
  await client.query('DELETE FROM projects WHERE id = $1', [project.id])
  user.model.projects.delete(project.id)
  user.deleted.projects.push(project.id)
  user.deleted.items['imports']?.push(...project.imports.map(({ id }) => id))
  const { rows } = await client.query(INSERT_PROJECT, [user.canary, user.id])
  const links = Object.fromEntries(resourceTypes.map(({ slug }) => [slug, []]))
  user.model.projects.set(rows[0].id, { id: rows[0].id, imports: [], links })
}

/** Deletes a resource as another service might. The database deletes its links. */
export async function deleteResource(client: pg.Pool, user: User, slug: string, id: number): Promise<void> {
  await client.query(`DELETE FROM ${tableOf(slug)} WHERE id = $1`, [id])
  forgetResource(user, slug, id)
}

/** Removes a deleted resource from the model. */
export function forgetResource(user: User, slug: string, id: number): void {
  const { model, deleted } = user
  user.nextPages = user.nextPages.filter((page) => page.slug !== slug || page.after.id !== id)
  model.resources[slug]?.delete(id)
  if (slug === 'github-installations') model.suspended.delete(id)
  deleted.items[slug]?.push(id)
  for (const { links } of model.projects.values()) links[slug] = links[slug]?.filter((linked) => linked !== id) ?? []
}

/** Changes the state of a session, as the service that manages sessions might. */
export async function changeSession(client: pg.Pool, session: Session, state: Session['state']): Promise<void> {
  await client.query(
    `UPDATE sessions SET revoked_at = CASE WHEN $2 = 'revoked' THEN now() END,
       expires_at = now() + CASE WHEN $2 = 'expired' THEN interval '-1 second' ELSE interval '1 day' END
     WHERE token_hash = $1`,
    [hash('sha256', session.token, 'buffer'), state],
  )
  session.state = state
}
