import t from 'tap'
import { hasLongText, joinPieces, serializeInChunks } from '../../src/projects-resources/chunked-json.js'

/**
 * Texts that could be mistaken for U+0000, the placeholder of a long text (chunked-json.ts), and texts with characters
 * that must not be split.
 */
const TEXTS = ['"\\u0000"', '\\u0000', 'u0000', '\u0001', '"', '\\', '🦉', 'é\u2028', 'a🦉b"\\\n']

t.test('the chunks of a body, put together, are its JSON text, and each chunk has a limited size', (t) => {
  for (const [index, text] of TEXTS.entries()) {
    for (const length of [0, 1, 10_239, 10_240, 10_241, 50_000]) {
      // Shifted by one, so that the end of a chunk falls between the two halves of a surrogate pair.
      for (const start of ['', 'x']) {
        const long = start + text.repeat(Math.ceil(length / text.length))
        const rows = [
          { id: 1, title: text, text: long },
          { id: 2, text: null },
          { text: 'x', other: long, more: long },
        ]
        for (const [number, row] of rows.entries()) {
          const chunks = [...serializeInChunks(row, (row) => JSON.stringify({ row }))]
          const what = `text ${index}, ${length} characters, row ${number}`
          // Compared with ===, so that a failure does not print the texts.
          t.ok(chunks.join('') === JSON.stringify({ row }), `${what}: the chunks are the JSON text`)
          t.ok(Math.max(...chunks.map((chunk) => chunk.length)) <= 300 * 1024, `${what}: no chunk is too large`)
        }
      }
    }
  }
  t.end()
})

t.test('a body without a long text is a single chunk', (t) => {
  const row = { id: 1, text: 'x'.repeat(10_240), nothing: null }
  t.equal(hasLongText(row), false)
  t.strictSame([...serializeInChunks(row, (row) => JSON.stringify(row))], [JSON.stringify(row)])
  t.equal(hasLongText({ text: 'x'.repeat(10_241) }), true)
  t.end()
})

t.test('short pieces are joined into parts of at most 60 Ki characters, and a longer piece is its own part', (t) => {
  const piece = (length: number) => 'x'.repeat(length)
  const lengthsOf = (lengths: number[]) => [...joinPieces(lengths.map(piece))].map(({ length }) => length)
  t.strictSame(lengthsOf([]), [0])
  t.strictSame(lengthsOf([1, 2, 3]), [6])
  t.strictSame(lengthsOf([61_439, 1, 1]), [61_440, 1])
  t.strictSame(lengthsOf([5, 61_441, 5, 5]), [5, 61_441, 10])
  t.strictSame(lengthsOf([61_441]), [61_441])
  t.equal([...joinPieces(['a', ',', piece(70_000), ',', 'b'])].join(''), `a,${piece(70_000)},b`)
  t.end()
})
