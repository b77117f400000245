import { conditionalRead } from './conditional.js'
import { bodyOf, DENIED, expectDelete, expectUpdate, findImport, NOT_FOUND, pick } from './import-changes.js'
import { expectList } from './lists-model.js'
import {
  accountOf,
  type Call,
  type Expectation,
  grantedAccounts,
  isWithheld,
  type Project,
  type Row,
  refusal,
  type User,
} from './model.js'
import { FULL, judgeRoom, MAX_ROWS, planRow } from './room.js'
import { compare, requireCreated } from './rows.js'
import { canonicalOf } from './source-paths.js'

/** Predicts the response to a valid and authorized call on imports. */
export function expectImports(user: User, project: Project, call: Call): Expectation {
  switch (call.operation) {
    case 'createImport':
      return expectCreate(user, project, call)
    case 'previewImport':
      return expectPreview(user, project, bodyOf(call))
    case 'listImports':
      return expectImportList(user, project, call)
    case 'getImport':
      return expectGet(user, project, call)
    case 'updateImport':
      return expectUpdate(user, project, call)
    default:
      return expectDelete(user, project, call)
  }
}

/**
 * Determines the errors of a create or preview: `refused` are certain, `maybe` are possible because the canonical form
 * of the path or the length of the new id is unknown.
 */
function judgeSource(user: User, project: Project, body: Record<string, unknown>) {
  const { source_type, source_path } = body
  const path = canonicalOf(source_type, source_path)
  const isGithub = source_type === 'github'
  const isDenied = isGithub && path && !grantedAccounts(user, 'all').has(accountOf(path))
  if (isDenied) return { refused: [DENIED], maybe: [], path }
  const unknown = path === undefined ? ['400 INVALID_REQUEST', ...(isGithub ? [DENIED] : [])] : []
  const ids = { neptun_user_id: user.id, project_id: project.id }
  const row = planRow('getImport', { ...pick(body), source_path: path ?? source_path, ...ids })
  const { refused, maybe } = judgeRoom('imports', project.imports, row, false)
  // An unknown canonical form can be shorter or longer than the path.
  if (path === undefined && project.imports.length < MAX_ROWS) return { refused: [], maybe: [...unknown, FULL], path }
  return { refused: refused.length > 0 ? [...unknown, ...refused] : [], maybe: [...unknown, ...maybe], path }
}

function expectCreate(user: User, project: Project, call: Call): Expectation {
  const body = bodyOf(call)
  const { refused, maybe, path } = judgeSource(user, project, body)
  if (refused.length > 0) return refusal(...refused)
  return {
    allow: ['201', ...maybe],
    rule: 'create-import',
    apply: (response, received) => {
      const { import: row } = received as { import: Row }
      const sent = withPath({ title: null, description: null, ...pick(body) }, path ?? row.source_path)
      const expected = { ...row, ...sent, neptun_user_id: user.id, project_id: project.id }
      project.imports.push(row)
      project.imports.sort(byAge)
      return [...compare('created import', row, expected), ...requireCreated(user, call, response, row)]
    },
  }
}

function expectPreview(user: User, project: Project, body: Record<string, unknown>): Expectation {
  const { refused, maybe, path } = judgeSource(user, project, body)
  if (refused.length > 0) return { allow: refused, rule: 'preview' }
  return {
    allow: ['200', ...maybe],
    rule: 'preview',
    apply: (_response, received) => {
      const { import: row } = received as { import: Row }
      const source_path = path ?? row.source_path
      const source = withPath({ title: null, description: null, ...pick(body) }, source_path)
      const others = project.imports.filter((other) => isSameSource(other, source))
      const expected = {
        import: { ...source, neptun_user_id: user.id, project_id: project.id },
        duplicates: others.map(({ id }) => id),
      }
      return compare('preview', received, expected, 'preview')
    },
  }
}

function isSameSource({ source_type, source_path }: Row, other: Record<string, unknown>): boolean {
  const fold = (path: unknown) => (source_type === 'github' ? String(path).toLowerCase() : path)
  return source_type === other['source_type'] && fold(source_path) === fold(other['source_path'])
}

function expectImportList(user: User, project: Project, call: Call): Expectation {
  const filter = new URLSearchParams(call.query).get('source_type')
  const matching = project.imports.filter(({ source_type }) => filter === null || source_type === filter)
  const visible = matching.filter((row) => !isWithheld(user, row))
  const isAfter = (row: Row, other: Row) => byAge(row, other) > 0
  return expectList(user, call, {
    items: visible,
    withheld: matching.length - visible.length,
    isAfter,
    wrap: (imports) => ({ imports }),
  })
}

function expectGet(user: User, project: Project, call: Call): Expectation {
  const found = findImport(project, call)
  if (!found) return refusal(NOT_FOUND)
  if (isWithheld(user, found)) return refusal(DENIED)
  return conditionalRead(user, call, { import: found })
}

const withPath = (fields: Record<string, unknown>, source_path: unknown) => ({ ...fields, source_path })

/** Compares imports in the order of the list: oldest first. */
function byAge(a: Row, b: Row): number {
  return a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : a.id - b.id
}
