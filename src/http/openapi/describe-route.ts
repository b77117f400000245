import type { RouteOptions } from 'fastify'
import type { Headers } from '../../schemas.js'
import { ETAG, IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, IF_NONE_MATCH, LOCATION, RATE_LIMIT } from './headers.js'

type Schema = Record<string, unknown>

interface RouteSchema {
  headers?: { properties?: object }
  body?: Schema
  response?: Record<string, Schema & { headers?: Headers }>
  [part: string]: unknown
}

/** Converts a route for the OpenAPI document. Returns null if the route is not documented. */
export function describeRoute({ method, url, schema, config }: RouteOptions): RouteOptions | null {
  if (!schema || schema.hide || method === 'HEAD') return null
  const hasLocation = config?.api === undefined
  const {
    body,
    headers,
    response: documented = {},
    ...rest
  } = withoutKeyword('instant', withoutKeyword('wellFormed', { ...schema, ...config?.documented })) as RouteSchema
  const isTagged = config?.isTagged ?? false
  const isConditional = method === 'GET' && isTagged
  const isIdempotent = config?.isIdempotent ?? false
  const parameters = {
    ...headers?.properties,
    ...(isConditional ? IF_NONE_MATCH : {}),
    ...(isIdempotent ? IDEMPOTENCY_KEY : {}),
  }
  const responses: NonNullable<RouteSchema['response']> = {
    ...documented,
    ...(isConditional ? { 304: NOT_MODIFIED } : {}),
  }
  const described = {
    ...rest,
    ...(body ? { body: describeBody(body) } : {}),
    ...(Object.keys(parameters).length > 0 ? { headers: { type: 'object', ...headers, properties: parameters } } : {}),
    response: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => {
        const isCounted = !config?.isUnlimited && !config?.countsRefusalsOnly
        const common = commonHeaders(Number(status), { hasLocation, isTagged, isIdempotent, isCounted })
        return [status, withoutKeyword('pattern', { ...response, headers: { ...response.headers, ...common } })]
      }),
    ),
  }
  return { method, url, schema: described, handler: async () => {} }
}

const NOT_MODIFIED = { type: 'null', description: 'Not modified: `If-None-Match` matches the current `ETag`.' }

/** Returns the headers of a success that depend on its status and route. Error responses declare their own. */
function commonHeaders(
  status: number,
  { hasLocation, isTagged, isIdempotent, isCounted }: Record<string, boolean>,
): Headers {
  if (status >= 400) return {}
  return {
    ...(status === 201 && hasLocation ? LOCATION : {}),
    ...(isTagged && status !== 204 ? ETAG : {}),
    ...(isIdempotent ? IDEMPOTENCY_REPLAYED : {}),
    ...(isCounted ? RATE_LIMIT : {}),
  }
}

/**
 * Removes `if`, `then` and `else`, which are used only for validation: `oneOf` documents the same forms. Names each
 * example after the `oneOf` alternative to which it belongs.
 */
function describeBody(schema: Schema): Schema {
  const { if: _if, then: _then, else: _else, examples = [], ...body } = schema
  // Each alternative has its own type.
  if (body['oneOf']) delete body['type']
  const forms = (body['oneOf'] ?? [body]) as { title: string; description?: string }[]
  const named = (examples as unknown[]).map((value, index) => {
    const { title = 'example', description } = forms[index] ?? {}
    return [title, { ...(description ? { summary: description } : {}), value }]
  })
  return { ...body, 'x-examples': Object.fromEntries(named) }
}

/**
 * Removes a keyword from a schema and its subschemas. Patterns are removed from responses: stored values were validated
 * when they were written, and a client whose regular expressions work differently might reject some of them.
 */
function withoutKeyword(keyword: string, part: unknown): Schema {
  if (Array.isArray(part)) return part.map((item) => withoutKeyword(keyword, item)) as never
  if (typeof part !== 'object' || part === null) return part as never
  // An entry whose value is an object is not the keyword, but the schema of a property with the same name.
  const entries = Object.entries(part).filter(([name, value]) => name !== keyword || typeof value === 'object')
  return Object.fromEntries(
    entries.map(([name, value]) => [name, isExample(name) ? value : withoutKeyword(keyword, value)]),
  )
}

const isExample = (name: string) => name === 'example' || name === 'examples'
