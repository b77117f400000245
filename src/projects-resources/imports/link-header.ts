import { encodeCursor, type Position } from './cursor.js'

/**
 * The `Link` header that leads to the page after a position (RFC 8288). Its target is relative to the request's own,
 * so that it holds behind any proxy.
 * @param url the request's path and query
 */
export function linkToNextPage(url: string, last: Position): string {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  searchParams.set('cursor', encodeCursor(last))
  return `<${pathname}?${searchParams}>; rel="next"`
}
