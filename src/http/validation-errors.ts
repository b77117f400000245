import type { TSchema } from '@sinclair/typebox'
import type { ErrorObject } from 'ajv'
import type { ValidationError } from '../errors.js'
import { STORABLE_TEXT } from '../schemas.js'

/**
 * Converts Ajv's errors to validation errors, whose messages never contain the invalid value.
 * @param part prefix of the paths: `path`, `query`, `body` or the path of a body in a sync
 */
export function toValidationErrors(part: string, errors: ErrorObject[]): ValidationError[] {
  const ofWrongType = new Set(errors.filter(({ keyword }) => keyword === 'type').map((error) => error.instancePath))
  const validationErrors = errors
    // `if` only reports that one of its branches failed, which has its own errors.
    .filter(({ keyword }) => keyword !== 'if')
    // If the type of a value is wrong, its other errors are noise.
    .filter(({ keyword, instancePath }) => keyword === 'type' || !ofWrongType.has(instancePath))
    .map((error) => toValidationError(part, error))
  // Two branches of a schema can report the same error.
  return [...new Map(validationErrors.map((error) => [`${error.path} ${error.message}`, error])).values()]
}

/** Appends validation errors of further checks. Omits those whose path already has an error. */
export function joinValidationErrors(found: ValidationError[], others: ValidationError[]): ValidationError[] {
  const known = new Set(found.map(({ path }) => path))
  return [...found, ...others.filter(({ path }) => !known.has(path))]
}

function toValidationError(
  part: string,
  { keyword, params, instancePath, parentSchema, message }: ErrorObject,
): ValidationError {
  const schema = (parentSchema ?? {}) as TSchema
  const path = part + toPath(instancePath)
  if (keyword === 'required') return { path: `${path}.${params['missingProperty']}`, message: 'is required' }
  return { path, message: describe(keyword, schema, message ?? 'is not valid') }
}

/** Converts a JSON Pointer: `/operations/3/method` becomes `.operations[3].method`. */
const toPath = (pointer: string) => pointer.replaceAll(/\/(\d+)(?=\/|$)/g, '[$1]').replaceAll('/', '.')

function describe(keyword: string, schema: TSchema, fallback: string): string {
  switch (keyword) {
    case 'enum':
      return `must be one of ${(schema['enum'] as unknown[]).filter((value) => value !== null).join(', ')}`
    case 'type':
      return schema['enum'] ? describe('enum', schema, fallback) : `must be ${describeType(schema)}`
    case 'minimum':
    case 'maximum':
      return `must be ${describeType(schema)}`
    // For an integer, the range in the message already covers the format (int32).
    case 'format':
      return schema['type'] === 'integer' || isNumberOrString(schema) ? `must be ${describeType(schema)}` : fallback
    case 'minLength':
    case 'maxLength':
      if (schema['instant']) return INSTANT
      if (isNumberOrString(schema)) return `must be ${describeType(schema)}`
      return `must have ${describeRange(schema['minLength'], schema['maxLength'])} characters`
    case 'minItems':
    case 'maxItems':
      return `must have ${describeRange(schema['minItems'], schema['maxItems'])} items`
    case 'wellFormed':
      return UNSTORABLE
    case 'instant':
      return INSTANT
    case 'pattern':
      if (isNumberOrString(schema)) return `must be ${describeType(schema)}`
      if (schema['instant']) return INSTANT
      return schema['pattern'] === STORABLE_TEXT ? UNSTORABLE : `must match ${schema['pattern']}`
    default:
      return fallback
  }
}

const UNSTORABLE = 'must not contain U+0000 or unpaired surrogates'

const INSTANT = 'must be a time in ISO 8601 with a time zone, like 2025-02-16T17:42:11.000Z'

const ARTICLES: Record<string, string> = {
  string: 'a string',
  object: 'an object',
  boolean: 'true or false',
  array: 'an array',
  null: 'null',
}

const typesOf = (schema: TSchema) => [schema['type'] as string | string[]].flat()

const isNumberOrString = (schema: TSchema) => ['integer', 'string'].every((type) => typesOf(schema).includes(type))

function describeType(schema: TSchema): string {
  const types = typesOf(schema)
  if (isNumberOrString(schema)) {
    return `an integer from ${schema['minimum']} to ${schema['maximum']}, as a number or a string`
  }
  return types
    .map((type) =>
      type === 'integer' ? `an integer from ${schema['minimum']} to ${schema['maximum']}` : (ARTICLES[type] ?? type),
    )
    .join(' or ')
}

const describeRange = (from = 0, to?: number) => (from === to ? `exactly ${to}` : `${from} to ${to}`)
