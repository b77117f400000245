import { invalidRequest, type ValidationError } from '../../errors.js'
import { asRecord, updateRules } from '../update-body.js'
import type { CreateImportBody, UpdateImportBody } from './schemas.js'
import { type CanonicalSourcePath, SOURCE_TYPES, type SourceType } from './source-path/index.js'

const SOURCE_FIELDS = ['source_type', 'source_path']

const rules = updateRules([...SOURCE_FIELDS, 'title', 'description'], SOURCE_FIELDS)

/** What a check gets: the body, and whether a part of it has passed its schema. */
type Checked = [parts: { body: unknown }, isValid: (path: string) => boolean]

/** Validates that the source_path of a body has the format of its source_type. */
export function checkSourcePair(canonicalSourcePath: CanonicalSourcePath) {
  return (...[{ body }, isValid]: Checked): ValidationError[] => {
    const { source_type, source_path } = asRecord(body)
    const type = SOURCE_TYPES.find((known) => known === source_type)
    if (!type || typeof source_path !== 'string' || !isValid('body.source_path')) return []
    const result = canonicalSourcePath(type, source_path)
    return 'problem' in result ? [{ path: 'body.source_path', message: result.problem }] : []
  }
}

/** Validates the body of a change, which must have at least one of the fields. */
export function checkUpdate(canonicalSourcePath: CanonicalSourcePath) {
  const checkPair = checkSourcePair(canonicalSourcePath)
  return (...[parts, isValid]: Checked): ValidationError[] => {
    const validationErrors = rules.checkPresence(asRecord(parts.body))
    return validationErrors.length > 0 ? validationErrors : checkPair(parts, isValid)
  }
}

/** Removes fields of a change that are absent, or null although they cannot be. */
export const presentFields = (body: UpdateImportBody): Partial<CreateImportBody> => rules.present(body)

/**
 * Returns the canonical form of a path.
 * @param field the field to blame: of a pair that is half stored, the half that was sent
 * @throws ApiError 400 if the path is not in the format of the type
 */
export function requireSourcePath(
  canonicalSourcePath: CanonicalSourcePath,
  { source_type, source_path }: { source_type: SourceType; source_path: string },
  field = 'source_path',
): string {
  const result = canonicalSourcePath(source_type, source_path)
  if ('path' in result) return result.path
  const subject = field === 'source_path' ? '' : 'does not match the source_path, which '
  throw invalidRequest({ path: `body.${field}`, message: subject + result.problem })
}
