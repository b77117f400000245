import type { TSchema } from '@sinclair/typebox'
import type { FastifyInstance, preValidationHookHandler } from 'fastify'
import fp from 'fastify-plugin'

const DECIMAL = /^[1-9][0-9]{0,15}$/

/** Parses a positive decimal integer. Returns undefined for `01`, `1.0`, `1e3`, `0x10`, ` 1` and `-1`. */
export function readDecimal(text: unknown): number | undefined {
  return typeof text === 'string' && DECIMAL.test(text) ? Number(text) : undefined
}

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** Parses a boolean, case-insensitively. */
const readBoolean = (text: unknown) => (typeof text === 'string' ? BOOLEANS.get(text.toLowerCase()) : undefined)

/** Converters by the schema's `type`. */
const READERS: Record<string, (text: unknown) => unknown> = { integer: readDecimal, boolean: readBoolean }

/**
 * Converts integers and booleans in paths and query strings. A value that cannot be converted stays a string, which Ajv
 * rejects. Ajv's own coercion is disabled because it accepts `1e3` and `0x10` as numbers.
 */
async function coercion(app: FastifyInstance) {
  app.addHook('onRoute', (route) => {
    // Initialized on the first request, because other plugins may extend the route's schemas after this hook.
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

export default fp(coercion, { name: 'coercion' })

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
