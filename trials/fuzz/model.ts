import type { Random } from './random.js'
import type { WireResponse } from './wire.js'

/** An object in a response. */
export type Row = { id: number; created_at: string; updated_at: string } & Record<string, unknown>

export interface Project {
  id: number
  /** Imports in the order of the list: oldest first. */
  imports: Row[]
  /** Ids of the linked resources by type, newest link first. */
  links: Record<string, number[]>
}

export interface Session {
  token: string
  state: 'valid' | 'expired' | 'revoked'
}

/** The stored data of one user, as derived from the responses. */
export interface Model {
  projects: Map<number, Project>
  /** Resources by type and id. */
  resources: Record<string, Map<number, Row>>
  /** Ids (not `installation_id`) of the suspended GitHub installations. */
  suspended: Set<number>
}

/** A response with an ETag. */
export interface Seen {
  tag: string
  /** The body. */
  value: unknown
  /** Values of response headers that the ETag covers. */
  also?: unknown
}

/** A page from a `Link` header with `rel="next"`. */
interface NextPage {
  projectId: number
  slug: string
  query: string
  /** The last item of the previous page. */
  after: Row
}

/** A user of the service, with the state of the client that acts for them. */
export interface User {
  index: number
  id: number
  /**
   * A unique marker in this user's texts, except those that are too short for it. In a response to another user, it
   * reveals a leak.
   */
  canary: string
  random: Random
  sessions: Session[]
  /** GitHub accounts whose installations this user may record. */
  accounts: string[]
  model: Model
  /** Ids of this user's deleted projects, and of their deleted items by slug. */
  deleted: { projects: number[]; items: Record<string, number[]> }
  /** Responses with an ETag. The keys are URLs, ETags and versions of objects (versionOf). */
  seen: Map<string, Seen>
  nextPages: NextPage[]
}

/** A request before encoding. Ids can be invalid strings. */
export interface Call {
  operation: string
  method: string
  userId: string | number
  projectId: string | number
  slug: string
  item?: string | number | undefined
  /** Whether the path ends with a slash. */
  slash?: boolean
  query: string
  headers: Record<string, string>
  /** The user whose session the cookie contains; undefined without a valid session. */
  sessionOf: User | undefined
  /** A value that is sent as JSON, or raw text. */
  body?: { value: unknown } | { text: string | Buffer } | undefined
}

/** The responses that the contract allows. */
export interface Expectation {
  /** Outcomes such as `200` or `404 IMPORT_NOT_FOUND`. */
  allow: string[]
  /** The rule that is reported for any other outcome. */
  rule?: string | undefined
  /** Compares a successful response with the model, and updates the model. @returns the differences */
  apply?: ((response: WireResponse, body: unknown) => Problem[]) | undefined
}

export interface Problem {
  rule: string
  text: string
}

/** Expects one of several errors. */
export const refusal = (...allow: string[]): Expectation => ({ allow })

/** Returns the path and query of a call. */
export function urlOf({ userId, projectId, slug, item, slash, query }: Call): string {
  const base = `/api/users/${userId}/projects/${projectId}/resources/${slug}`
  const path = `${base}${item === undefined ? '' : `/${item}`}${slash ? '/' : ''}`
  return query === '' ? path : `${path}?${query}`
}

/**
 * Returns the GitHub accounts, in lower case, of a user's active installations.
 * @param selection `all`: only installations with access to all repositories; `any`: every active installation
 */
export function grantedAccounts({ model }: User, selection: 'any' | 'all'): Set<string> {
  const rows = [...(model.resources['github-installations']?.values() ?? [])]
  const granted = rows.filter(
    ({ id, repository_selection }) =>
      !model.suspended.has(id) && (selection === 'any' || repository_selection === selection),
  )
  return new Set(granted.map((row) => String(row['account_name']).toLowerCase()))
}

/** Returns the GitHub account in a path, in lower case. */
export const accountOf = (path: unknown) => String(path).split('/')[0]?.toLowerCase() ?? ''

/** Whether an import is withheld because its user has no installation for the account. */
export function isWithheld(user: User, { source_type, source_path }: Row): boolean {
  return source_type === 'github' && !grantedAccounts(user, 'any').has(accountOf(source_path))
}

/** Returns the key of a version of an object in `User.seen`. */
export const versionOf = (row: Row) => `${'source_type' in row ? 'import' : 'resource'} ${row.id} ${row.updated_at}`

/** Stores the ETag of a version, for `If-Match` and for later reads. */
export function rememberVersion(user: User, row: Row, tag: string): void {
  const value = structuredClone('source_type' in row ? { import: row } : row)
  remember(user, versionOf(row), { tag, value })
  remember(user, tag, { tag, value })
}

/** Stores an entry, and evicts the oldest if there are more than 1000 per user. */
export function remember({ seen }: User, key: string, entry: Seen): void {
  seen.delete(key)
  seen.set(key, entry)
  for (const oldest of seen.keys()) {
    if (seen.size <= 1000) break
    seen.delete(oldest)
  }
}
