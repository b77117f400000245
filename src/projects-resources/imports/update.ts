import type { FastifyRequest } from 'fastify'
import type { RepositorySelection } from '../../database/generated/enums.js'
import type { Runner } from '../../database/shared-connections.js'
import { ApiError } from '../../errors.js'
import { type GithubPermission, githubAccessDenied } from '../../github/permission.js'
import { admit } from '../access.js'
import type { Owner } from '../caller.js'
import { requireSourcePath } from './body.js'
import { requireMatch } from './precondition.js'
import { type FoundImport, findImport } from './read-repository.js'
import type { UpdateImportBody } from './schemas.js'
import type { ImportChange, UpdateOutcome } from './write-repository.js'

/** Each round means that somebody else's change went through, so only a storm can use them up. */
const MAX_ROUNDS = 50

/** What is done with a change. */
export type WriteChange<T> = (owner: Owner, importId: number, change: ImportChange) => Promise<UpdateOutcome<T>>

/**
 * PUT of an import. The pair (source_type, source_path) that results must match, but half of it may be what is stored:
 * so read, check, and write on the condition that this half is still the same; else begin again.
 *
 * No lock is held meanwhile: the check may have to ask GitHub, which can take seconds.
 *
 * @param write updateImport or previewUpdate
 * @returns what comes of that
 * @throws ApiError 400, 401, 403, 404, 409 or 412
 */
export async function changeImport<T>(
  reads: Runner,
  permission: GithubPermission,
  request: FastifyRequest,
  importId: number,
  body: UpdateImportBody,
  write: WriteChange<T>,
): Promise<T> {
  const prove = proveOnce(permission, request.claim.userId)
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { caller, found } = await findImport(reads, request.claim, importId)
    admit(request, caller)
    if (!found) throw new ApiError('IMPORT_NOT_FOUND')
    const change = await planChange(found, body, permission.selections, prove)
    change.expected.updated_at = requireMatch(request.headers['if-match'], found.json)
    const outcome = await write(request.claim, importId, change)
    if (outcome === 'not-granted') throw githubAccessDenied(change.grant?.path ?? found.source_path)
    if (outcome !== 'changed-meanwhile') return outcome.updated
  }
  throw new ApiError('CONFLICT')
}

async function planChange(
  found: FoundImport,
  body: UpdateImportBody,
  selections: RepositorySelection[],
  prove: (path: string) => Promise<string>,
): Promise<ImportChange> {
  const source = planSource(found, body)
  const type = source.source_type ?? found.source_type
  const path = source.source_path ?? found.source_path
  const isMoved = type !== found.source_type || path !== found.source_path
  const { title, description } = body
  const change = { ...source, title, description, grant: null }
  // A withheld import may be moved to another path that its user has access to, and not be touched otherwise.
  if (found.withheld && body.source_path === undefined) return { ...change, grant: { path, selections } }
  if (type !== 'github') return change
  if (isMoved) {
    const proved = await prove(path)
    return { ...change, source_path: proved, grant: { path: proved, selections } }
  }
  return found.withheld ? { ...change, grant: { path, selections } } : change
}

/** Every round that needs it wants the same proof, as a rule: GitHub is asked once. */
function proveOnce(permission: GithubPermission, userId: number): (path: string) => Promise<string> {
  const proofs = new Map<string, string>()
  return async (path) => {
    const proved = proofs.get(path) ?? (await permission.proveRepository(userId, path))
    proofs.set(path, proved)
    return proved
  }
}

type SourceChange = Pick<ImportChange, 'source_type' | 'source_path' | 'expected'>

function planSource(found: FoundImport, { source_type, source_path }: UpdateImportBody): SourceChange {
  if (source_type !== undefined && source_path !== undefined) {
    return { source_type, source_path: requireSourcePath(source_type, source_path), expected: {} }
  }
  if (source_path !== undefined) {
    const path = requireSourcePath(found.source_type, source_path)
    return { source_path: path, expected: { source_type: found.source_type } }
  }
  if (source_type !== undefined) {
    // Another type may have another canonical form of the same path.
    const path = requireSourcePath(source_type, found.source_path, 'source_type')
    return { source_type, source_path: path, expected: { source_path: found.source_path } }
  }
  return { expected: {} }
}
