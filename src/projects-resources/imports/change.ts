import { ApiError } from '../../errors.js'
import { type CheckedRepository, type GithubPermission, githubAccessDenied } from '../../github/permission.js'
import type { Owner } from '../owner.js'
import { checkPreconditions, type Preconditions } from '../preconditions.js'
import { requireSourcePath } from './body.js'
import type { FoundImport, ImportRepository, ImportRow } from './repository.js'
import type { CreateImportBody } from './schemas.js'
import type { CanonicalSourcePath } from './source-path/index.js'

/** Maximum number of attempts. Each failed attempt means that a concurrent update succeeded. */
const MAX_ATTEMPTS = 20

/** The dependencies and the preconditions of an update. */
export interface ChangeContext {
  imports: ImportRepository
  permission: GithubPermission
  canonicalSourcePath: CanonicalSourcePath
  preconditions: Preconditions
}

/**
 * Updates an import: reads the row, checks the resulting pair (source_type, source_path), and writes the row. If the
 * check depends on the stored row, the write requires the version that was read (optimistic locking). A row lock would
 * be held for seconds while the check waits for GitHub.
 *
 * @throws ApiError 400, 403, 404, 412, or 409 if every attempt lost to a concurrent update
 */
export async function changeImport(
  { imports, permission, canonicalSourcePath, preconditions }: ChangeContext,
  owner: Owner,
  importId: number,
  body: Partial<CreateImportBody>,
): Promise<ImportRow> {
  const check = createCachedCheck(permission, owner)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const found = await imports.find(owner, importId)
    if (!found) throw new ApiError('IMPORT_NOT_FOUND')
    const source = planSource(canonicalSourcePath, found, body)
    const isExact = checkPreconditions(preconditions, found)
    const isChecked = source !== undefined && source.source_type === 'github' && source.isMoved
    // A withheld import can only be updated with a source_path that gives it another source. If that is on GitHub,
    // access to it is checked below.
    const isMovedAway = source?.isMoved && body.source_path !== undefined
    if (found.withheld && !isMovedAway) throw githubAccessDenied(source?.source_path ?? found.source_path)
    const change = { ...body, ...(source && { source_type: source.source_type, source_path: source.source_path }) }
    const checked = isChecked ? await check(source.source_path) : undefined
    if (checked) change.source_path = checked.path
    // Two kinds of update are valid only for the version that was read. One has only a type or only a path, so the pair
    // depends on the stored row. The other repeats the stored GitHub path, so access to it is not checked again.
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
 * Computes the resulting pair (source_type, source_path), in canonical form.
 * @returns undefined if the body has no source_path and no new source_type
 * @throws ApiError 400 if the path does not have the format of the type
 */
function planSource(
  canonicalSourcePath: CanonicalSourcePath,
  found: FoundImport,
  { source_type = found.source_type, source_path }: Partial<CreateImportBody>,
) {
  if (source_path === undefined && source_type === found.source_type) return undefined
  // A new type can change the path, because the canonical form depends on the type.
  const field = source_path === undefined ? 'source_type' : 'source_path'
  const pair = { source_type, source_path: source_path ?? found.source_path }
  const path = requireSourcePath(canonicalSourcePath, pair, field)
  return { source_type, source_path: path, isMoved: source_type !== found.source_type || path !== found.source_path }
}

/** Returns a permission check that caches its result per path: attempts usually repeat the same path. */
function createCachedCheck(permission: GithubPermission, owner: Owner): (path: string) => Promise<CheckedRepository> {
  const cache = new Map<string, Promise<CheckedRepository>>()
  return (path) => {
    const result = cache.get(path) ?? permission.checkRepository(owner, path)
    cache.set(path, result)
    return result
  }
}
