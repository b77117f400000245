import type { Schema } from './document.js'
import type { User } from './model.js'

/** Texts that programs often handle incorrectly. PostgreSQL can store all of them. */
const UNICODE = [
  ...[
    '\u{1f469}\u200d\u{1f680}',
    '\u05e9\u05dc\u05d5\u05dd',
    'e\u0301\u0316',
    '\u202e',
    '\ufeff',
    '\uffff',
    '\u{10ffff}',
    '\u2028',
  ],
  ...[
    '\u0001',
    '\u007f',
    '\u0085',
    '\r\n',
    '\t',
    '"',
    '\\',
    "'; DROP TABLE imports; --",
    '<script>',
    '#{x}',
    '%00',
    '{{7*7}}',
  ],
  ...['\u00df\u0130\u0131', '\ud7a3', '\u{20000}', '\\u0000', '../..', '__proto__', 'null'],
]
/** Characters with one to four bytes in UTF-8. */
const WIDTHS = ['a', '\u00e9', '\u20ac', '\u{1f600}']
const UNSTORABLE = ['\u0000', '\ud800', '\udfff', '\udc00\ud800']

/** Whether PostgreSQL can store a text: it must not contain U+0000 or unpaired surrogates. */
export const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')

/** Draws a value that matches a schema. */
export function drawValue(user: User, schema: Schema): unknown {
  const { random } = user
  const types = [schema.type ?? 'string'].flat()
  if (types.includes('null') && random.chance(20)) return null
  if (schema.enum) return random.pick(schema.enum)
  if (types.includes('integer')) return random.int(schema.minimum ?? 1, Math.min(schema.maximum ?? 1000, 1e9))
  const { minLength = 0, maxLength = 1000, pattern } = schema
  const text = drawText(user, minLength, maxLength)
  if (!pattern || new RegExp(pattern, 'u').test(text)) return text
  return 'x.y_z-'.slice(0, random.int(Math.max(1, minLength), Math.min(6, maxLength)))
}

function drawText({ random, canary }: User, minLength: number, maxLength: number): string {
  if (random.chance(3)) return random.pick(WIDTHS).repeat(Math.max(1, minLength))
  // Sometimes a text of the maximum length, but rarely if the maximum is large.
  if (random.chance(maxLength > 20_000 ? 0.3 : 3))
    return random.pick(WIDTHS.slice(0, maxLength > 20_000 ? 1 : 4)).repeat(maxLength)
  const parts = Array.from({ length: random.int(0, 3) }, () => random.pick(UNICODE))
  return [...`${canary} ${parts.join(' ')}`].slice(0, maxLength).join('')
}

/** Draws a value that probably does not match a schema. The model decides by validating it. */
function drawWrongValue(user: User, schema: Schema): unknown {
  const { random, canary } = user
  const { minLength = 0, maxLength = 1000, minimum = 1, maximum = 1000 } = schema
  const ofAnyType = [null, 5, -0.5, true, false, [], [canary], {}, { [canary]: 1 }, '', ' ', canary, 'null', '1']
  const texts = [
    () => random.pick(WIDTHS).repeat(maxLength),
    () => random.pick(WIDTHS.slice(0, maxLength > 20_000 ? 2 : 4)).repeat(maxLength + 1),
    () => 'a'.repeat(Math.max(0, minLength - 1)),
    () => `${canary}${random.pick(UNSTORABLE)}`,
    () => `${random.pick(UNSTORABLE)}${canary}`,
    () => `${schema.enum?.[0] ?? ''} `,
    () => (schema.enum?.[0] ?? canary).toUpperCase(),
  ]
  const numbers = [0, -1, minimum - 1, minimum, maximum, maximum + 1, 1.5, 2 ** 53, 1e308, -(2 ** 31), '1', '01', '1e3']
  if (random.chance(35)) return random.pick(ofAnyType)
  if ([schema.type].flat().includes('integer')) return random.pick(numbers)
  // Texts of about a megabyte are rare.
  if (maxLength > 20_000 && random.chance(90)) return random.pick(ofAnyType)
  return random.pick(texts)()
}

const READ_ONLY = [
  'id',
  'neptun_user_id',
  'project_id',
  'created_at',
  'updated_at',
  'share_uuid',
  'is_shared',
  'suspended_at',
]

/**
 * Functions that turn a valid JSON body into one that the service must refuse: malformed, too deep, not UTF-8, or with
 * a key that could pollute a prototype.
 */
const WRONG_TEXTS: ((body: string) => string | Buffer)[] = [
  (body) => body.slice(0, -1),
  (body) => `${body}}`,
  (body) => body.replace(/}$/, ',}'),
  (body) => body.replace(/}$/, ',"__proto__":{"id":1}}'),
  (body) => body.replace(/}$/, ',"constructor":{"prototype":{"id":1}}}'),
  (body) => body.replaceAll('"', "'"),
  (body) => `// comment\n${body}`,
  (body) => Buffer.concat([Buffer.from(body.replace(/}$/, ',"x":"')), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
  (body) => Buffer.from(body, 'utf16le'),
  () => '',
  () => ' ',
  () => 'NaN',
  () => `${'['.repeat(5000)}${']'.repeat(5000)}`,
  () => `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`,
]

/** Draws a body that every call must refuse. */
export function drawWrongText({ random }: User, value: unknown): string | Buffer {
  return random.pick(WRONG_TEXTS)(JSON.stringify(value))
}

/** Mutates a body: a missing, additional or invalid property, or a different root value. */
export function mutateBody(user: User, value: unknown, properties: Record<string, Schema>): unknown {
  const { random, canary, id } = user
  const names = Object.keys(properties)
  const body = { ...(value as Record<string, unknown>) }
  const name = random.pick(names)
  switch (random.weighted({ wrong: 50, missing: 15, extra: 10, readOnly: 10, both: 5, root: 10 })) {
    case 'wrong':
      return { ...body, [name]: drawWrongValue(user, properties[name] ?? {}) }
    case 'missing':
      delete body[name]
      return body
    case 'extra':
      return {
        ...body,
        [random.pick(['toString', canary, 'Title', '', 'length'])]: random.pick([1, null, canary, [{}]]),
      }
    case 'readOnly':
      return { ...body, [random.pick(READ_ONLY)]: random.pick([1, id + 1, null, canary]) }
    case 'both':
      return { ...body, [name]: drawValue(user, properties[name] ?? {}) }
    case 'root':
      return random.pick([null, [], [body], {}, 1, true, canary, { body }])
  }
}
