import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { ValidationError } from '../errors.js'
import { setEntityTag } from '../http/caching.js'
import { joinPieces, serializeInChunks } from './chunked-json.js'
import type { CursorCodec } from './cursor.js'
import { LARGE, type LargeWork } from './large-work.js'
import type { Owner } from './owner.js'
import type { Batch, BatchRequest, PageEnd, Range, RowVersion } from './pagination.js'

/** Query parameters of every list. */
export interface PageQuery {
  limit?: number
  cursor?: string
}

/** Context of a request for a list. */
interface ListContext<Query> {
  owner: Owner
  query: Query
  /** To set response headers. */
  reply: FastifyReply
}

/** Data source of a list, for the code that all lists share. */
export interface ListSource<Row extends object, Position, Query, Body extends object> {
  /** Reads a small list: one page of it, or all of it. */
  read(list: ListContext<Query>, request: BatchRequest<Position>): Promise<Batch<Row, Position>>
  /** Called before a large list is streamed, for example to set headers. */
  prepareStream?(list: ListContext<Query>): Promise<void>
  findPageEnd(list: ListContext<Query>, after: Position | null, limit: number): Promise<PageEnd<Position>>
  /** Reads the next batch of a range. */
  readBatch(list: ListContext<Query>, range: Range<Position>): Promise<Batch<Row, Position>>
  /** Reads the versions of all rows in a range, in the order of the list. */
  readVersions(list: ListContext<Query>, range: Range<Position>): Promise<RowVersion[]>
  keyOf(row: Row): RowVersion['key']
  /** Returns the response body with these rows, in the form of the response schema. */
  wrap(rows: Row[]): Body
  cursor: CursorCodec<Position>
}

/**
 * Creates the return value of a handler that sends a list: one page if the query has a `limit`, otherwise the complete
 * list. The rows of a small list are read with one query. A large list, or a page of it, needs a permit for large work
 * and is streamed.
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
  // Fastify sends a stream unchanged, but its types only allow the body of the response schema.
  return (await streamList(list, source, { after, last: end?.last ?? null })) as object as Body
}

/**
 * Streams the rows of a range. The response schema serializes each row separately. The next batch is read when the
 * previous one has been sent (backpressure).
 *
 * The ETag is computed from the versions of all rows, which are read before the first byte is sent. Rows that are
 * inserted later are omitted: otherwise a client could cache them under the ETag of a list without them. Later updates
 * and deletions are harmless: the ETag contains the old version of the row, so it never matches again.
 */
async function streamList<Row extends object, Position, Query, Body extends object>(
  list: ListContext<Query>,
  source: ListSource<Row, Position, Query, Body>,
  range: Range<Position>,
): Promise<Readable> {
  const { reply } = list
  const serializer = reply.getSerializationFunction('200', 'application/json')
  if (!serializer) throw new Error('A list requires a response schema')
  // The body can be an array, which Fastify's types do not allow.
  const serialize = (rows: Row[]): string => serializer(source.wrap(rows) as Record<string, unknown>)
  const empty = serialize([])
  const head = empty.slice(0, empty.indexOf(']'))
  const tail = empty.slice(head.length)
  const toItem = (row: Row) => serialize([row]).slice(head.length, -tail.length)

  const versions = await source.readVersions(list, range)
  const keys = new Set(versions.map(({ key }) => key))
  setEntityTag(reply, versions.map(({ key, version }) => `${key} ${version}`).join('\n'))
  // Read before the response starts, so that an unavailable database is still a 503.
  const first = await source.readBatch(list, range)

  let separator = ''
  function* piecesOf(rows: Row[]) {
    for (const row of rows) {
      if (!keys.has(source.keyOf(row))) continue
      yield separator
      // Each row separately, because serializing several long rows at once would be slow (see chunked-json.ts).
      yield* serializeInChunks(row, toItem)
      separator = ','
    }
  }

  async function* chunks() {
    yield head
    for (let batch = first; batch.next !== null; ) {
      yield* joinPieces(piecesOf(batch.rows))
      batch = await source.readBatch(list, { ...range, after: batch.next })
    }
    yield tail
  }
  // For HEAD, Fastify would read the whole stream only to discard it.
  const body = reply.request.method === 'HEAD' ? [] : chunks()
  reply.type('application/json; charset=utf-8')
  return Readable.from(body, { objectMode: false })
}

/** Creates a check of a list's query parameters, for rules that JSON Schema cannot express. */
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
 * Returns the `Link` header to the next page (RFC 8288). The reference is relative to the URL that the client
 * requested, so that it is valid behind a proxy that changes the path.
 * @param url path and query of the request
 * @param cursor of the next page
 */
function linkToNextPage(url: string, cursor: string): string {
  const query = new URLSearchParams(url.split('?').slice(1).join('?'))
  query.set('cursor', cursor)
  return `<?${query}>; rel="next"`
}

/**
 * Returns the `Location` of an object that was created by a POST to its list. The reference is relative (RFC 9110,
 * section 10.2.2), so that it is valid behind a proxy that adds or strips a prefix.
 * @param url path and query of the request, as sent by the client
 */
export function locationOf(url: string, id: number): string {
  const [path = ''] = url.split('?')
  return path.endsWith('/') ? `${id}` : `${path.slice(path.lastIndexOf('/') + 1)}/${id}`
}
