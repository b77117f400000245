import { bodySchema } from './document.js'
import { type Base, drawItem, drawPage, drawTags, withJson, withTag } from './draw-parts.js'
import { type Call, type Project, type User, versionOf } from './model.js'
import { drawSourcePath, SOURCE_TYPES } from './source-paths.js'
import { drawValue } from './values.js'

/** Draws a call on the imports of a project. */
export function drawImportCall(user: User, project: Project, base: Base): Call {
  const { random } = user
  const weights = {
    createImport: 25,
    previewImport: 6,
    listImports: 17,
    getImport: 20,
    updateImport: 24,
    deleteImport: 12,
  }
  const operation = random.weighted(weights)
  const call = { ...base, slug: 'imports', operation }
  const item = drawItem(
    user,
    'imports',
    project.imports.map(({ id }) => id),
  )
  switch (operation) {
    case 'createImport':
      return withJson({ ...call, method: 'POST' }, drawImport(user))
    case 'previewImport':
      return withJson({ ...call, method: 'POST', item: 'preview' }, drawImport(user))
    case 'listImports': {
      const query = random.chance(20) ? `source_type=${random.pick(SOURCE_TYPES)}` : ''
      return drawPage(user, { ...call, method: 'GET', query })
    }
    case 'getImport':
      return withTag(user, { ...call, method: 'GET', item })
    case 'updateImport':
      return withMatch(user, project, withJson({ ...call, method: 'PUT', item }, drawUpdate(user, project, item)))
    default:
      return withMatch(user, project, { ...call, method: 'DELETE', item })
  }
}

function drawImport(user: User): Record<string, unknown> {
  const { title, description } = bodySchema('createImport').properties ?? {}
  const source_type = user.random.pick(SOURCE_TYPES)
  return {
    ...{ source_type, source_path: drawSourcePath(user, source_type) },
    ...(user.random.chance(70) && title && { title: drawValue(user, title) }),
    ...(user.random.chance(50) && description && { description: drawValue(user, description) }),
  }
}

function drawUpdate(user: User, project: Project, item: number): Record<string, unknown> {
  const { random } = user
  const found = project.imports.find(({ id }) => id === item)
  const full = drawImport(user)
  const type = (found?.['source_type'] ?? 'local') as (typeof SOURCE_TYPES)[number]
  switch (random.weighted({ texts: 35, all: 20, path: 20, type: 10, back: 15 })) {
    case 'texts':
      return { title: full['title'] ?? null }
    case 'path':
      return { source_path: drawSourcePath(user, type) }
    case 'type':
      return { source_type: full['source_type'] }
    case 'back':
      // The complete object as it was read, with one change.
      return { ...found, description: user.canary }
    default:
      return random.chance(30) ? { title: null, ...full, source_type: null } : full
  }
}

/** Sometimes adds a precondition. */
function withMatch(user: User, project: Project, call: Call): Call {
  const { random } = user
  if (random.chance(70)) return call
  if (call.method === 'PUT' && random.chance(10)) return { ...call, headers: { ...call.headers, 'if-none-match': '*' } }
  const found = project.imports.find(({ id }) => id === call.item)
  const current = found && user.seen.get(versionOf(found))?.tag
  return { ...call, headers: { ...call.headers, 'if-match': drawTags(user, current ?? '"unknown"') } }
}
