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

/**
 * Resolves to `A` if `A` and `B` are mutually assignable, and otherwise to `never`, so that code that uses the type
 * does not compile.
 */
export type Exact<A, B> = [A, B] extends [B, A] ? A : never

/** An id in a path or a body. */
export const Id = (options: SchemaOptions = {}) =>
  Type.Integer({ ...options, format: 'int32', minimum: 1, maximum: MAX_ID })

/** Maximum number of items in each list of a project. */
export const MAX_LIST_ITEMS = 1000

/** An id from another system in a request: a number or a string of decimal digits. It is stored as a number. */
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

/** An id from another system in a response: a string. The stored number is serialized as a string. */
export const ForeignIdText = (options: SchemaOptions = {}) =>
  Type.Unsafe<number | string>({ ...options, type: 'string', maxLength: 10 })

/**
 * Pattern of text without U+0000, which PostgreSQL cannot store. Client generators copy the pattern, so it is portable:
 * it has the same meaning in Python, Rust and JavaScript (with and without the `u` flag). The custom keyword
 * `wellFormed`, which is removed from the OpenAPI document, rejects unpaired surrogates.
 */
export const STORABLE_TEXT = '^[^\\x00]*$'

/** Text with a length in code points, as JSON Schema and PostgreSQL count characters. */
export const Text = (minLength: number, maxLength: number, options: SchemaOptions = {}) =>
  Type.String({ ...options, minLength, maxLength, pattern: STORABLE_TEXT, wellFormed: true })

/** A string or null. An array of types instead of a union, so that an invalid value is one validation error. */
export const Nullable = (schema: TString) => Type.Unsafe<string | null>({ ...schema, type: ['string', 'null'] })

export const NullableText = (minLength: number, maxLength: number, options: SchemaOptions = {}) =>
  Nullable(Text(minLength, maxLength, options))

/**
 * Non-empty text of a limited set of characters.
 * @param characters the set, in the syntax of a regular expression's character class, without the brackets
 */
export const Word = (maxLength: number, characters: string, options: SchemaOptions = {}) =>
  Type.String({ ...options, minLength: 1, maxLength, pattern: `^[${characters}]*$` })

/** One of several strings. An `enum` instead of a union, so that an invalid value is one validation error. */
export const OneOf = <const T extends readonly string[]>(values: T, options: SchemaOptions = {}) =>
  Type.Unsafe<T[number]>({ ...options, type: 'string', enum: [...values] })

/** One of several strings, or null. */
export const NullableOneOf = <const T extends readonly string[]>(values: T, options: SchemaOptions = {}) =>
  Type.Unsafe<T[number] | null>({ ...options, type: ['string', 'null'], enum: [...values, null] })

/** A time in a response: a `Date`, serialized as ISO 8601 in UTC with milliseconds. */
export const Time = (options: SchemaOptions = {}) =>
  Type.Unsafe<Date>(Type.String({ ...options, format: 'date-time', maxLength: 24 }))

/** Earliest time that is accepted, in milliseconds since 1970. PostgreSQL has no year 0. */
export const MIN_TIME = Date.parse('0001-01-01T00:00:00.000Z')

/** Latest time that ISO 8601 represents with a four-digit year, in milliseconds since 1970. */
export const MAX_TIME = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * Keywords for a time in a request: ISO 8601 with a time zone, years 0001 to 9999. The custom keyword `instant`, which
 * is removed from the OpenAPI document, rejects dates that do not exist.
 */
const INSTANT = {
  maxLength: 35,
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$',
  instant: true,
}

/** A time in a request body. */
export const Instant = (options: SchemaOptions = {}) => Type.String({ ...options, ...INSTANT })

/** A time in a request body, or null. */
export const NullableInstant = (options: SchemaOptions = {}) => Nullable(Instant(options))

export const ProjectPath = {
  user_id: Id({ description: 'Id of the signed-in user.', examples: [1] }),
  project_id: Id({ description: "Id of one of the user's projects.", examples: [789] }),
} satisfies TProperties

/**
 * Query parameters of keyset pagination.
 * @param firstCursor a cursor that selects the first page of any list. It is the example in the OpenAPI document
 * @param withoutLimit sentence about a request without `limit`
 */
export const pageQuery = (firstCursor: string, withoutLimit = 'Without it, the complete list is returned.') =>
  ({
    limit: Type.Optional(
      Type.Integer({
        format: 'int32',
        minimum: 1,
        maximum: 100,
        description: `Maximum number of items per page. ${withoutLimit}`,
        examples: [20],
      }),
    ),
    cursor: Type.Optional(
      Text(1, 64, {
        description: 'Position at which the page starts, from the `Link` header of the previous page.',
        examples: [firstCursor],
      }),
    ),
  }) satisfies TProperties

/** The values of a list's filters, keyed by query parameter. */
export type FilterOf<Properties extends TProperties> = {
  [Name in keyof Properties]?: Static<Properties[Name]> | undefined
}

/** Returns an object in which each of the properties is null. */
export const nullEach = <Properties extends TProperties>(properties: Properties) =>
  Object.fromEntries(Object.keys(properties).map((name) => [name, null])) as { [Name in keyof Properties]: null }

/** A row count in a response. */
export const Count = (options: SchemaOptions = {}) =>
  Type.Integer({ ...options, format: 'int32', minimum: 0, maximum: MAX_ID })

export const NoContent = Type.Null({ description: 'Success, without a body.' })

/** Picks the properties of a body that are in its schema. All others, such as read-only ones, are ignored. */
export function pickKnown<T extends TObject>({ properties }: T, body: Static<T>): Static<T> {
  const values = body as Record<string, unknown>
  const names = Object.keys(properties).filter((name) => Object.hasOwn(values, name))
  return Object.fromEntries(names.map((name) => [name, values[name]])) as Static<T>
}

/** Response headers in the format of the OpenAPI document. */
export type Headers = Record<string, { type: string; description: string; [keyword: string]: unknown }>

/**
 * Describes a response of a route for serialization and for the OpenAPI document. The result has the type of `schema`,
 * from which Fastify infers the type of the reply.
 * @param description the meaning of the status
 * @param example a complete body
 */
export function response<T extends TSchema>(
  description: string,
  schema: T,
  { example, headers }: { example?: Static<T>; headers?: Headers } = {},
): T {
  // Serialized as in a response: times become strings.
  const examples =
    example === undefined ? {} : { examples: { example: { value: JSON.parse(JSON.stringify(example)) } } }
  const content = { 'application/json': { schema, ...examples } }
  return { description, ...(headers ? { headers } : {}), content } as unknown as T
}
