import t from 'tap'
import { createPageCache } from '../../src/github/page-cache.js'

/** A page that takes about so many bytes. */
const page = (name: string, bytes: number) => ({ etag: `"${name}"`, json: name.padEnd(bytes / 2, '.') })

t.test('holds what was used last, as much as has room', async (t) => {
  const cache = createPageCache(10_000)
  for (const name of ['a', 'b', 'c']) cache.set(name, page(name, 2500))
  t.same(
    ['a', 'b', 'c'].map((name) => cache.get(name)?.etag),
    ['"a"', '"b"', '"c"'],
  )
  cache.get('a')
  cache.set('d', page('d', 2500))
  t.same(
    ['a', 'b', 'c', 'd'].map((name) => cache.get(name)?.etag),
    ['"a"', undefined, '"c"', '"d"'],
  )
  cache.set('e', page('e', 8000))
  t.same(
    ['a', 'c', 'd', 'e'].map((name) => cache.get(name)?.etag),
    [undefined, undefined, undefined, '"e"'],
  )
})

t.test('does not give up the rest for what has no room at all', async (t) => {
  const cache = createPageCache(10_000)
  cache.set('a', page('a', 2500))
  cache.set('b', page('b', 20_000))
  t.equal(cache.get('b'), undefined)
  t.equal(cache.get('a')?.etag, '"a"')
})

t.test('a page that is replaced does not count twice', async (t) => {
  const cache = createPageCache(10_000)
  cache.set('a', page('a', 2500))
  for (let round = 0; round < 100; round += 1) cache.set('b', page(`b${round}`, 2500))
  t.equal(cache.get('a')?.etag, '"a"')
  t.equal(cache.get('b')?.etag, '"b99"')
  cache.set('b', page('b', 20_000))
  t.equal(cache.get('b'), undefined, 'the old one is not kept instead')
})
