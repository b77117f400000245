import t from 'tap'
import { hasLongText, serializeInChunks } from '../../src/projects-resources/chunked-json.js'

/** What could be mistaken for the mark of a long text, and what must not be split. */
const TEXTS = ['"\\u0000"', '\\u0000', 'u0000', '\u0001', '"', '\\', '🦉', 'é\u2028', 'a🦉b"\\\n']

t.test('the pieces of a body are its JSON text', (t) => {
  for (const text of TEXTS) {
    for (const length of [0, 1, 16_383, 16_384, 16_385, 50_000]) {
      // Shifted by one, so that a pair of surrogates lies across the end of a piece.
      for (const start of ['', 'x']) {
        const long = start + text.repeat(Math.ceil(length / text.length))
        const rows = [
          { id: 1, title: text, text: long },
          { id: 2, text: null },
          { text: 'x', other: long, more: long },
        ]
        const pieces = [...serializeInChunks(rows, (some) => JSON.stringify({ rows: some }))]
        if (pieces.join('') !== JSON.stringify({ rows })) t.fail(`${JSON.stringify(text)}, ${length} characters`)
        t.ok(Math.max(...pieces.map((piece) => piece.length)) <= 300 * 1024)
      }
    }
  }
  t.end()
})

t.test('a body without a long text is one piece', (t) => {
  const row = { id: 1, text: 'x'.repeat(16_384), nothing: null }
  t.equal(hasLongText(row), false)
  t.strictSame([...serializeInChunks([row], JSON.stringify)], [JSON.stringify([row])])
  t.equal(hasLongText({ text: 'x'.repeat(16_385) }), true)
  t.end()
})
