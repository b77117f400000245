import { ApiError } from '../../errors.js'
import { type CheckedRepository, type GithubPermission, githubAccessDenied } from '../../github/permission.js'
import type { Owner } from '../owner.js'
import { checkPreconditions, type Preconditions } from '../preconditions.js'
import { requireSourcePath } from './body.js'
import type { FoundImport, ImportRepository, ImportRow } from './repository.js'
import type { CreateImportBody } from './schemas.js'
import type { CanonicalSourcePath } from './source-path/index.js'

/** Each attempt that fails means that a concurrent change succeeded. */
const MAX_ATTEMPTS = 20

/** The dependencies of a change, and its preconditions. */
export interface ChangeContext {
  imports: ImportRepository
  permission: GithubPermission
  canonicalSourcePath: CanonicalSourcePath
  preconditions: Preconditions
}

/**
 * Changes an import: reads it, checks the pair (source_type, source_path) that would result, and writes it on the
 * condition that it is still the version that was read (optimistic locking). No lock is held meanwhile, since the check may
 * wait seconds for GitHub.
 *
 * @throws ApiError 400, 403, 404, 412, or 409 if each attempt lost to a concurrent change
 */
export async function changeImport(
  { imports, permission, canonicalSourcePath, preconditions }: ChangeContext,
  owner: Owner,
  importId: number,
  body: Partial<CreateImportBody>,
): Promise<ImportRow> {
  const check = checkOnce(permission, owner)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const found = await imports.find(owner, importId)
    if (!found) throw new ApiError('IMPORT_NOT_FOUND')
    const source = planSource(canonicalSourcePath, found, body)
    const isExact = checkPreconditions(preconditions, found)
    const isChecked = source !== undefined && source.source_type === 'github' && source.isMoved
    // A withheld import can be moved to a repository to which the user has access, and not be changed otherwise.
    const isMovedAway = source?.isMoved && body.source_path !== undefined
    if (found.withheld && !isMovedAway) throw githubAccessDenied(source?.source_path ?? found.source_path)
    const change = { ...body, ...(source && { source_type: source.source_type, source_path: source.source_path }) }
    const checked = isChecked ? await check(source.source_path) : undefined
    if (checked) change.source_path = checked.path
    // One half of the pair, or a permission that is not checked again, is valid only together with the row that was read.
    const isHalf = (body.source_type === undefined) !== (body.source_path === undefined)
    const isUnchecked = source?.source_type === 'github' && !isChecked
    const version = isExact || isHalf || isUnchecked ? found.updated_at : undefined
    const sighting = source?.isMoved ? (checked?.sighting ?? null) : undefined
    const changed = await imports.update(owner, importId, change, version, sighting)
    if (changed) return changed
  }
  throw new ApiError('CONFLICT')
}

/**
 * Plans the pair (source_type, source_path) that would result, in canonical form.
 * @returns undefined if the body changes neither
 * @throws ApiError 400 if the pair does not match
 */
function planSource(
  canonicalSourcePath: CanonicalSourcePath,
  found: FoundImport,
  { source_type = found.source_type, source_path }: Partial<CreateImportBody>,
) {
  if (source_path === undefined && source_type === found.source_type) return undefined
  // A canonical form depends on the type, so a change of the type alone can change the path.
  const field = source_path === undefined ? 'source_type' : 'source_path'
  const pair = { source_type, source_path: source_path ?? found.source_path }
  const path = requireSourcePath(canonicalSourcePath, pair, field)
  return { source_type, source_path: path, isMoved: source_type !== found.source_type || path !== found.source_path }
}

/** Checks each path once: all attempts of a change usually have the same. */
function checkOnce(permission: GithubPermission, owner: Owner): (path: string) => Promise<CheckedRepository> {
  const checked = new Map<string, Promise<CheckedRepository>>()
  return (path) => {
    const known = checked.get(path) ?? permission.checkRepository(owner, path)
    checked.set(path, known)
    return known
  }
}
