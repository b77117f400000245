/** An installation access token. It is a secret: never to be logged or stored. */
export interface Token {
  value: string
  /** In milliseconds since 1970. */
  expiresAt: number
}

/** A token that was asked for. */
export interface TakenToken extends Token {
  /** It was not there before: GitHub may not know it everywhere yet. */
  isFresh: boolean
}

/** A token is not used in its last minutes: the clocks differ, and the request takes its time. */
const MARGIN = 2 * 60 * 1000

/** So many tokens are kept; the one that was not used for the longest time goes first. */
const MAX_TOKENS = 1000

export interface TokenCache {
  /**
   * The token that is kept under a key, or a new one. Whoever asks while a new one is on its way waits for that same one.
   * @param mint gets a new token; null where GitHub gives none, which is not kept
   */
  take(key: string, mint: () => Promise<Token | null>): Promise<TakenToken | null>
  /** Forgets a token that GitHub no longer takes; not another one that has replaced it meanwhile. */
  drop(key: string, token: Token): void
}

export function createTokenCache(): TokenCache {
  const tokens = createLru<Token>(MAX_TOKENS)
  const pending = new Map<string, Promise<Token | null>>()

  async function mintOnce(key: string, mint: () => Promise<Token | null>) {
    const token = await mint()
    if (token) tokens.set(key, token)
    return token
  }

  return {
    async take(key, mint) {
      const kept = tokens.get(key)
      if (kept && kept.expiresAt - MARGIN > Date.now()) return { ...kept, isFresh: false }
      let minting = pending.get(key)
      if (!minting) {
        minting = mintOnce(key, mint).finally(() => pending.delete(key))
        pending.set(key, minting)
      }
      const token = await minting
      return token && { ...token, isFresh: true }
    },
    drop(key, token) {
      if (tokens.get(key)?.value === token.value) tokens.delete(key)
    },
  }
}

export interface Lru<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
}

/** A map of so many entries at most: the one that was not used for the longest time makes room. */
export function createLru<V>(max: number): Lru<V> {
  const entries = new Map<string, V>()

  function set(key: string, value: V) {
    // A Map keeps the order in which keys were first set: to set one anew makes it the newest.
    entries.delete(key)
    entries.set(key, value)
    const [oldest] = entries.keys()
    if (entries.size > max && oldest !== undefined) entries.delete(oldest)
  }

  return {
    get(key) {
      const value = entries.get(key)
      if (value !== undefined) set(key, value)
      return value
    },
    set,
    delete: (key) => void entries.delete(key),
  }
}
