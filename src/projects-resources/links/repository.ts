import type pg from 'pg'
import { queryLarge } from '../../database/query-large.js'
import { isoTime } from '../../database/sql.js'
import { CALLER, type Caller, type Claim, callerValues, type Owner } from '../caller.js'
import type { LinkDescriptor } from './descriptor.js'

/** By column. */
type Values = Record<string, unknown>

/** What comes of a request to link or to create: the resource as JSON text, or why not. */
export type LinkOutcome = { json: string; isNew: boolean } | 'no-resource' | 'no-project'

/** A part of the list. */
interface LinkPage {
  limit: number
  /** Only links that are older than this one. */
  before: string | null
}

interface LinkList {
  caller: Caller | undefined
  /** JSON texts of resources, joined by commas: parts of the list. */
  resources: string[]
  /** The last link of the page, if another page follows. */
  next: string | null
}

/** The statements on one type of resource. */
export interface LinkRepository {
  /** What the project links, newest link first: all of it, or at most so many that were linked before a link. */
  list(claim: Claim, page?: LinkPage): Promise<LinkList>
  /** One that the project links. */
  find(claim: Claim, resourceId: number): Promise<{ caller: Caller | undefined; json: string | null }>
  /** Links one that the user has; if it is linked already, that is that. */
  link(owner: Owner, resourceId: number): Promise<LinkOutcome>
  /** Creates one and links it, both or neither. `verified` fills the descriptor's columns of that name. */
  create(owner: Owner, values: Values, verified?: Values): Promise<LinkOutcome>
  /** Removes the link from this project, and nothing else. */
  unlink(claim: Claim, resourceId: number): Promise<{ caller: Caller | undefined; removed: boolean }>
  /** Creates one that no project links yet. Null if there is no such user. */
  createUnlinked(userId: number, values: Values): Promise<string | null>
  /** All that the user has, oldest first: JSON texts joined by commas. Null if there is no such user. */
  listOwned(userId: number): Promise<string | null>
  /** Removes one that the user has, and with it its links. Null if the user has no such one, else what it was. */
  remove(userId: number, resourceId: number): Promise<string | null>
}

/**
 * So many resources come in one value, which has at most 1 GB: the largest are texts of 1 MiB, of which JSON may make 6.
 * (In rows of their own, 20 cost 100 µs more to read: docs/decisions/013.)
 */
const PART = 100

/** SQLSTATE of a row that a foreign key refers to and that is no longer there. */
const FOREIGN_KEY_VIOLATION = '23503'

export function createLinkRepository(pool: pg.Pool, descriptor: LinkDescriptor): LinkRepository {
  const sql = writeStatements(descriptor)
  const query = async <Row extends pg.QueryResultRow>(name: keyof typeof sql, values: unknown[]) =>
    (await pool.query<Row>({ name: `${name}-${descriptor.slug}`, text: sql[name], values })).rows[0]
  const inOrder = (values: Values, verified: Values) => [
    ...Object.keys(descriptor.create.properties).map((name) => values[name]),
    ...(descriptor.verified ?? []).map((name) => verified[name] ?? null),
  ]

  return {
    async list(claim, page) {
      const ask = async (name: 'list' | 'listPage', values: unknown[]) =>
        (
          await queryLarge<Caller & { json: string | null; next: string | null }>(pool, {
            name: `${name}-${descriptor.slug}`,
            text: sql[name],
            values: [...callerValues(claim), ...values],
          })
        ).rows
      const first = await ask('listPage', [page?.before ?? null, page?.limit ?? PART])
      const next = first[0]?.next ?? null
      // Rarely is there more than one part, and the statement for those costs more.
      const rows = page || next === null ? first : await ask('list', [PART])
      return { caller: rows[0], resources: rows.flatMap(({ json }) => json ?? []), next: page ? next : null }
    },
    async find(claim, resourceId) {
      const row = await query<Caller & { json: string | null }>('find', [...callerValues(claim), resourceId])
      return { caller: row, json: row?.json ?? null }
    },
    async link({ userId, projectId }, resourceId) {
      const row = await query<{ json: string; is_new: boolean }>('link', [userId, projectId, resourceId]).catch(
        goneMeanwhile,
      )
      if (typeof row === 'string') return row
      return row ? { json: row.json, isNew: row.is_new } : 'no-resource'
    },
    async create({ userId, projectId }, values, verified = {}) {
      const parameters = [userId, projectId, ...inOrder(values, verified)]
      const row = await query<{ json: string }>('create', parameters).catch(goneMeanwhile)
      if (typeof row === 'string') return row
      return row ? { json: row.json, isNew: true } : 'no-project'
    },
    async unlink(claim, resourceId) {
      const row = await query<Caller & { removed: boolean }>('unlink', [...callerValues(claim), resourceId])
      return { caller: row, removed: row?.removed ?? false }
    },
    async createUnlinked(userId, values) {
      const row = await query<{ json: string }>('createUnlinked', [userId, ...inOrder(values, {})]).catch(goneMeanwhile)
      return typeof row === 'object' ? row.json : null
    },
    async listOwned(userId) {
      const row = await query<{ resources: string }>('listOwned', [userId])
      return row?.resources ?? null
    },
    async remove(userId, resourceId) {
      const row = await query<{ json: string }>('remove', [userId, resourceId])
      return row?.json ?? null
    },
  }
}

/** The project or the resource was deleted between the moment that it was seen and the moment that it was linked. */
function goneMeanwhile(error: { code?: string; constraint?: string }): 'no-project' | 'no-resource' {
  if (error.code !== FOREIGN_KEY_VIOLATION) throw error
  return error.constraint?.includes('_project_id_') ? 'no-project' : 'no-resource'
}

function writeStatements(descriptor: LinkDescriptor) {
  const { table, linkTable, idField, create, verified = [], resource, computed = {} } = descriptor
  const columns = [...Object.keys(create.properties), ...verified]
  /** As it is shown; see shownImport. */
  const shown = (row: string) => {
    const columns = Object.entries(resource.properties).map(([name, schema]) => {
      const value = computed[name]?.(row) ?? `${row}.${name}`
      return `${schema['format'] === 'date-time' ? isoTime(value) : value} AS ${name}`
    })
    return `(SELECT ${columns.join(', ')})`
  }
  const toJson = (row: string) => `(SELECT row_to_json(shown)::text FROM ${shown(row)} AS shown)`
  const linked = `
    ${linkTable} AS link
    JOIN ${table} AS resource ON resource.id = link.${idField} AND resource.neptun_user_id = link.neptun_user_id`
  const ofCaller = 'link.project_id = caller.project_id AND link.neptun_user_id = caller.session_user_id'

  return {
    list: `
      WITH ${CALLER}
      SELECT caller.*, listed.*
      FROM caller
      LEFT JOIN LATERAL (
        SELECT string_agg(row_to_json(shown)::text, ',') AS json
        FROM (
          SELECT resource.*, (row_number() OVER (ORDER BY link.id DESC) - 1) / $4::integer AS part
          FROM ${linked}
          WHERE ${ofCaller}
        ) AS resource, LATERAL ${shown('resource')} AS shown
        GROUP BY part
        ORDER BY part
      ) AS listed ON true`,
    /** At most so many that were linked before a link, and the last of them if there are more. */
    listPage: `
      WITH ${CALLER}
      SELECT caller.*, listed.json,
        CASE WHEN number = $5 AND EXISTS (
          SELECT FROM ${linkTable} AS link WHERE ${ofCaller} AND link.id < last_link
        ) THEN last_link END AS next
      FROM caller, LATERAL (
        SELECT count(*) AS number, min(link_id) AS last_link, string_agg(row_to_json(shown)::text, ',') AS json
        FROM (
          SELECT link.id AS link_id, resource.*
          FROM ${linked}
          WHERE ${ofCaller} AND link.id < coalesce($4::bigint, 9223372036854775807)
          ORDER BY link.id DESC
          LIMIT $5::integer
        ) AS resource, LATERAL ${shown('resource')} AS shown
      ) AS listed`,
    find: `
      WITH ${CALLER}
      SELECT caller.*, (
        SELECT ${toJson('resource')} FROM ${linked} WHERE ${ofCaller} AND link.${idField} = $4
      ) AS json
      FROM caller`,
    link: `
      WITH resource AS (
        SELECT * FROM ${table} WHERE id = $3 AND neptun_user_id = $1
      ),
      linked AS (
        INSERT INTO ${linkTable} (project_id, ${idField}, neptun_user_id)
        SELECT $2, resource.id, resource.neptun_user_id FROM resource
        ON CONFLICT (project_id, ${idField}) DO NOTHING
        RETURNING id
      )
      SELECT ${toJson('resource')} AS json, EXISTS (SELECT FROM linked) AS is_new FROM resource`,
    create: `
      WITH resource AS (
        INSERT INTO ${table} (neptun_user_id, ${columns.join(', ')})
        SELECT project.neptun_user_id, ${columns.map((_, index) => `$${index + 3}`).join(', ')}
        FROM projects AS project
        WHERE project.id = $2 AND project.neptun_user_id = $1
        RETURNING *
      ),
      linked AS (
        INSERT INTO ${linkTable} (project_id, ${idField}, neptun_user_id)
        SELECT $2, resource.id, resource.neptun_user_id FROM resource
      )
      SELECT ${toJson('resource')} AS json FROM resource`,
    unlink: `
      WITH ${CALLER},
      removed AS (
        DELETE FROM ${linkTable} AS link USING caller
        WHERE ${ofCaller} AND link.${idField} = $4
        RETURNING link.id
      )
      SELECT caller.*, EXISTS (SELECT FROM removed) AS removed FROM caller`,
    createUnlinked: `
      INSERT INTO ${table} AS resource (neptun_user_id, ${columns.join(', ')})
      VALUES ($1, ${columns.map((_, index) => `$${index + 2}`).join(', ')})
      RETURNING ${toJson('resource')} AS json`,
    listOwned: `
      SELECT (
        SELECT coalesce(string_agg(${toJson('resource')}, ',' ORDER BY resource.id), '')
        FROM ${table} AS resource
        WHERE resource.neptun_user_id = owner.id
      ) AS resources
      FROM users AS owner
      WHERE owner.id = $1`,
    remove: `
      DELETE FROM ${table} AS resource
      WHERE resource.id = $2 AND resource.neptun_user_id = $1
      RETURNING ${toJson('resource')} AS json`,
  }
}
