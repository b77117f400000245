import type { TObject, TSchema } from '@sinclair/typebox'

/**
 * SQL for a row as the JSON text that goes over the wire, by its schema: PostgreSQL builds it, and nothing parses it on
 * the way. It is put together from the columns: `row_to_json` would look up the type of each in the catalogue, for every row
 * (docs/decisions/013).
 *
 * @param row what the row is called in the statement
 * @param computed SQL for the properties that are no column of their own
 */
export function jsonText(
  { properties }: TObject<Record<string, TSchema>>,
  row: string,
  computed: Record<string, (row: string) => string> = {},
): string {
  const parts = Object.entries(properties).map(([name, schema], index) => {
    const value = computed[name]?.(row) ?? `${row}.${name}`
    return `'${index === 0 ? '{' : ','}"${name}":' || ${jsonValue(schema, value)}`
  })
  return `(${parts.join(' || ')} || '}')`
}

function jsonValue({ type, format, enum: words }: TSchema, value: string): string {
  if (type === 'null') return `'null'`
  if (type === 'integer' || type === 'boolean') return value
  if (format === 'date-time') return isoTime(value)
  // Nothing in these needs to be escaped.
  if (words || format === 'uuid') return `'"' || ${value} || '"'`
  return [type].flat().includes('null') ? `coalesce(to_json(${value})::text, 'null')` : `to_json(${value})::text`
}

/**
 * SQL for a time in JSON: ISO 8601, UTC, milliseconds. PostgreSQL's own JSON leaves out zeros at the end; a microsecond
 * more, which is cut off again, keeps them. (`to_char` takes twice as long.)
 * @param value a timestamptz(3)
 */
const isoTime = (value: string) =>
  `left(to_json(${value} AT TIME ZONE 'UTC' + interval '1 microsecond')::text, 24) || 'Z"'`
