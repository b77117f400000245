/** Maximum nesting depth. The deepest valid bodies, those of a sync, have a depth of 4. */
const MAX_DEPTH = 32

/**
 * Default maximum number of values in a body. The objects that clients send have at most 20. Without the limit, a body
 * of 2 MiB with distinct keys would take 0.3 s to parse.
 */
const MAX_VALUES = 10_000

const [QUOTE, BACKSLASH, COMMA] = Buffer.from('"\\,')
const OPENING = Buffer.from('[{')
const CLOSING = Buffer.from(']}')

/**
 * Checks, in one pass over its bytes, that a JSON text is cheap to parse. Leaves the syntax to the parser.
 *
 * @param bytes the text in UTF-8
 * @param maxValues maximum number of values, counted as the commas outside of strings plus one
 * @returns the message of the validation error, or undefined if the text is within the limits
 */
export function findExcess(bytes: Buffer, maxValues?: number): string | undefined {
  const scan = scanJson(maxValues)
  scan.add(bytes)
  return scan.excess()
}

/** Creates a scanner that does the same as findExcess() for a text that is added in parts. */
export function scanJson(maxValues = MAX_VALUES) {
  let [depth, deepest, values, inString, next] = [0, 0, 1, false, 0]
  return {
    add(bytes: Buffer): void {
      const state = scan(bytes, next, inString, depth)
      deepest = Math.max(deepest, state.deepest)
      values += state.commas
      ;({ depth, inString, next } = state)
    },
    excess(): string | undefined {
      if (deepest <= MAX_DEPTH && values <= maxValues) return undefined
      if (depth !== 0 || inString) return 'must be valid JSON'
      return deepest > MAX_DEPTH ? 'is nested too deeply' : `must not have more than ${maxValues} values`
    },
  }
}

/**
 * Scans a part of a text. `next` is the index in the next part at which scanning continues: 1 if this part ends with a
 * backslash that escapes the first byte of the next part, otherwise 0.
 */
function scan(bytes: Buffer, start: number, inString: boolean, depth: number) {
  let deepest = depth
  let commas = 0
  let index = start
  for (; index < bytes.length; index += 1) {
    const byte = bytes[index]
    if (inString) {
      if (byte === BACKSLASH) index += 1
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === COMMA) commas += 1
    else if (byte === OPENING[0] || byte === OPENING[1]) deepest = Math.max(deepest, ++depth)
    else if (byte === CLOSING[0] || byte === CLOSING[1]) depth -= 1
  }
  return { deepest, commas, depth, inString, next: index - bytes.length }
}

/**
 * Returns whether a parsed JSON text has a key that can change the prototype of an object to which it is copied:
 * `__proto__`, or `prototype` within `constructor`.
 */
export function hasPrototypeKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(hasPrototypeKey)
  if (Object.hasOwn(value, '__proto__')) return true
  return Object.entries(value).some(
    ([key, member]) => (key === 'constructor' && hasPrototype(member)) || hasPrototypeKey(member),
  )
}

const hasPrototype = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
