import { toEntityTag } from '../http/entity-tags.js'

/** A longer text is escaped in pieces of this length: at most 96 KiB of JSON each. */
export const CHUNK = 16 * 1024

/** Stands for a long text. No stored text contains U+0000, and no other text is escaped like that. */
const PLACEHOLDER = '\u0000'
const ESCAPED_PLACEHOLDER = JSON.stringify(PLACEHOLDER)

const isLong = (value: unknown): value is string => typeof value === 'string' && value.length > CHUNK

export const hasLongText = (row: object): boolean => Object.values(row).some(isLong)

/**
 * Serializes a body in pieces, so that a text of a megabyte, which can be six megabytes of JSON, does not block the event
 * loop: whoever takes the pieces pauses between them.
 * @param rows the parts of the body that can have long texts
 * @param serialize returns the JSON text of the body with these rows
 */
export function* serializeInChunks<Row extends object>(
  rows: Row[],
  serialize: (rows: Row[]) => string,
): Generator<string> {
  const { text: short, longTexts } = splitLongTexts(rows, serialize)
  for (const [index, part] of short.split(ESCAPED_PLACEHOLDER).entries()) {
    yield part
    const text = longTexts[index]
    if (text !== undefined) yield* escapeInPieces(text)
  }
}

/** Returns what identifies the JSON text of a body, without building that text. */
export function tagLongTexts<Row extends object>(rows: Row[], serialize: (rows: Row[]) => string): string {
  const { text, longTexts } = splitLongTexts(rows, serialize)
  return [text, ...longTexts.map(toEntityTag)].join('\n')
}

function splitLongTexts<Row extends object>(rows: Row[], serialize: (rows: Row[]) => string) {
  const longTexts: string[] = []
  const text = serialize(rows.map((row) => (hasLongText(row) ? removeLongTexts(row, longTexts) : row)))
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

function* escapeInPieces(text: string): Generator<string> {
  yield '"'
  for (let start = 0; start < text.length; ) {
    const end = endOfPiece(text, start + CHUNK)
    yield JSON.stringify(text.slice(start, end)).slice(1, -1)
    start = end
  }
  yield '"'
}

/** Both halves of a surrogate pair belong to one piece: JSON.stringify would escape them separately. */
function endOfPiece(text: string, end: number): number {
  const next = text.charCodeAt(end)
  return next >= 0xdc00 && next <= 0xdfff ? end + 1 : end
}
