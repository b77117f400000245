import t from 'tap'
import { createTokenCache, type Token } from '../../src/github/token-cache.js'

const HOUR = 3_600_000

/** A cache, and a mint that counts. */
function start({ life = HOUR } = {}) {
  const cache = createTokenCache()
  let minted = 0
  const mint = async (): Promise<Token> => {
    minted += 1
    return { value: `token-${minted}`, expiresAt: Date.now() + life }
  }
  return { cache, take: (key: string) => cache.take(key, mint), minted: () => minted }
}

t.test('a token is kept by its key, and fresh for those who waited for it', async (t) => {
  const { take } = start()
  const both = await Promise.all([take('a'), take('a')])
  t.match(both, [
    { value: 'token-1', isFresh: true },
    { value: 'token-1', isFresh: true },
  ])
  t.match(await take('a'), { value: 'token-1', isFresh: false })
  t.match(await take('b'), { value: 'token-2', isFresh: true })
})

t.test('a token that is about to expire is replaced', async (t) => {
  const { take } = start({ life: 100_000 })
  await take('a')
  t.match(await take('a'), { value: 'token-2', isFresh: true })
})

t.test('of a thousand tokens the one that was not used for the longest time makes room', async (t) => {
  const { take, minted } = start()
  for (let number = 0; number < 1000; number += 1) await take(`key-${number}`)
  await take('key-0')
  await take('one more')
  t.equal(minted(), 1001)
  t.match(await take('key-0'), { isFresh: false })
  t.match(await take('key-1'), { isFresh: true })
})

t.test('a token is dropped, but not the one that replaced it', async (t) => {
  const { cache, take } = start()
  const first = (await take('a')) as Token
  cache.drop('a', first)
  const second = (await take('a')) as Token
  t.equal(second.value, 'token-2')
  cache.drop('a', first)
  t.match(await take('a'), { value: 'token-2', isFresh: false })
})

t.test('no token, and no answer, are not kept', async (t) => {
  const { cache, take } = start()
  t.equal(await cache.take('a', async () => null), null)
  await t.rejects(
    cache.take('a', () => Promise.reject(new Error('down'))),
    { message: 'down' },
  )
  t.match(await take('a'), { value: 'token-1' })
})
