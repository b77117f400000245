import {
  accountOf,
  type Call,
  type Expectation,
  grantedAccounts,
  isWithheld,
  type Project,
  type Row,
  refusal,
  rememberVersion,
  type User,
  versionOf,
} from './model.js'
import { FULL, isTooLarge } from './room.js'
import { compare, requireTimes } from './rows.js'
import { canonicalOf } from './source-paths.js'

export const DENIED = '403 GITHUB_ACCESS_DENIED'
export const NOT_FOUND = '404 IMPORT_NOT_FOUND'

export const bodyOf = ({ body }: Call) => (body && 'value' in body ? body.value : {}) as Record<string, unknown>
export const findImport = (project: Project, { item }: Call) => project.imports.find(({ id }) => id === item)

const WRITABLE = ['source_type', 'source_path', 'title', 'description']
/** Picks the writable fields of a body. */
export const pick = (body: Record<string, unknown>) =>
  Object.fromEntries(WRITABLE.filter((name) => Object.hasOwn(body, name)).map((name) => [name, body[name]]))

/** Predicts the response to a PUT of an import. */
export function expectUpdate(user: User, project: Project, call: Call): Expectation {
  const found = findImport(project, call)
  if (!found) return refusal(NOT_FOUND)
  const { source_type, source_path, ...texts } = pick(bodyOf(call))
  const type = source_type ?? found['source_type']
  const isTouched = (source_path ?? null) !== null || type !== found['source_type']
  const path = isTouched ? canonicalOf(type, source_path ?? found['source_path']) : found['source_path']
  const stored = { ...texts, source_type: type, source_path: path ?? found['source_path'] }
  const isLarger = isTooLarge('imports', project.imports, found, { ...found, ...stored })
  const { refused, maybe } = judgeUpdate(user, call, found, { type, path, hasPath: (source_path ?? null) !== null })
  if (refused.length > 0) return { allow: [...refused, ...maybe], rule: 'update-import' }
  if (path === undefined) maybe.push(FULL)
  else if (isLarger) return { allow: [FULL, ...maybe], rule: 'update-import' }
  return {
    allow: ['200', ...maybe],
    rule: 'update-import',
    apply: ({ headers }, received) => {
      const { import: row } = received as { import: Row }
      rememberVersion(user, row, headers.get('etag') ?? '')
      const source_path = path ?? row['source_path']
      const expected = { ...found, ...stored, source_path, updated_at: row.updated_at }
      project.imports[project.imports.indexOf(found)] = row
      return [...compare('changed import', received, { import: expected }), ...requireTimes(row, found)]
    },
  }
}

/**
 * Determines the errors of a PUT: `refused` are certain, `maybe` are possible because the canonical form of the path or
 * the current ETag is unknown.
 */
function judgeUpdate(
  user: User,
  call: Call,
  found: Row,
  { type, path, hasPath }: { type: unknown; path: unknown; hasPath: boolean },
): { refused: string[]; maybe: string[] } {
  const refused: string[] = []
  const maybe: string[] = []
  if (path === null) refused.push('400 INVALID_REQUEST')
  const isMatch = matchesTag(user, call, found)
  if (isMatch !== true) (isMatch === false ? refused : maybe).push('412 PRECONDITION_FAILED')
  if (path === undefined) {
    const isDeniable = type === 'github' || isWithheld(user, found)
    return { refused, maybe: [...maybe, '400 INVALID_REQUEST', ...(isDeniable ? [DENIED] : [])] }
  }
  const isMoved = type !== found['source_type'] || path !== found['source_path']
  const isGranted = grantedAccounts(user, 'all').has(accountOf(path))
  if (isWithheld(user, found) && !(isMoved && hasPath)) refused.push(DENIED)
  else if (path !== null && type === 'github' && isMoved && !isGranted) refused.push(DENIED)
  return { refused, maybe }
}

/** Predicts the response to a DELETE of an import. */
export function expectDelete(user: User, project: Project, call: Call): Expectation {
  const found = findImport(project, call)
  if (!found) return refusal(NOT_FOUND)
  const isMatch = matchesTag(user, call, found)
  if (isMatch === false) return { allow: ['412 PRECONDITION_FAILED'], rule: 'delete-import' }
  return {
    allow: isMatch ? ['204'] : ['204', '412 PRECONDITION_FAILED'],
    rule: 'delete-import',
    apply: () => {
      project.imports.splice(project.imports.indexOf(found), 1)
      user.deleted.items['imports']?.push(found.id)
      return []
    },
  }
}

/** Evaluates the preconditions of a write. @returns undefined if the current ETag is unknown */
function matchesTag(user: User, { headers, method }: Call, found: Row): boolean | undefined {
  if (headers['if-none-match'] === '*' && method === 'PUT') return false
  const header = headers['if-match']
  if (header === undefined || header === '*') return true
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  const current = user.seen.get(versionOf(found))
  return current ? tags.includes(current.tag) : undefined
}
