import type { RouteOptions } from 'fastify'
import type { Headers } from '../../schemas.js'
import { ETAG, IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, IF_NONE_MATCH, LOCATION, RATE_LIMIT } from './headers.js'

type Schema = Record<string, unknown>

interface Described {
  headers?: { properties?: object }
  body?: Schema
  response?: Record<string, Schema & { headers?: Headers }>
  [part: string]: unknown
}

/** Returns a route as the document describes it; null if it is not in the document. */
export function describeRoute({ method, url, schema, config }: RouteOptions): RouteOptions | null {
  if (!schema || schema.hide || method === 'HEAD') return null
  const isLocated = config?.api === undefined
  const {
    body,
    headers,
    response = {},
    ...rest
  } = withoutKeyword('instant', withoutKeyword('wellFormed', { ...schema, ...config?.documented })) as Described
  const isTagged = config?.isTagged ?? false
  const isConditional = method === 'GET' && isTagged
  const isIdempotent = config?.isIdempotent ?? false
  const parameters = {
    ...headers?.properties,
    ...(isConditional ? IF_NONE_MATCH : {}),
    ...(isIdempotent ? IDEMPOTENCY_KEY : {}),
  }
  const responses: NonNullable<Described['response']> = { ...response, ...(isConditional ? { 304: NOT_MODIFIED } : {}) }
  const described = {
    ...rest,
    ...(body ? { body: describeBody(body) } : {}),
    ...(Object.keys(parameters).length > 0 ? { headers: { type: 'object', ...headers, properties: parameters } } : {}),
    response: Object.fromEntries(
      Object.entries(responses).map(([status, one]) => {
        const isCounted = !config?.isUnlimited && !config?.countsRefusalsOnly
        const common = commonHeaders(Number(status), { isLocated, isTagged, isIdempotent, isCounted })
        return [status, withoutKeyword('pattern', { ...one, headers: { ...one.headers, ...common } })]
      }),
    ),
  }
  return { method, url, schema: described, handler: async () => {} }
}

const NOT_MODIFIED = { type: 'null', description: 'The `ETag` is one of those in `If-None-Match`.' }

/** The headers of a success that follow from its status and its route. Those of errors are in their own description. */
function commonHeaders(
  status: number,
  { isLocated, isTagged, isIdempotent, isCounted }: Record<string, boolean>,
): Headers {
  if (status >= 400) return {}
  return {
    ...(status === 201 && isLocated ? LOCATION : {}),
    ...(isTagged && status !== 204 ? ETAG : {}),
    ...(isIdempotent ? IDEMPOTENCY_REPLAYED : {}),
    ...(isCounted ? RATE_LIMIT : {}),
  }
}

/** Removes what only chooses the words of a validation error, and names the example of each form. */
function describeBody(schema: Schema): Schema {
  const { if: _if, then: _then, else: _else, examples = [], ...body } = schema
  // The forms say it.
  if (body['oneOf']) delete body['type']
  const forms = (body['oneOf'] ?? [body]) as { title: string; description?: string }[]
  const named = (examples as unknown[]).map((value, index) => {
    const { title = 'example', description } = forms[index] ?? {}
    return [title, { ...(description ? { summary: description } : {}), value }]
  })
  return { ...body, 'x-examples': Object.fromEntries(named) }
}

/**
 * Removes a keyword from a schema and all schemas in it. Of responses, patterns are removed: what was stored has been
 * validated, and a client that validates it again can only reject what it should show.
 */
function withoutKeyword(keyword: string, part: unknown): Schema {
  if (Array.isArray(part)) return part.map((item) => withoutKeyword(keyword, item)) as never
  if (typeof part !== 'object' || part === null) return part as never
  // A property of that name is an object.
  const kept = Object.entries(part).filter(([name, value]) => name !== keyword || typeof value === 'object')
  return Object.fromEntries(
    kept.map(([name, value]) => [name, isExample(name) ? value : withoutKeyword(keyword, value)]),
  )
}

const isExample = (name: string) => name === 'example' || name === 'examples'
