import { type Fault, invalidRequest } from '../../errors.js'
import { canonicalSourcePath, SOURCE_TYPES, type SourceType } from './source-path/index.js'

const UPDATABLE = ['source_type', 'source_path', 'title', 'description'] as const

/** Validates that the source_path of a body has the format of its source_type. The schema validates each by itself. */
export function checkSourcePair({ body }: { body: unknown }): Fault[] {
  const { source_type, source_path } = asRecord(body)
  const type = SOURCE_TYPES.find((known) => known === source_type)
  if (!type || typeof source_path !== 'string') return []
  const result = canonicalSourcePath(type, source_path)
  return 'fault' in result ? [{ path: 'body.source_path', message: result.fault }] : []
}

/** Validates the body of a change, which must have at least one of the fields. */
export function checkUpdate({ body }: { body: unknown }): Fault[] {
  const fields = asRecord(body)
  if (UPDATABLE.every((name) => fields[name] === undefined)) {
    return [{ path: 'body', message: `must have at least one of ${UPDATABLE.join(', ')}` }]
  }
  return checkSourcePair({ body })
}

/**
 * The canonical form of a path.
 * @param field what to name as the faulty one: of a pair that is half stored, the half that was sent
 * @throws ApiError 400 if the path is not in the format of the type
 */
export function requireSourcePath(type: SourceType, path: string, field = 'source_path'): string {
  const result = canonicalSourcePath(type, path)
  if ('path' in result) return result.path
  const subject = field === 'source_path' ? '' : 'does not match the source_path, which '
  throw invalidRequest({ path: `body.${field}`, message: subject + result.fault })
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
