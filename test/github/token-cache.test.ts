import t from 'tap'
import { createTokenCache, type Token } from '../../src/github/token-cache.js'

const HOUR = 3_600_000

/** Creates a cache and a function that creates numbered tokens. */
function start({ life = HOUR } = {}) {
  const cache = createTokenCache()
  let minted = 0
  const mint = async (): Promise<Token> => {
    minted += 1
    return { value: `token-${minted}`, expiresAt: Date.now() + life }
  }
  return { cache, get: (key: string) => cache.getOrMint(key, mint), minted: () => minted }
}

t.test('a token is cached by key, and concurrent calls share a fresh one', async (t) => {
  const { get } = start()
  const both = await Promise.all([get('a'), get('a')])
  t.match(both, [
    { value: 'token-1', isFresh: true },
    { value: 'token-1', isFresh: true },
  ])
  t.match(await get('a'), { value: 'token-1', isFresh: false })
  t.match(await get('b'), { value: 'token-2', isFresh: true })
})

t.test('a token that is about to expire is replaced', async (t) => {
  const { get } = start({ life: 100_000 })
  await get('a')
  t.match(await get('a'), { value: 'token-2', isFresh: true })
})

t.test('the cache holds 1000 tokens and evicts the least recently used one', async (t) => {
  const { get, minted } = start()
  for (let number = 0; number < 1000; number += 1) await get(`key-${number}`)
  await get('key-0')
  await get('one more')
  t.equal(minted(), 1001)
  t.match(await get('key-0'), { isFresh: false })
  t.match(await get('key-1'), { isFresh: true })
})

t.test('dropping a token does not drop its replacement', async (t) => {
  const { cache, get } = start()
  const first = (await get('a')) as Token
  cache.drop('a', first)
  const second = (await get('a')) as Token
  t.equal(second.value, 'token-2')
  cache.drop('a', first)
  t.match(await get('a'), { value: 'token-2', isFresh: false })
})

t.test('a refused or failed request for a token is not cached', async (t) => {
  const { cache, get } = start()
  t.equal(await cache.getOrMint('a', async () => null), null)
  await t.rejects(
    cache.getOrMint('a', () => Promise.reject(new Error('down'))),
    { message: 'down' },
  )
  t.match(await get('a'), { value: 'token-1' })
})
