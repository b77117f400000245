import type { TSchema } from '@sinclair/typebox'
import type { ErrorObject, KeywordDefinition } from 'ajv'
import type { Fault } from '../errors.js'
import { STORABLE_TEXT } from '../schemas.js'

/** Whether a string has no unpaired surrogate, which has no encoding in UTF-8. No pattern for that works in every language. */
const wellFormed: KeywordDefinition = {
  keyword: 'wellFormed',
  type: 'string',
  validate: (_: true, text: string) => text.isWellFormed(),
}

/** Whether a string is a time that exists. `Date` would take February 30 for March 1. */
const instant: KeywordDefinition = {
  keyword: 'instant',
  type: 'string',
  validate: (_: true, text: string) => {
    const [year, month, day] = text.slice(0, 10).split('-').map(Number)
    const date = new Date(text.slice(0, 10))
    return (
      !Number.isNaN(Date.parse(text)) &&
      Number(year) > 0 &&
      date.getUTCMonth() + 1 === month &&
      date.getUTCDate() === day
    )
  },
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
    keywords: [wellFormed, instant],
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
  const path = part + toPath(instancePath)
  if (keyword === 'required') return { path: `${path}.${params['missingProperty']}`, message: 'is required' }
  return { path, message: describe(keyword, schema, message ?? 'is not valid') }
}

/** `/operations/3/method` becomes `.operations[3].method`. */
const toPath = (pointer: string) => pointer.replaceAll(/\/(\d+)(?=\/|$)/g, '[$1]').replaceAll('/', '.')

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
      if (schema['instant']) return INSTANT
      if (isNumberOrString(schema)) return `must be ${describeType(schema)}`
      return `must have ${schema['minLength'] ?? 0} to ${schema['maxLength']} characters`
    case 'minItems':
    case 'maxItems':
      return `must have ${schema['minItems'] ?? 0} to ${schema['maxItems']} items`
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
