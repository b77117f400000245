import type { Random } from './random.js'
import type { WireResponse } from './wire.js'

/** An object as a response shows it. */
export type Row = { id: number; created_at: string; updated_at: string } & Record<string, unknown>

export interface Project {
  id: number
  /** In the order of the list: oldest first. */
  imports: Row[]
  /** By type of resource, the ids of linked ones, newest link first. */
  links: Record<string, number[]>
}

export interface Session {
  token: string
  state: 'valid' | 'expired' | 'revoked'
}

/** All that is stored for one user, as far as it is known from the responses. */
export interface Model {
  projects: Map<number, Project>
  /** By type of resource. */
  resources: Record<string, Map<number, Row>>
  /** Ids of GitHub installations, ours, that are suspended. */
  suspended: Set<number>
}

/** What is remembered of a response with an ETag. */
export interface Seen {
  tag: string
  /** The body. */
  value: unknown
  /** Headers that the tag stands for too. */
  also?: unknown
}

/** A page that a `Link` header has announced. */
interface NextPage {
  projectId: number
  slug: string
  query: string
  /** The last item before that page: an import, or the id of a link's resource. */
  after: Row
}

/** One user of the service, and the client that acts for them. */
export interface User {
  index: number
  id: number
  /** In every text of this user that is long enough, and in nobody else's. */
  canary: string
  random: Random
  sessions: Session[]
  /** GitHub accounts of which this user may record installations. */
  accounts: string[]
  model: Model
  /** Ids that were this user's and have been deleted; items by the last part of their path. */
  deleted: { projects: number[]; items: Record<string, number[]> }
  /** By URL, by tag, and by version of an object. */
  seen: Map<string, Seen>
  nextPages: NextPage[]
}

/** A request, before it is encoded. Ids are whatever is written in their place. */
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
  /** Whose session the cookie is; undefined if it is none. */
  sessionOf: User | undefined
  /** A value that is sent as JSON, or bytes as they are. */
  body?: { value: unknown } | { text: string | Buffer } | undefined
}

/** The responses that the contract allows. */
export interface Expectation {
  /** `200`; with the code of an error, `404 IMPORT_NOT_FOUND`. */
  allow: string[]
  /** The rule to which another status is attributed. */
  rule?: string | undefined
  /** Compares a response of success with the model, and updates the model. @returns what differs */
  settle?: ((response: WireResponse, body: unknown) => Problem[]) | undefined
}

export interface Problem {
  rule: string
  text: string
}

export const refusal = (...allow: string[]): Expectation => ({ allow })

/** The path and query of a call. */
export function urlOf({ userId, projectId, slug, item, slash, query }: Call): string {
  const base = `/api/users/${userId}/projects/${projectId}/resources/${slug}`
  const path = `${base}${item === undefined ? '' : `/${item}`}${slash ? '/' : ''}`
  return query === '' ? path : `${path}?${query}`
}

/** The accounts, in lower case, that a user's installations grant: of any selection, or of `all` repositories. */
export function grantedAccounts({ model }: User, selection: 'any' | 'all'): Set<string> {
  const rows = [...(model.resources['github-installations']?.values() ?? [])]
  const granted = rows.filter(
    ({ id, repository_selection }) =>
      !model.suspended.has(id) && (selection === 'any' || repository_selection === selection),
  )
  return new Set(granted.map((row) => String(row['account_name']).toLowerCase()))
}

export const accountOf = (path: unknown) => String(path).split('/')[0]?.toLowerCase() ?? ''

export function isWithheld(user: User, { source_type, source_path }: Row): boolean {
  return source_type === 'github' && !grantedAccounts(user, 'any').has(accountOf(source_path))
}

/** The key of a version of an object in what a user has seen. */
export const versionOf = (row: Row) => `${'source_type' in row ? 'import' : 'resource'} ${row.id} ${row.updated_at}`

/** Remembers the tag of a version, for `If-Match`, and as a tag that a read may know. */
export function rememberVersion(user: User, row: Row, tag: string): void {
  const value = structuredClone('source_type' in row ? { import: row } : row)
  remember(user, versionOf(row), { tag, value })
  remember(user, tag, { tag, value })
}

/** At most 1000 entries per user, the latest. */
export function remember({ seen }: User, key: string, entry: Seen): void {
  seen.delete(key)
  seen.set(key, entry)
  for (const oldest of seen.keys()) {
    if (seen.size <= 1000) break
    seen.delete(oldest)
  }
}
