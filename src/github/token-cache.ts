import { LRUCache } from 'lru-cache'

/** An installation access token. It is a secret: never log or store it. */
export interface Token {
  value: string
  /** In milliseconds since 1970. */
  expiresAt: number
}

/** A token from the cache or from GitHub. */
export interface IssuedToken extends Token {
  /** Whether it was just created: some of GitHub's servers may still reject it. */
  isFresh: boolean
}

/** Safety margin before a token's expiration, in milliseconds, for clock skew and the duration of requests. */
const MARGIN = 2 * 60 * 1000

const MAX_TOKENS = 1000

export interface TokenCache {
  /**
   * Returns the cached token of a key, or creates one. Concurrent calls with the same key share one new token.
   * @param mint creates a token, or returns null if GitHub refuses it. A refusal is not cached.
   */
  getOrMint(key: string, mint: () => Promise<Token | null>): Promise<IssuedToken | null>
  /** Removes a token that GitHub has rejected, unless the key has a newer token. */
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
    async getOrMint(key, mint) {
      const cached = tokens.get(key)
      if (cached && cached.expiresAt - MARGIN > Date.now()) return { ...cached, isFresh: false }
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
