import { toEntityTag } from '../http/entity-tags.js'

/**
 * Maximum length of a chunk of text, in UTF-16 code units. Escaped, a chunk has at most 60 Ki characters, which V8 stores
 * in at most 120 KiB. V8 allocates memory pages for each string of more than 128 KiB, which made serializing 3.5 times
 * as slow (docs/decisions/016).
 */
const CHUNK = 10 * 1024

/** Maximum length of several pieces of JSON that are sent together, in UTF-16 code units. */
const PART = 6 * CHUNK

/** Replaces a long text during serialization. It is unambiguous: no stored text contains U+0000. */
const PLACEHOLDER = '\u0000'
const ESCAPED_PLACEHOLDER = JSON.stringify(PLACEHOLDER)

const isLong = (value: unknown): value is string => typeof value === 'string' && value.length > CHUNK

export const hasLongText = (row: object): boolean => Object.values(row).some(isLong)

/**
 * Serializes a row in chunks. A text of 1 MiB can be 6 MiB of JSON, which would block the event loop if it were escaped
 * in one call. The consumer yields to the event loop between chunks.
 * @param serialize returns the JSON text of the row, or of a body with it
 */
export function* serializeInChunks<Row extends object>(row: Row, serialize: (row: Row) => string): Generator<string> {
  const { text: short, longTexts } = splitLongTexts(row, serialize)
  for (const [index, part] of short.split(ESCAPED_PLACEHOLDER).entries()) {
    yield part
    const text = longTexts[index]
    if (text !== undefined) yield* escapeInChunks(text)
  }
}

/** Joins consecutive short pieces, so that fewer chunks are sent. */
export function* joinPieces(pieces: Iterable<string>): Generator<string> {
  let part = ''
  for (const piece of pieces) {
    if (part !== '' && part.length + piece.length > PART) {
      yield part
      part = ''
    }
    part += piece
  }
  yield part
}

/** Returns a text that identifies a body, as input for an ETag. Hashes long texts, because escaping them is slow. */
export function tagLongTexts<Row extends object>(row: Row, serialize: (row: Row) => string): string {
  const { text, longTexts } = splitLongTexts(row, serialize)
  return [text, ...longTexts.map(toEntityTag)].join('\n')
}

function splitLongTexts<Row extends object>(row: Row, serialize: (row: Row) => string) {
  const longTexts: string[] = []
  const text = serialize(hasLongText(row) ? removeLongTexts(row, longTexts) : row)
  return { text, longTexts }
}

function removeLongTexts<Row extends object>(row: Row, texts: string[]): Row {
  const entries = Object.entries(row).map(([name, value]) => {
    if (!isLong(value)) return [name, value]
    texts.push(value)
    return [name, PLACEHOLDER]
  })
  return Object.fromEntries(entries) as Row
}

function* escapeInChunks(text: string): Generator<string> {
  yield '"'
  for (let start = 0; start < text.length; ) {
    const end = endOfChunk(text, start + CHUNK)
    yield JSON.stringify(text.slice(start, end)).slice(1, -1)
    start = end
  }
  yield '"'
}

/** Keeps a surrogate pair in one chunk: JSON.stringify would escape separated halves. */
function endOfChunk(text: string, end: number): number {
  const next = text.charCodeAt(end)
  return next >= 0xdc00 && next <= 0xdfff ? end + 1 : end
}
