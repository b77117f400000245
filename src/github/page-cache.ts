import { LRUCache } from 'lru-cache'

/** A page of a list, which is valid while GitHub confirms its ETag. */
interface CachedPage {
  etag: string
  /** A string rather than an object, because its size in memory is known. */
  json: string
}

/** Estimated size of an entry in addition to its strings, in bytes. */
const OVERHEAD = 256

/** Creates an LRU cache of at most `maxBytes`. */
export const createPageCache = (maxBytes: number) =>
  new LRUCache<string, CachedPage>({ maxSize: maxBytes, sizeCalculation: (page, key) => sizeOf(key, page) })

/** Estimates the size of an entry in bytes: a string takes at most two bytes per UTF-16 code unit. */
const sizeOf = (key: string, { etag, json }: CachedPage): number =>
  2 * (key.length + etag.length + json.length) + OVERHEAD
