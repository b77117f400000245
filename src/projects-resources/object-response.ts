import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { setEntityTag } from '../http/caching.js'
import { hasLongText, serializeInChunks, tagLongTexts } from './chunked-json.js'

/**
 * Creates the return value of a handler that sends one object. An object with a long text is streamed in chunks. (The
 * function returns the stream instead of calling `reply.send()`: a handler that returns the reply waits for the end of
 * the response, which costs 5% of the time of a request.)
 *
 * @param wrap returns the response body with the object, in the form of the response schema
 */
export function objectBody<Row extends object, Body extends object>(
  reply: FastifyReply,
  row: Row,
  wrap: (row: Row) => Body,
): Body {
  const serialize = reply.getSerializationFunction(reply.statusCode.toString(), 'application/json')
  if (!serialize || !hasLongText(row)) return wrap(row)
  const toText = (row: Row) => serialize(wrap(row) as Record<string, unknown>)
  if (!reply.hasHeader('etag')) setEntityTag(reply, tagLongTexts(row, toText))
  const chunks = reply.request.method === 'HEAD' ? [] : serializeInChunks(row, toText)
  reply.type('application/json; charset=utf-8')
  // Fastify sends a stream unchanged, but its types only allow the body of the response schema.
  return Readable.from(chunks, { objectMode: false }) as object as Body
}
