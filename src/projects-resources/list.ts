import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toEntityTag } from '../entity-tags.js'
import type { Fault } from '../errors.js'
import { setEntityTag } from '../plugins/conditional-requests.js'
import type { Batch, BatchRequest, RowVersion } from './batch.js'

/** A list, for code that is generic over all of them. */
export interface ListSource<Row, Position, Body extends object> {
  /** Where the list begins; null for its first row. */
  after: Position | null
  read(request: BatchRequest<Position>): Promise<Batch<Row, Position>>
  /** Reads the versions of all rows after a position, in the order of the list. */
  readVersions(after: Position): Promise<RowVersion[]>
  keyOf(row: Row): RowVersion['key']
  /** Returns the body with these rows, as the response schema describes it. */
  wrap(rows: Row[]): Body
  encodeCursor(position: Position): string
}

/** Sends a page if the query has a `limit`, and otherwise the complete list. */
export async function sendList<Row, Position, Body extends object>(
  { query, url }: Pick<FastifyRequest, 'query' | 'url'>,
  reply: FastifyReply,
  source: ListSource<Row, Position, Body>,
): Promise<Body | undefined> {
  const { limit } = query as { limit?: number }
  const first = await source.read({ after: source.after, limit })
  if (first.next === null) return source.wrap(first.rows)
  if (limit === undefined) {
    await streamList(reply, source, first, first.next)
    return undefined
  }
  reply.header('link', linkToNextPage(url, source.encodeCursor(first.next)))
  return source.wrap(first.rows)
}

/**
 * Streams a list that does not fit into one batch. The response schema serializes each batch; the next one is read when
 * the client has taken the last (backpressure).
 *
 * Its ETag is of the first batch and the versions of the other rows, all read before the first byte is sent. A row that
 * appears later is left out, so that the client never has under that ETag what a list with the same ETag does not have. (A
 * row that changes or disappears needs no such care: its version never comes back.)
 */
async function streamList<Row, Position, Body extends object>(
  reply: FastifyReply,
  source: ListSource<Row, Position, Body>,
  first: Batch<Row, Position>,
  next: Position,
): Promise<void> {
  const serializer = reply.getSerializationFunction('200', 'application/json')
  if (!serializer) throw new Error('A list needs a response schema')
  // The body can be an array, which Fastify's type does not have.
  const serialize = (rows: Row[]): string => serializer(source.wrap(rows) as Record<string, unknown>)
  const empty = serialize([])
  const head = empty.slice(0, empty.indexOf(']'))
  const tail = empty.slice(head.length)
  const toItems = (rows: Row[]) => serialize(rows).slice(head.length, -tail.length)

  const versions = await source.readVersions(next)
  const keys = new Set(versions.map(({ key }) => key))
  const firstItems = toItems(first.rows)
  setEntityTag(reply, [toEntityTag(firstItems), ...versions.map(({ key, version }) => `${key} ${version}`)].join('\n'))

  async function* chunks() {
    yield head + firstItems
    let isEmpty = firstItems === ''
    for (let after: Position | null = next; after !== null; ) {
      const batch: Batch<Row, Position> = await source.read({ after, limit: undefined })
      const items = toItems(batch.rows.filter((row) => keys.has(source.keyOf(row))))
      if (items !== '') yield isEmpty ? items : `,${items}`
      isEmpty &&= items === ''
      after = batch.next
    }
    yield tail
  }
  // Fastify would read the whole list to answer HEAD.
  const body = reply.request.method === 'HEAD' ? [] : chunks()
  await reply.type('application/json; charset=utf-8').send(Readable.from(body, { objectMode: false }))
}

/**
 * Validates what the schema of a list's query parameters cannot express.
 * @param decode decodes a cursor of this list; undefined for anything else
 */
export function checkPage(decode: (cursor: string) => unknown) {
  return ({ query }: { query: unknown }, isValid: (path: string) => boolean): Fault[] => {
    const { cursor, limit } = query as { cursor?: unknown; limit?: unknown }
    if (typeof cursor !== 'string') return []
    const faults: Fault[] = []
    if (isValid('query.cursor') && decode(cursor) === undefined)
      faults.push({ path: 'query.cursor', message: 'is not a cursor of this list' })
    if (limit === undefined) faults.push({ path: 'query.limit', message: 'is required with a cursor' })
    return faults
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
