import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { setEntityTag } from '../http/caching.js'
import { hasLongText, serializeInChunks, tagLongTexts } from './chunked-json.js'

/**
 * Returns what a handler returns to send one object; one with a long text is sent in pieces. (A handler that returns the
 * reply itself would wait for the end of the response, which costs a twentieth of a request.)
 *
 * @param wrap returns the body with the object, as the response schema describes it
 */
export function objectBody<Row extends object, Body extends object>(
  reply: FastifyReply,
  row: Row,
  wrap: (row: Row) => Body,
): Body {
  const serialize = reply.getSerializationFunction(reply.statusCode.toString(), 'application/json')
  if (!serialize || !hasLongText(row)) return wrap(row)
  const toText = ([row]: Row[]) => serialize(wrap(row as Row) as Record<string, unknown>)
  if (!reply.hasHeader('etag')) setEntityTag(reply, tagLongTexts([row], toText))
  const pieces = reply.request.method === 'HEAD' ? [] : serializeInChunks([row], toText)
  reply.type('application/json; charset=utf-8')
  // Fastify sends a stream as it is; its types only have the body that the schema describes.
  return Readable.from(pieces, { objectMode: false }) as object as Body
}
