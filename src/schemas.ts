import { type SchemaOptions, type TProperties, Type } from '@sinclair/typebox'

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

/** The same, or null. One `type` of two rather than a union, so that a fault is one message. */
export const NullableText = (minLength: number, maxLength: number, options: SchemaOptions = {}) =>
  Type.Unsafe<string | null>({ ...options, type: ['string', 'null'], minLength, maxLength, pattern: STORABLE_TEXT })

/** One of a list of words. One `enum` rather than a union of literals, so that a fault is one message. */
export const OneOf = <const T extends readonly string[]>(words: T, options: SchemaOptions = {}) =>
  Type.Unsafe<T[number]>({ ...options, type: 'string', enum: [...words] })

/** A time as it goes over the wire: ISO 8601, UTC, milliseconds. */
export const Time = (options: SchemaOptions = {}) => Type.String({ ...options, format: 'date-time' })

export const ProjectPath = {
  user_id: Id({ description: 'The signed-in user.' }),
  project_id: Id({ description: "One of the user's projects." }),
} satisfies TProperties

const Fault = Type.Object({
  path: Type.String({ description: 'Where the fault is: `body.title`, `query.limit`, `path.user_id`.' }),
  message: Type.String({ description: 'What is wrong there. Never repeats the value.' }),
})

/** The one shape of every error body. */
export const ErrorBody = Type.Object({
  statusCode: Type.Integer(),
  code: Type.String({ description: 'For programs: stable, upper-case.' }),
  message: Type.String({ description: 'For people.' }),
  errors: Type.Optional(Type.Array(Fault, { description: 'Only on a 400 from validation: one entry a fault.' })),
})

/** The query of a list that can be read in pages. */
export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'Page size; without it, all at once.' })),
  cursor: Type.Optional(
    Text(1, 64, { description: 'Where the page begins: from the `Link` header of the one before.' }),
  ),
} satisfies TProperties

export const NoContent = Type.Null({ description: 'No body.' })

/** The error answers of a route: its own statuses, besides those that any call can have. */
export const errorResponses = <const T extends number>(...statuses: T[]) =>
  Object.fromEntries([...statuses, 400, 401, 403, 404, 500, 503].map((status) => [status, ErrorBody])) as Record<
    T | 400 | 401 | 403 | 404 | 500 | 503,
    typeof ErrorBody
  >
