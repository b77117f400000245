import { ApiError } from '../../errors.js'
import { type GithubPermission, githubAccessDenied } from '../../github/permission.js'
import type { Owner } from '../owner.js'
import { requireSourcePath } from './body.js'
import { requireMatch } from './etag.js'
import type { FoundImport, ImportRepository, ImportRow } from './repository.js'
import type { CreateImportBody, UpdateImportBody } from './schemas.js'

/** Each attempt that fails means that a concurrent change succeeded. */
const MAX_ATTEMPTS = 20

/** What PUT of an import needs. */
export interface ChangeContext {
  imports: ImportRepository
  permission: GithubPermission
  /** The header `If-Match`. */
  ifMatch: string | undefined
}

/**
 * Changes an import: reads it, checks the pair (source_type, source_path) that would result, and writes it on the
 * condition that it is still the version that was read (optimistic locking). No lock is held meanwhile, since the check may
 * wait seconds for GitHub.
 *
 * @param isDryRun returns the import as it would be, and stores nothing
 * @throws ApiError 400, 403, 404, 409 if concurrent changes leave no chance, or 412
 */
export async function changeImport(
  { imports, permission, ifMatch }: ChangeContext,
  owner: Owner,
  importId: number,
  body: UpdateImportBody,
  isDryRun = false,
): Promise<ImportRow> {
  const check = checkOnce(permission, owner)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const found = await imports.find(owner, importId)
    if (!found) throw new ApiError('IMPORT_NOT_FOUND')
    const change = await planChange(found, body, check)
    const isExact = requireMatch(ifMatch, found)
    if (isDryRun) return preview(found, change)
    const isConditional = isExact || found.withheld || 'source_type' in change || 'source_path' in change
    const changed = await imports.update(owner, importId, change, isConditional ? found.updated_at : undefined)
    if (changed) return changed
  }
  throw new ApiError('CONFLICT')
}

/** Plans the new column values, and checks them. */
async function planChange(
  found: FoundImport,
  body: UpdateImportBody,
  check: (path: string) => Promise<string>,
): Promise<Partial<CreateImportBody>> {
  const { source_type = found.source_type, source_path } = body
  // A canonical form depends on the type, so a change of the type alone can change the path.
  const isSameSource = source_path === undefined && source_type === found.source_type
  const field = source_path === undefined ? 'source_type' : 'source_path'
  const path = isSameSource
    ? found.source_path
    : requireSourcePath(source_type, source_path ?? found.source_path, field)
  // A withheld import can be moved to a repository to which the user has access, and not be changed otherwise.
  if (found.withheld && source_path === undefined) throw githubAccessDenied(path)
  if (isSameSource) return body
  const isMoved = source_type !== found.source_type || path !== found.source_path
  const isChecked = source_type === 'github' && (isMoved || found.withheld)
  return { ...body, source_type, source_path: isChecked ? await check(path) : path }
}

/** Attempts of one change usually check the same path: GitHub is asked once. */
function checkOnce(permission: GithubPermission, owner: Owner): (path: string) => Promise<string> {
  const checked = new Map<string, Promise<string>>()
  return (path) => {
    const known = checked.get(path) ?? permission.checkRepository(owner, path)
    checked.set(path, known)
    return known
  }
}

/** The row as an update would leave it; the trigger `imports_touch` moves `updated_at` in the same way. */
const preview = (found: FoundImport, change: Partial<CreateImportBody>): ImportRow => ({
  ...found,
  ...change,
  updated_at: new Date(Math.max(Date.now(), found.updated_at.getTime() + 1)),
})
