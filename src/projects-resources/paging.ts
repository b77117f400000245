import type { Fault } from '../errors.js'

/**
 * The faults of the query of a list in pages (PageQuery) that its schema cannot see.
 * @param decode reads a cursor of this list; undefined for what was never one
 */
export function checkPage(decode: (cursor: string) => unknown) {
  return ({ query }: { query: unknown }): Fault[] => {
    const { cursor, limit } = query as { cursor?: unknown; limit?: unknown }
    if (typeof cursor !== 'string') return []
    const faults: Fault[] = []
    if (decode(cursor) === undefined) faults.push({ path: 'query.cursor', message: 'is not a cursor of this list' })
    if (limit === undefined) faults.push({ path: 'query.limit', message: 'is required with a cursor' })
    return faults
  }
}

/**
 * The `Link` header that leads to the next page (RFC 8288). Its target is relative to the request's own, so that it
 * holds behind any proxy.
 * @param url the request's path and query
 * @param cursor where the next page begins
 */
export function linkToNextPage(url: string, cursor: string): string {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  searchParams.set('cursor', cursor)
  return `<${pathname}?${searchParams}>; rel="next"`
}
