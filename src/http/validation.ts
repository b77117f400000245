import type { TSchema } from '@sinclair/typebox'
import type { ErrorObject } from 'ajv'
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { type Fault, invalidRequest } from '../errors.js'
import { joinFaults, toFaults } from './validation-errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Validates what a schema cannot express.
     * @param isValid whether the value at a path, such as `body.title`, has passed its schema; only such a value has a
     * bounded length
     */
    check?: (parts: Pick<FastifyRequest, 'body' | 'query' | 'headers'>, isValid: (path: string) => boolean) => Fault[]
  }
}

const DECIMAL = /^[1-9][0-9]{0,15}$/

/** Reads plain decimal digits; `01`, `1.0`, `1e3`, `0x10`, ` 1` and `-1` are none. */
export function readDecimal(text: unknown): number | undefined {
  return typeof text === 'string' && DECIMAL.test(text) ? Number(text) : undefined
}

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** Reads a boolean, in any letter case. */
const readBoolean = (text: unknown) => (typeof text === 'string' ? BOOLEANS.get(text.toLowerCase()) : undefined)

/** How text is read, by the type in the schema. */
const READERS: Record<string, (text: unknown) => unknown> = { integer: readDecimal, boolean: readBoolean }

/**
 * Reads integers and booleans in paths and queries, where everything is text. Fastify's coercion is off: it would read
 * `1e3` and `0x10` as numbers. Ajv rejects what cannot be read.
 */
async function validation(app: FastifyInstance) {
  // The faults are described by findFaults; this only says that there are some.
  app.setSchemaErrorFormatter(() => invalidRequest())
  app.addHook('onRoute', (route) => {
    // Read with the first request: other plugins may add to the schemas of a route after this hook.
    let readers: { path: Reader[]; query: Reader[] } | undefined
    const convert: preValidationHookHandler = (request, _reply, done) => {
      readers ??= { path: readersOf(route.schema?.params), query: readersOf(route.schema?.querystring) }
      readTexts(request.params, readers.path)
      readTexts(request.query, readers.query)
      done()
    }
    route.preValidation = [convert, ...[route.preValidation ?? []].flat()]
  })
}

export default fp(validation, { name: 'validation' })

type Reader = [name: string, read: (text: unknown) => unknown]

function readersOf(schema: unknown): Reader[] {
  const properties = (schema as { properties?: Record<string, TSchema> } | undefined)?.properties ?? {}
  return Object.entries(properties).flatMap(([name, { type }]): Reader[] => {
    const read = READERS[type]
    return read ? [[name, read]] : []
  })
}

function readTexts(part: unknown, readers: Reader[]) {
  const values = part as Record<string, unknown>
  for (const [name, read] of readers) values[name] = read(values[name]) ?? values[name]
}

const PARTS = [
  ['params', 'path', (request: FastifyRequest) => request.params],
  ['querystring', 'query', (request: FastifyRequest) => request.query],
  ['body', 'body', (request: FastifyRequest) => request.body],
] as const

/**
 * Finds every validation error of a request, in all its parts. (Fastify itself stops at the first part that has one.)
 * @returns none if the request is as its route's schemas require
 */
export function findFaults(request: FastifyRequest): Fault[] {
  const found = request.validationError ? findSchemaFaults(request) : []
  const isValid = (path: string) => !found.some((fault) => isWithin(path, fault.path) || isWithin(fault.path, path))
  return joinFaults(found, request.routeOptions.config.check?.(request, isValid) ?? [])
}

/** Fastify has validated the parts in this order, up to the first that failed. */
const ORDER = ['params', 'body', 'querystring']

function findSchemaFaults(request: FastifyRequest): Fault[] {
  const { validation: known, validationContext = '' } = request.validationError ?? {}
  const failed = ORDER.indexOf(validationContext)
  return PARTS.flatMap(([part, name, read]) => {
    if (ORDER.indexOf(part) < failed) return []
    const errors = ORDER.indexOf(part) === failed ? known : errorsOf(request, part, read(request))
    return toFaults(name, (errors ?? []) as unknown as ErrorObject[])
  })
}

function errorsOf(request: FastifyRequest, part: (typeof PARTS)[number][0], value: unknown) {
  const validate = request.getValidationFunction(part)
  return !validate || validate(value ?? null) ? [] : validate.errors
}

const isWithin = (path: string, parent: string) =>
  path === parent || path.startsWith(`${parent}.`) || path.startsWith(`${parent}[`)
