/** An answer of GitHub's, to be kept until GitHub says that there is another. */
interface CachedPage {
  etag: string
  /** As text, so that it is known how much memory it takes. */
  json: string
}

/** The answers that were used last, as many as have room. */
export interface PageCache {
  get(key: string): CachedPage | undefined
  set(key: string, page: CachedPage): void
}

/** What a page takes besides its text, roughly. */
const OVERHEAD = 256

/**
 * A cache that holds at most so many bytes: what was not used for longest goes first, and what is larger than all of it
 * is not kept at all.
 */
export function createPageCache(maxBytes: number): PageCache {
  // A Map keeps the order of insertion: the first is the one that was not used for longest.
  const pages = new Map<string, CachedPage>()
  let bytes = 0

  function remove(key: string): CachedPage | undefined {
    const page = pages.get(key)
    if (page) bytes -= sizeOf(key, page)
    pages.delete(key)
    return page
  }

  function add(key: string, page: CachedPage) {
    pages.set(key, page)
    bytes += sizeOf(key, page)
  }

  return {
    get(key) {
      const page = remove(key)
      if (page) add(key, page)
      return page
    },
    set(key, page) {
      remove(key)
      if (sizeOf(key, page) > maxBytes) return
      add(key, page)
      for (const oldest of pages.keys()) {
        if (bytes <= maxBytes) return
        remove(oldest)
      }
    },
  }
}

/** Two bytes a character: what a string takes at most. */
function sizeOf(key: string, { etag, json }: CachedPage): number {
  return 2 * (key.length + etag.length + json.length) + OVERHEAD
}
