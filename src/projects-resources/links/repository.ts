import type pg from 'pg'
import { queryLarge } from '../../database/query-large.js'
import type { Runner } from '../../database/shared-connections.js'
import { type Caller, type Claim, callerValues, type Owner } from '../caller.js'
import type { LinkDescriptor } from './descriptor.js'
import { writeStatements } from './statements.js'

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
  /** JSON texts, of one resource or of several, joined by commas. */
  resources: string[]
  /** The last link of the page, if another page follows. */
  next: string | null
}

/** `json` of several resources, joined by commas; null where they are larger than was asked for. */
type ListRow = Caller & { json: string | null; next?: string | null }

export interface LinkConnections {
  pool: pg.Pool
  reads: Runner
  writes: Runner
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
 * Up to so many resources come in one value. (In rows of their own, 20 cost 100 µs more to read: docs/decisions/013.) More
 * would hold up others.
 */
const FEW = 200

/** Longer texts, of all of them together, are not read where they would hold up others; in bytes. */
const SMALL = 1024 * 1024

/** Of a page: 100 texts of 1 MiB, of which JSON may make 6, are less than the 1 GB that a value can hold. */
const ANY_SIZE = 2 ** 31 - 1

/** SQLSTATE of a row that a foreign key refers to and that is no longer there. */
const FOREIGN_KEY_VIOLATION = '23503'

export function createLinkRepository(
  { pool, reads, writes }: LinkConnections,
  descriptor: LinkDescriptor,
): LinkRepository {
  const sql = writeStatements(descriptor)
  const prepare = (name: keyof typeof sql, values: unknown[]) => ({
    name: `${name}-${descriptor.slug}`,
    text: sql[name],
    values,
  })
  const query = async <Row extends pg.QueryResultRow>(name: keyof typeof sql, values: unknown[]) =>
    (await writes.query<Row>(prepare(name, values))).rows[0]
  const inOrder = (values: Values, verified: Values) => [
    ...Object.keys(descriptor.create.properties).map((name) => values[name]),
    ...(descriptor.verified ?? []).map((name) => verified[name] ?? null),
  ]

  return {
    async list(claim, page) {
      const few = (size: number) =>
        prepare('listPage', [...callerValues(claim), page?.before ?? null, page?.limit ?? FEW, size])
      const { rows } = await reads.query<ListRow>(few(SMALL))
      const next = rows[0]?.next ?? null
      const isLarge = rows[0]?.json === null
      if (page && isLarge) {
        const large = await queryLarge<ListRow>({ pool, reads }, few(ANY_SIZE))
        return toList(large.rows, large.rows[0]?.next ?? null)
      }
      if (page || (!isLarge && next === null)) return toList(rows, next)
      const all = await queryLarge<ListRow>({ pool, reads }, prepare('list', [...callerValues(claim)]))
      return toList(all.rows, null)
    },
    async find(claim, resourceId) {
      const { rows } = await reads.query<Caller & { json: string | null }>(
        prepare('find', [...callerValues(claim), resourceId]),
      )
      return { caller: rows[0], json: rows[0]?.json ?? null }
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

function toList(rows: ListRow[], next: string | null): LinkList {
  return { caller: rows[0], resources: rows.flatMap(({ json }) => json || []), next }
}

/** The project or the resource was deleted between the moment that it was seen and the moment that it was linked. */
function goneMeanwhile(error: { code?: string; constraint?: string }): 'no-project' | 'no-resource' {
  if (error.code !== FOREIGN_KEY_VIOLATION) throw error
  return error.constraint?.includes('_project_id_') ? 'no-project' : 'no-resource'
}
