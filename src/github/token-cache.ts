import { LRUCache } from 'lru-cache'

/** An installation access token. It is a secret: never log or store it. */
export interface Token {
  value: string
  /** In milliseconds since 1970. */
  expiresAt: number
}

/** A token with its origin. */
export interface TakenToken extends Token {
  /** Whether it was just created: not all of GitHub's servers may know it yet. */
  isFresh: boolean
}

/** How long before its expiry a token is no longer used, in milliseconds: clocks differ, and requests take time. */
const MARGIN = 2 * 60 * 1000

const MAX_TOKENS = 1000

export interface TokenCache {
  /**
   * Returns the cached token of a key, or creates one. Concurrent calls with the same key share one new token.
   * @param mint creates a token; null if GitHub refuses, which is not cached
   */
  take(key: string, mint: () => Promise<Token | null>): Promise<TakenToken | null>
  /** Removes a token that GitHub no longer accepts, unless it has been replaced since. */
  drop(key: string, token: Token): void
}

export function createTokenCache(): TokenCache {
  const tokens = new LRUCache<string, Token>({ max: MAX_TOKENS })
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
