import type { TSchema } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest, FastifySchemaValidationError } from 'fastify'
import fp from 'fastify-plugin'
import type { Fault } from '../errors.js'
import { STORABLE_TEXT } from '../schemas.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a schema cannot say: runs beside the schemas, on whatever the body and the query are. */
    check?: (parts: { body: unknown; query: unknown }) => Fault[]
  }
}

/** Ajv as this service uses it: nothing is coerced, defaulted or removed, and every fault is found. */
export const ajvOptions = {
  customOptions: {
    allErrors: true,
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
    allowUnionTypes: true,
    verbose: true,
  },
} as const

const DECIMAL = /^[1-9][0-9]{0,15}$/

/** Reads plain decimal digits; `01`, `1.0`, `1e3`, `0x10`, ` 1` and `-1` are none. */
export function readDecimal(text: unknown): number | undefined {
  return typeof text === 'string' && DECIMAL.test(text) ? Number(text) : undefined
}

/**
 * Everything in a path or query is text. Fastify's coercion would read `1e3` and `0x10` as numbers, so it is off;
 * instead, where the schema wants an integer, plain decimal digits become one, and Ajv refuses what is left.
 */
async function validation(app: FastifyInstance) {
  app.addHook('onRoute', (route) => {
    const inPath = integersOf(route.schema?.params)
    const inQuery = integersOf(route.schema?.querystring)
    if (inPath.length + inQuery.length === 0) return
    const convert = async (request: FastifyRequest) => {
      convertIntegers(request.params, inPath)
      convertIntegers(request.query, inQuery)
    }
    route.preValidation = [convert, ...[route.preValidation ?? []].flat()]
  })
}

export default fp(validation, { name: 'validation' })

function integersOf(schema: unknown): string[] {
  const properties = (schema as { properties?: Record<string, TSchema> } | undefined)?.properties ?? {}
  return Object.keys(properties).filter((name) => properties[name]?.['type'] === 'integer')
}

function convertIntegers(part: unknown, names: string[]) {
  const values = part as Record<string, unknown>
  for (const name of names) values[name] = readDecimal(values[name]) ?? values[name]
}

const PARTS = [
  ['params', 'path', (request: FastifyRequest) => request.params],
  ['querystring', 'query', (request: FastifyRequest) => request.query],
  ['body', 'body', (request: FastifyRequest) => request.body],
] as const

/**
 * Every fault of a request, in all its parts. (Fastify itself stops at the first part that has one.)
 * @returns none if the request is as its route's schemas want it
 */
export function findFaults(request: FastifyRequest): Fault[] {
  const faults = request.routeOptions.config.check?.(request) ?? []
  if (!request.validationError) return faults
  const found = PARTS.flatMap(([part, name, read]) => {
    const validate = request.getValidationFunction(part)
    if (!validate || validate(read(request) ?? null)) return []
    const errors = (validate.errors ?? []) as unknown as FastifySchemaValidationError[]
    const ofWrongType = new Set(errors.filter(({ keyword }) => keyword === 'type').map((error) => error.instancePath))
    return (
      errors
        // `if` only says that the branch that it chose has found something.
        .filter(({ keyword }) => keyword !== 'if')
        // Of what has the wrong type, nothing else is worth saying; of a word, which ones there are is.
        .filter(({ keyword, instancePath }) => keyword === 'type' || !ofWrongType.has(instancePath))
        .map((error) => toFault(name, error))
    )
  })
  const known = new Set(found.map(({ path }) => path))
  const all = [...found, ...faults.filter(({ path }) => !known.has(path))]
  // The branches of one schema can find the same fault twice.
  return [...new Map(all.map((fault) => [`${fault.path} ${fault.message}`, fault])).values()]
}

/** One fault of Ajv's as ours: where, and what is wrong, in words that never repeat the value. */
function toFault(part: string, error: FastifySchemaValidationError): Fault {
  const { keyword, params, instancePath } = error
  const schema = (error as { parentSchema?: TSchema }).parentSchema ?? ({} as TSchema)
  const path = part + instancePath.replaceAll('/', '.')
  if (keyword === 'required') return { path: `${path}.${params['missingProperty']}`, message: 'is required' }
  return { path, message: describe(keyword, schema, error.message ?? 'is not valid') }
}

function describe(keyword: string, schema: TSchema, fallback: string): string {
  switch (keyword) {
    case 'enum':
      return `must be one of ${(schema['enum'] as string[]).join(', ')}`
    case 'type':
      return schema['enum'] ? describe('enum', schema, fallback) : `must be ${describeType(schema)}`
    case 'minimum':
    case 'maximum':
      return `must be ${describeType(schema)}`
    case 'minLength':
    case 'maxLength':
      return `must have ${schema['minLength'] ?? 0} to ${schema['maxLength']} characters`
    case 'pattern':
      if (schema['pattern'] === STORABLE_TEXT) return 'must not contain U+0000 or unpaired surrogates'
      return 'is not in the right form'
    default:
      return fallback
  }
}

const ARTICLES: Record<string, string> = {
  string: 'a string',
  object: 'an object',
  boolean: 'a boolean',
  array: 'an array',
  null: 'null',
}

function describeType(schema: TSchema): string {
  const types = [schema['type'] as string | string[]].flat()
  return types
    .map((type) =>
      type === 'integer' ? `an integer from ${schema['minimum']} to ${schema['maximum']}` : (ARTICLES[type] ?? type),
    )
    .join(' or ')
}
