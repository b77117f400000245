/** Maximum nesting depth. No body of this API needs more than 2. */
const MAX_DEPTH = 32

/** Default limit of values. Objects of this API need up to 20. Parsing 2 MiB of distinct keys would take 0.3 s. */
const MAX_VALUES = 10_000

const [QUOTE, BACKSLASH, COMMA] = Buffer.from('"\\,')
const OPENING = Buffer.from('[{')
const CLOSING = Buffer.from(']}')

/**
 * Checks that a JSON text is cheap to parse, in one pass over its bytes. Its syntax is left to the parser.
 *
 * @param bytes the text in UTF-8
 * @param maxValues maximum number of members of objects and arrays
 * @returns the message of the validation error, or undefined if the text is within the limits
 */
export function findExcess(bytes: Buffer, maxValues = MAX_VALUES): string | undefined {
  let depth = 0
  let deepest = 0
  let values = 1
  let inString = false
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index]
    if (inString) {
      if (byte === BACKSLASH) index += 1
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === COMMA) values += 1
    else if (byte === OPENING[0] || byte === OPENING[1]) deepest = Math.max(deepest, ++depth)
    else if (byte === CLOSING[0] || byte === CLOSING[1]) depth -= 1
  }
  if (deepest <= MAX_DEPTH && values <= maxValues) return undefined
  if (depth !== 0 || inString) return 'must be valid JSON'
  return deepest > MAX_DEPTH ? 'is nested too deeply' : `must not have more than ${maxValues} values`
}
