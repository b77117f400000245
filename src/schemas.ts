import {
  type SchemaOptions,
  type Static,
  type TObject,
  type TProperties,
  type TSchema,
  type TString,
  Type,
} from '@sinclair/typebox'
import { MAX_ID } from './identity-rules.js'

/** A, if it has the same properties as B; otherwise `never`, and what uses it does not compile. */
export type Exact<A, B> = [A, B] extends [B, A] ? A : never

/** An id, in a path or in a body. */
export const Id = (options: SchemaOptions = {}) =>
  Type.Integer({ ...options, format: 'int32', minimum: 1, maximum: MAX_ID })

/** The maximum length of every list of a project. */
export const MAX_LIST_ITEMS = 1000

/** An id of another system in a request: a number, or a string of decimal digits. Its column is a number. */
export const ForeignId = (options: SchemaOptions = {}) =>
  Type.Unsafe<number>({
    ...options,
    type: ['integer', 'string'],
    format: 'int32',
    minimum: 1,
    maximum: MAX_ID,
    maxLength: 10,
    pattern: '^[1-9][0-9]{0,9}$',
  })

/** An id of another system in a response: a string. The number of the row is serialized as one. */
export const ForeignIdText = (options: SchemaOptions = {}) =>
  Type.Unsafe<number | string>({ ...options, type: 'string', maxLength: 10 })

/**
 * Text without U+0000, which PostgreSQL cannot store. Client generators copy the pattern: it means the same to Python, to Rust
 * and to JavaScript with and without the flag `u`. The keyword `wellFormed` does the rest, and is not in the document.
 */
export const STORABLE_TEXT = '^[^\\x00]*$'

/** Text of so many characters (code points, as in JSON Schema and in PostgreSQL). */
export const Text = (minLength: number, maxLength: number, options: SchemaOptions = {}) =>
  Type.String({ ...options, minLength, maxLength, pattern: STORABLE_TEXT, wellFormed: true })

/** A string or null. One `type` with two values rather than a union, so that there is one validation error. */
export const Nullable = (schema: TString) => Type.Unsafe<string | null>({ ...schema, type: ['string', 'null'] })

export const NullableText = (minLength: number, maxLength: number, options: SchemaOptions = {}) =>
  Nullable(Text(minLength, maxLength, options))

/**
 * Text of at least one character, each from a set.
 * @param characters as between the brackets of a regular expression
 */
export const Word = (maxLength: number, characters: string, options: SchemaOptions = {}) =>
  Type.String({ ...options, minLength: 1, maxLength, pattern: `^[${characters}]*$` })

/** One of a list of words. One `enum` rather than a union of literals, so that a problem is one message. */
export const OneOf = <const T extends readonly string[]>(words: T, options: SchemaOptions = {}) =>
  Type.Unsafe<T[number]>({ ...options, type: 'string', enum: [...words] })

/** One of a list of words, or null. */
export const NullableOneOf = <const T extends readonly string[]>(words: T, options: SchemaOptions = {}) =>
  Type.Unsafe<T[number] | null>({ ...options, type: ['string', 'null'], enum: [...words, null] })

/** A time in a response: a Date, which is serialized as ISO 8601, UTC, with milliseconds. */
export const Time = (options: SchemaOptions = {}) =>
  Type.Unsafe<Date>(Type.String({ ...options, format: 'date-time', maxLength: 24 }))

/** The years 0001 to 9999, in milliseconds since 1970: what a time in ISO 8601 can be without a sign. */
export const MIN_TIME = Date.parse('0001-01-01T00:00:00.000Z')
export const MAX_TIME = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * The format of a time in a body: ISO 8601 with a time zone, from the year 0001. The keyword `instant` rejects days that do not
 * exist, and is not in the document.
 */
const INSTANT = {
  maxLength: 35,
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$',
  instant: true,
}

/** A time in a body. */
export const Instant = (options: SchemaOptions = {}) => Type.String({ ...options, ...INSTANT })

/** A time in a body, or null. */
export const NullableInstant = (options: SchemaOptions = {}) => Nullable(Instant(options))

export const ProjectPath = {
  user_id: Id({ description: 'The signed-in user.', examples: [1] }),
  project_id: Id({ description: "One of the user's projects.", examples: [789] }),
} satisfies TProperties

/**
 * The query of a list that can be read in pages.
 * @param firstCursor a cursor with which the list begins at its first row, as an example that works everywhere
 */
export const pageQuery = (firstCursor: string) =>
  ({
    limit: Type.Optional(
      Type.Integer({
        format: 'int32',
        minimum: 1,
        maximum: 100,
        description: 'Page size; without it, all at once.',
        examples: [20],
      }),
    ),
    cursor: Type.Optional(
      Text(1, 64, {
        description: 'Start of the page: from the `Link` header of the previous one.',
        examples: [firstCursor],
      }),
    ),
  }) satisfies TProperties

/** A number of rows in a response. */
export const Count = (options: SchemaOptions = {}) =>
  Type.Integer({ ...options, format: 'int32', minimum: 0, maximum: MAX_ID })

export const NoContent = Type.Null({ description: 'No body.' })

/** The properties of a body that its schema has: all others, such as read-only ones, are ignored. */
export function pickKnown<T extends TObject>({ properties }: T, body: Static<T>): Static<T> {
  const values = body as Record<string, unknown>
  const names = Object.keys(properties).filter((name) => Object.hasOwn(values, name))
  return Object.fromEntries(names.map((name) => [name, values[name]])) as Static<T>
}

/** Headers of a response, as the OpenAPI document describes them. */
export type Headers = Record<string, { type: string; description: string; [keyword: string]: unknown }>

/**
 * One answer of a route: what its status means here, and what comes with it. To Fastify's types it is the schema alone.
 * @param example the whole body
 */
export function response<T extends TSchema>(
  description: string,
  schema: T,
  { example, headers }: { example?: Static<T>; headers?: Headers } = {},
): T {
  // As it is sent: times are strings.
  const examples =
    example === undefined ? {} : { examples: { example: { value: JSON.parse(JSON.stringify(example)) } } }
  const content = { 'application/json': { schema, ...examples } }
  return { description, ...(headers ? { headers } : {}), content } as unknown as T
}
