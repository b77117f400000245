import t from 'tap'
import { createPageCache } from '../../src/github/page-cache.js'

/** Creates a page whose size the cache estimates as about `bytes` bytes: it counts two bytes per character. */
const page = (name: string, bytes: number) => ({ etag: `"${name}"`, json: name.padEnd(bytes / 2, '.') })

t.test('the least recently used pages are evicted when the size limit is reached', async (t) => {
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

t.test('a page larger than the cache is not cached, and evicts nothing', async (t) => {
  const cache = createPageCache(10_000)
  cache.set('a', page('a', 2500))
  cache.set('b', page('b', 20_000))
  t.equal(cache.get('b'), undefined)
  t.equal(cache.get('a')?.etag, '"a"')
})

t.test('replacing a page releases the memory of the old one', async (t) => {
  const cache = createPageCache(10_000)
  cache.set('a', page('a', 2500))
  for (let round = 0; round < 100; round += 1) cache.set('b', page(`b${round}`, 2500))
  t.equal(cache.get('a')?.etag, '"a"')
  t.equal(cache.get('b')?.etag, '"b99"')
  cache.set('b', page('b', 20_000))
  t.equal(cache.get('b'), undefined, 'a replacement larger than the cache removes the old page')
})
