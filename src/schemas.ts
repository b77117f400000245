import { type SchemaOptions, type Static, type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox'

/** The largest id: PostgreSQL's `integer`. */
export const MAX_ID = 2_147_483_647

/** An id, in a path or in a body. */
export const Id = (options: SchemaOptions = {}) => Type.Integer({ ...options, minimum: 1, maximum: MAX_ID })

/**
 * Any text that PostgreSQL can store and give back byte for byte: without U+0000, and without half of a surrogate pair,
 * which has no encoding in UTF-8. (With the flag `u`, which Ajv sets, a whole pair is one character above U+FFFF.)
 */
export const STORABLE_TEXT = '^[^\\u0000\\uD800-\\uDFFF]*$'

/** Text of so many characters (code points, as in JSON Schema and in PostgreSQL). */
export const Text = (minLength: number, maxLength: number, options: SchemaOptions = {}) =>
  Type.String({ ...options, minLength, maxLength, pattern: STORABLE_TEXT })

/** Text or null. One `type` with two values rather than a union, so that there is one validation error. */
export const NullableText = (minLength: number, maxLength: number, options: SchemaOptions = {}) =>
  Type.Unsafe<string | null>({ ...options, type: ['string', 'null'], minLength, maxLength, pattern: STORABLE_TEXT })

/** One of a list of words. One `enum` rather than a union of literals, so that a fault is one message. */
export const OneOf = <const T extends readonly string[]>(words: T, options: SchemaOptions = {}) =>
  Type.Unsafe<T[number]>({ ...options, type: 'string', enum: [...words] })

/** A time in a response: a Date, which is serialized as ISO 8601, UTC, with milliseconds. */
export const Time = (options: SchemaOptions = {}) => Type.Unsafe<Date>(Type.String({ ...options, format: 'date-time' }))

export const ProjectPath = {
  user_id: Id({ description: 'The signed-in user.', examples: [1] }),
  project_id: Id({ description: "One of the user's projects.", examples: [789] }),
} satisfies TProperties

/** The query of a list that can be read in pages. */
export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'Page size; without it, all at once.' })),
  cursor: Type.Optional(
    Text(1, 64, { description: 'Where the page begins: from the `Link` header of the one before.' }),
  ),
} satisfies TProperties

export const NoContent = Type.Null({ description: 'No body.' })

/** The properties of a body that its schema has: all others, such as read-only ones, are ignored. */
export function pickKnown<T extends TObject>({ properties }: T, body: Static<T>): Static<T> {
  const known = Object.entries(body as object).filter(([name]) => Object.hasOwn(properties, name))
  return Object.fromEntries(known) as Static<T>
}

/** A header of an answer, as the document describes it. */
export type HeaderSchema = { type: string; description: string }

export const NEXT_PAGE: Record<string, HeaderSchema> = {
  Link: { type: 'string', description: 'Where the next page is, if there is one: `<...>; rel="next"` (RFC 8288).' },
}

/**
 * One answer of a route: what its status means here, and what comes with it. To Fastify's types it is the schema alone.
 * @param example the whole body
 */
export function answer<T extends TSchema>(
  description: string,
  schema: T,
  { example, headers }: { example?: Static<T>; headers?: Record<string, HeaderSchema> } = {},
): T {
  // As it is sent: times are strings.
  const examples =
    example === undefined ? {} : { examples: { example: { value: JSON.parse(JSON.stringify(example)) } } }
  const content = { 'application/json': { schema, ...examples } }
  return { description, ...(headers ? { headers } : {}), content } as unknown as T
}
