import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { ValidationError } from '../errors.js'
import { setEntityTag } from '../http/caching.js'
import { serializeInChunks } from './chunked-json.js'
import type { CursorCodec } from './cursor.js'
import { LARGE, type LargeWork } from './large-work.js'
import type { Owner } from './owner.js'
import type { Batch, BatchRequest, PageEnd, Range, RowVersion } from './pagination.js'

/** The query parameters of every list. */
export interface PageQuery {
  limit?: number
  cursor?: string
}

/** The request for a list. */
interface ListContext<Query> {
  owner: Owner
  query: Query
  /** For headers. */
  reply: FastifyReply
}

/** A list, for code that is generic over all of them. */
export interface ListSource<Row extends object, Position, Query, Body extends object> {
  /** Reads a page, or the complete list if it is small. */
  read(list: ListContext<Query>, request: BatchRequest<Position>): Promise<Batch<Row, Position>>
  /** Called before a large list is streamed. */
  prepareStream?(list: ListContext<Query>): Promise<void>
  findPageEnd(list: ListContext<Query>, after: Position | null, limit: number): Promise<PageEnd<Position>>
  /** Reads the next batch of a range. */
  readBatch(list: ListContext<Query>, range: Range<Position>): Promise<Batch<Row, Position>>
  /** Reads the versions of all rows in a range, in the order of the list. */
  readVersions(list: ListContext<Query>, range: Range<Position>): Promise<RowVersion[]>
  keyOf(row: Row): RowVersion['key']
  /** Returns the body with these rows, as the response schema describes it. */
  wrap(rows: Row[]): Body
  cursor: CursorCodec<Position>
}

/**
 * Returns what a handler returns to send a list: a page if the query has a `limit`, and otherwise the complete list. A small list is read and sent at once. A large
 * one, and a page of it, takes a place among the large work and is streamed.
 * @throws ApiError 429 or 503 if too much large work is in progress
 */
export async function listBody<Row extends object, Position, Query extends PageQuery, Body extends object>(
  { query, url, owner }: { query: Query; url: string; owner: Owner },
  reply: FastifyReply,
  source: ListSource<Row, Position, Query, Body>,
  largeWork: LargeWork,
): Promise<Body> {
  const { limit, cursor } = query
  const list = { owner, query, reply }
  const after = (cursor && source.cursor.decode(cursor)) || null
  const linkTo = (next: Position) => reply.header('link', linkToNextPage(url, source.cursor.encode(next)))
  if (owner.listBytes() <= LARGE) {
    const { rows, next } = await source.read(list, { after, limit })
    if (next !== null) linkTo(next)
    return source.wrap(rows)
  }
  await largeWork.enter(owner.userId, reply.raw)
  await source.prepareStream?.(list)
  const end = limit === undefined ? null : await source.findPageEnd(list, after, limit)
  if (end?.hasMore) linkTo(end.last)
  if (limit !== undefined && end === null) return source.wrap([])
  // Fastify sends a stream as it is; its types only have the body that the schema describes.
  return (await streamList(list, source, { after, last: end?.last ?? null })) as object as Body
}

/**
 * Streams the rows of a range. The response schema serializes each batch; the next one is read when the client has taken
 * the last (backpressure).
 *
 * The ETag is of the versions of all rows, which are read before the first byte is sent. A row that appears later is left
 * out, so that the client never has under that ETag what a list with the same ETag does not have. (A row that changes or
 * disappears needs no such care: its version never comes back.)
 */
async function streamList<Row extends object, Position, Query, Body extends object>(
  list: ListContext<Query>,
  source: ListSource<Row, Position, Query, Body>,
  range: Range<Position>,
): Promise<Readable> {
  const { reply } = list
  const serializer = reply.getSerializationFunction('200', 'application/json')
  if (!serializer) throw new Error('A list needs a response schema')
  // The body can be an array, which Fastify's type does not have.
  const serialize = (rows: Row[]): string => serializer(source.wrap(rows) as Record<string, unknown>)
  const empty = serialize([])
  const head = empty.slice(0, empty.indexOf(']'))
  const tail = empty.slice(head.length)
  const toItems = (rows: Row[]) => serialize(rows).slice(head.length, -tail.length)

  const versions = await source.readVersions(list, range)
  const keys = new Set(versions.map(({ key }) => key))
  setEntityTag(reply, versions.map(({ key, version }) => `${key} ${version}`).join('\n'))
  // A database that is unavailable is a 503 only before the response has begun.
  const first = await source.readBatch(list, range)

  async function* chunks() {
    yield head
    let separator = ''
    for (let batch = first; batch.next !== null; ) {
      const rows = batch.rows.filter((row) => keys.has(source.keyOf(row)))
      if (rows.length > 0) {
        yield separator
        yield* serializeInChunks(rows, toItems)
        separator = ','
      }
      batch = await source.readBatch(list, { ...range, after: batch.next })
    }
    yield tail
  }
  // Fastify would read the whole list to answer HEAD.
  const body = reply.request.method === 'HEAD' ? [] : chunks()
  reply.type('application/json; charset=utf-8')
  return Readable.from(body, { objectMode: false })
}

/**
 * Validates what the schema of a list's query parameters cannot express.
 */
export function checkPage({ decode }: Pick<CursorCodec<unknown>, 'decode'>) {
  return ({ query }: { query: unknown }, isValid: (path: string) => boolean): ValidationError[] => {
    const { cursor, limit } = query as { cursor?: unknown; limit?: unknown }
    if (typeof cursor !== 'string') return []
    const validationErrors: ValidationError[] = []
    if (isValid('query.cursor') && decode(cursor) === undefined)
      validationErrors.push({ path: 'query.cursor', message: 'is not a cursor of this list' })
    if (limit === undefined) validationErrors.push({ path: 'query.limit', message: 'is required with a cursor' })
    return validationErrors
  }
}

/**
 * Returns the `Link` header to the next page (RFC 8288). It is relative to the address that the client requested, so that
 * it is valid behind a proxy that changes the path.
 *
 * @param url path and query of the request
 * @param cursor the start of the next page
 */
function linkToNextPage(url: string, cursor: string): string {
  const query = new URLSearchParams(url.split('?').slice(1).join('?'))
  query.set('cursor', cursor)
  return `<?${query}>; rel="next"`
}

/**
 * Returns the `Location` of an object that a POST to its list has created: a relative reference (RFC 9110, section 10.2.2),
 * which is valid behind a proxy that adds or strips a prefix.
 * @param url path and query of the request, as they were sent
 */
export function locationOf(url: string, id: number): string {
  const [path = ''] = url.split('?')
  return path.endsWith('/') ? `${id}` : `${path.slice(path.lastIndexOf('/') + 1)}/${id}`
}
