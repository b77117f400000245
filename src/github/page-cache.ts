import { LRUCache } from 'lru-cache'

/** A response of GitHub, which is valid as long as GitHub confirms its ETag. */
interface CachedPage {
  etag: string
  /** As text, whose size in memory is known. */
  json: string
}

/** Estimated size of an entry besides its texts, in bytes. */
const OVERHEAD = 256

/** Creates a cache of at most `maxBytes` that evicts the least recently used pages. */
export const createPageCache = (maxBytes: number) =>
  new LRUCache<string, CachedPage>({ maxSize: maxBytes, sizeCalculation: (page, key) => sizeOf(key, page) })

/** Estimates the size of an entry in bytes: a string takes at most two bytes per UTF-16 code unit. */
const sizeOf = (key: string, { etag, json }: CachedPage): number =>
  2 * (key.length + etag.length + json.length) + OVERHEAD
