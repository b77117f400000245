import { invalidRequest, type ValidationError } from '../../errors.js'
import { asRecord, updateRules } from '../update-body.js'
import { type CreateImportBody, UpdateImportBody } from './schemas.js'
import { type CanonicalSourcePath, SOURCE_TYPES, type SourceType } from './source-path/index.js'

const SOURCE_FIELDS = ['source_type', 'source_path']

const rules = updateRules(Object.keys(UpdateImportBody.properties), SOURCE_FIELDS)

/** Arguments of a check: the body, and whether the field at a path has passed schema validation. */
type CheckArguments = [parts: { body: unknown }, isValid: (path: string) => boolean]

/** Creates a check that the source_path of a body has the format of its source_type. */
export function checkSourcePair(canonicalSourcePath: CanonicalSourcePath) {
  return (...[{ body }, isValid]: CheckArguments): ValidationError[] => {
    const { source_type, source_path } = asRecord(body)
    const type = SOURCE_TYPES.find((name) => name === source_type)
    if (!type || typeof source_path !== 'string' || !isValid('body.source_path')) return []
    const result = canonicalSourcePath(type, source_path)
    return 'problem' in result ? [{ path: 'body.source_path', message: result.problem }] : []
  }
}

/** Creates a check of the body of an update, which must have at least one field. */
export function checkUpdate(canonicalSourcePath: CanonicalSourcePath) {
  const checkPair = checkSourcePair(canonicalSourcePath)
  return (...[parts, isValid]: CheckArguments): ValidationError[] => {
    const validationErrors = rules.checkPresence(asRecord(parts.body))
    return validationErrors.length > 0 ? validationErrors : checkPair(parts, isValid)
  }
}

/** Returns the fields to change. Null counts as absent if the column is never null. */
export const presentFields = (body: UpdateImportBody): Partial<CreateImportBody> => rules.present(body)

/**
 * Returns the canonical form of a path.
 * @param field the field to name in the validation error: `source_type` if the request has only the type
 * @throws ApiError 400 if the path does not have the format of the type
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
