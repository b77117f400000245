import type { TSchema } from '@sinclair/typebox'
import type { ErrorObject, KeywordDefinition } from 'ajv'
import type { Fault } from './errors.js'
import { STORABLE_TEXT } from './schemas.js'

/** Whether a string has no unpaired surrogate, which has no encoding in UTF-8. No pattern for that works in every language. */
const wellFormed: KeywordDefinition = {
  keyword: 'wellFormed',
  type: 'string',
  validate: (_: true, text: string) => text.isWellFormed(),
}

/** Ajv as this service uses it: nothing is coerced, defaulted or removed, and every validation error is found. */
export const ajvOptions = {
  customOptions: {
    allErrors: true,
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
    allowUnionTypes: true,
    verbose: true,
    formats: { int32: true as const },
    keywords: [wellFormed],
  },
}

/**
 * What Ajv found, as faults: where, and what is wrong, in words that never repeat the value.
 * @param part what the paths begin with: `body`, `query`
 */
export function toFaults(part: string, errors: ErrorObject[]): Fault[] {
  const ofWrongType = new Set(errors.filter(({ keyword }) => keyword === 'type').map((error) => error.instancePath))
  const faults = errors
    // `if` only says that the branch that it chose has found something.
    .filter(({ keyword }) => keyword !== 'if')
    // Of what has the wrong type, nothing else is worth saying.
    .filter(({ keyword, instancePath }) => keyword === 'type' || !ofWrongType.has(instancePath))
    .map((error) => toFault(part, error))
  // The branches of one schema can find the same fault twice.
  return [...new Map(faults.map((fault) => [`${fault.path} ${fault.message}`, fault])).values()]
}

/** The faults of a schema, and those that a schema cannot see, unless the schema has found something in the same place. */
export function joinFaults(found: Fault[], others: Fault[]): Fault[] {
  const known = new Set(found.map(({ path }) => path))
  return [...found, ...others.filter(({ path }) => !known.has(path))]
}

function toFault(part: string, { keyword, params, instancePath, parentSchema, message }: ErrorObject): Fault {
  const schema = (parentSchema ?? {}) as TSchema
  const path = part + instancePath.replaceAll('/', '.')
  if (keyword === 'required') return { path: `${path}.${params['missingProperty']}`, message: 'is required' }
  return { path, message: describe(keyword, schema, message ?? 'is not valid') }
}

function describe(keyword: string, schema: TSchema, fallback: string): string {
  switch (keyword) {
    case 'enum':
      return `must be one of ${(schema['enum'] as unknown[]).filter((word) => word !== null).join(', ')}`
    case 'type':
      return schema['enum'] ? describe('enum', schema, fallback) : `must be ${describeType(schema)}`
    case 'minimum':
    case 'maximum':
      return `must be ${describeType(schema)}`
    // Of an integer, the range says it.
    case 'format':
      return schema['type'] === 'integer' || isNumberOrString(schema) ? `must be ${describeType(schema)}` : fallback
    case 'minLength':
    case 'maxLength':
      if (isNumberOrString(schema)) return `must be ${describeType(schema)}`
      return `must have ${schema['minLength'] ?? 0} to ${schema['maxLength']} characters`
    case 'wellFormed':
      return UNSTORABLE
    case 'pattern':
      if (isNumberOrString(schema)) return `must be ${describeType(schema)}`
      return schema['pattern'] === STORABLE_TEXT ? UNSTORABLE : `must match ${schema['pattern']}`
    default:
      return fallback
  }
}

const UNSTORABLE = 'must not contain U+0000 or unpaired surrogates'

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
