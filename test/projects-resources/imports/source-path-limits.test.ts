import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import {
  canonicalSourcePath,
  SOURCE_TYPES,
  type SourcePathResult,
} from '../../../src/projects-resources/imports/source-path/index.js'

const TOO_LONG = { problem: 'must be at most 2048 characters' }
const MARKS = '\u0301\u0316'

t.test('an input of more than 2048 characters is rejected before it is parsed', async (t) => {
  // Without this check, each of these would be accepted for some source_type, or rejected with another message.
  const inputs = [
    `https://example.com/${'r'.repeat(2029)}`,
    `http://a${MARKS.repeat(1024)}`,
    `http://a${MARKS.repeat(1_000_000)}`,
    `http://${'一'.repeat(700_000)}`,
    `git@git.example.com:${'r'.repeat(2029)}`,
    `${' '.repeat(2_000_000)}owner/repo`,
    `owner/repo${'/'.repeat(2_000_000)}`,
    '🦊'.repeat(500_000),
    '\ud800'.repeat(2_000_000),
  ]
  for (const type of SOURCE_TYPES) {
    for (const input of inputs)
      t.strictSame(canonicalSourcePath(type, input), TOO_LONG, `${type} ${input.slice(0, 30)}`)
  }
})

t.test('no input of up to 2048 characters is slow to canonicalize', async (t) => {
  const heads = ['', 'a/', 'https://', 'https://github.com/', 'git@github.com:', 'host:', 'https://[', 'https://a']
  const units = ['a', 'a-', '@', '[@', '/', '.git', 'a.git/', ']', ' a', '::', 'a@b:', '一', 'ü.', '%41', MARKS, '🦊']
  // Characters are code points: '🦊' counts once.
  const fill = (head: string, unit: string) => head + unit.repeat(Math.floor((2048 - head.length) / [...unit].length))
  const filled = heads.flatMap((head) => units.map((unit) => fill(head, unit)))
  const distinct = Array.from({ length: 2048 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('')
  const inputs = [...filled, ...heads.map((head) => head + distinct.slice(head.length))]
  const slow: string[] = []
  for (const type of SOURCE_TYPES) {
    for (const input of inputs) {
      // Usually 1 ms. CPU time does not depend on other processes; the minimum excludes garbage collection.
      const times = Array.from({ length: 3 }, () => cpuTimeOf(() => canonicalSourcePath(type, input)))
      if (Math.min(...times) > 50) slow.push(`${type} ${input.slice(0, 30)}: ${times}`)
    }
  }
  t.strictSame(slow, [])
})

/** Measures CPU time, in milliseconds. */
function cpuTimeOf(action: () => unknown): number {
  const start = process.cpuUsage()
  action()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

t.test('a URL has the same canonical form before and after V8 optimizes the parser', async (t) => {
  const expected: [string, SourcePathResult][] = [
    ['https://münchen.de/', { path: 'https://xn--mnchen-3ya.de/' }],
    ['http://Ã\u00a0.de/', { problem: 'must be a valid http or https URL' }],
    ['https://example.com/ü', { path: 'https://example.com/%C3%BC' }],
    ['https://例え.テスト/', { path: 'https://xn--r8jz45g.xn--zckzah/' }],
    ['https://exa mple.com/', { problem: 'must be a valid http or https URL' }],
    ['https://example.com/a', { path: 'https://example.com/a' }],
    ['https://é.example/', { path: 'https://xn--9ca.example/' }],
  ]
  const wrong = new Set<string>()
  for (let count = 0; count < 40_000; count += 1) {
    const [input, result] = expected[count % expected.length] as [string, SourcePathResult]
    const seen = canonicalSourcePath('url', input)
    if (JSON.stringify(seen) !== JSON.stringify(result)) wrong.add(`call ${count}, ${input}: ${JSON.stringify(seen)}`)
  }
  t.strictSame([...wrong], [])
})

t.test('no source file calls URL.canParse, whose result can change once V8 has optimized it', async (t) => {
  const src = new URL('../../../src/', import.meta.url)
  const files = (await readdir(src, { recursive: true })).filter((file) => /\.m?ts$/.test(file))
  t.ok(files.includes('projects-resources/imports/source-path/web-address.ts'))
  for (const file of files) t.notMatch(await readFile(new URL(file, src), 'utf8'), /\.canParse\(/, file)
})
