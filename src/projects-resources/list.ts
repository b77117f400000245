import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Fault } from '../errors.js'
import type { Batch } from './batch.js'

/**
 * Streams a list that does not fit into one batch. The response schema serializes each batch; the next one is read when
 * the client has taken the last (backpressure).
 *
 * @param readNext reads the batch after a position
 * @param wrap returns the body with these rows, as the response schema describes it
 */
export function streamList<Row, Position>(
  reply: FastifyReply,
  first: Batch<Row, Position>,
  readNext: (after: Position) => Promise<Batch<Row, Position>>,
  wrap: (rows: Row[]) => object,
): FastifyReply {
  const serializer = reply.getSerializationFunction('200', 'application/json')
  if (!serializer) throw new Error('A list needs a response schema')
  // The body can be an array, which Fastify's type does not have.
  const serialize = (rows: Row[]): string => serializer(wrap(rows) as Record<string, unknown>)
  const empty = serialize([])
  const head = empty.slice(0, empty.indexOf(']'))
  const tail = empty.slice(head.length)

  async function* chunks() {
    yield head
    let separator = ''
    for (let batch = first; ; batch = await readNext(batch.next)) {
      if (batch.rows.length > 0) {
        yield separator + serialize(batch.rows).slice(head.length, -tail.length)
        separator = ','
      }
      if (batch.next === null) break
    }
    yield tail
  }
  // Fastify would read the whole list to answer HEAD.
  const body = reply.request.method === 'HEAD' ? [] : chunks()
  return reply.type('application/json; charset=utf-8').send(Readable.from(body, { objectMode: false }))
}

/**
 * Validates what the schema of a list's query parameters cannot express.
 * @param decode decodes a cursor of this list; undefined for anything else
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
 * Returns the `Link` header to the next page (RFC 8288). It is relative to the address that the client requested, so that
 * it is valid behind a proxy that changes the path.
 *
 * @param url path and query of the request
 * @param cursor the start of the next page
 */
export function linkToNextPage(url: string, cursor: string): string {
  const query = new URLSearchParams(url.split('?').slice(1).join('?'))
  query.set('cursor', cursor)
  return `<?${query}>; rel="next"`
}
