import t from 'tap'
import { hasLongText, serializeInChunks } from '../../src/projects-resources/chunked-json.js'

/** Texts that could be mistaken for the placeholder of a long text, and characters that must not be split. */
const TEXTS = ['"\\u0000"', '\\u0000', 'u0000', '\u0001', '"', '\\', '🦉', 'é\u2028', 'a🦉b"\\\n']

t.test('the chunks of a body, put together, are its JSON text, and each chunk has a limited size', (t) => {
  for (const [index, text] of TEXTS.entries()) {
    for (const length of [0, 1, 16_383, 16_384, 16_385, 50_000]) {
      // Shifted by one, so that the end of a chunk falls between the two halves of a surrogate pair.
      for (const start of ['', 'x']) {
        const long = start + text.repeat(Math.ceil(length / text.length))
        const rows = [
          { id: 1, title: text, text: long },
          { id: 2, text: null },
          { text: 'x', other: long, more: long },
        ]
        const chunks = [...serializeInChunks(rows, (some) => JSON.stringify({ rows: some }))]
        const what = `text ${index}, ${length} characters`
        // Compared with ===, so that a failure does not print the texts.
        t.ok(chunks.join('') === JSON.stringify({ rows }), `${what}: the chunks are the JSON text`)
        t.ok(Math.max(...chunks.map((chunk) => chunk.length)) <= 300 * 1024, `${what}: no chunk is too large`)
      }
    }
  }
  t.end()
})

t.test('a body without a long text is a single chunk', (t) => {
  const row = { id: 1, text: 'x'.repeat(16_384), nothing: null }
  t.equal(hasLongText(row), false)
  t.strictSame([...serializeInChunks([row], JSON.stringify)], [JSON.stringify([row])])
  t.equal(hasLongText({ text: 'x'.repeat(16_385) }), true)
  t.end()
})
