import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { setEntityTag } from '../plugins/conditional-requests.js'
import { hasLongText, serializeInPieces, tagLongTexts } from './long-texts.js'

/**
 * Sends one object; one with a long text in pieces.
 * @param wrap returns the body with the object, as the response schema describes it
 */
export function sendObject<Row extends object>(
  reply: FastifyReply,
  row: Row,
  wrap: (row: Row) => Record<string, unknown>,
): FastifyReply {
  const serialize = reply.getSerializationFunction(reply.statusCode.toString(), 'application/json')
  if (!serialize || !hasLongText(row)) return reply.send(wrap(row))
  const toText = ([row]: Row[]) => serialize(wrap(row as Row))
  if (!reply.hasHeader('etag')) setEntityTag(reply, tagLongTexts([row], toText))
  const pieces = reply.request.method === 'HEAD' ? [] : serializeInPieces([row], toText)
  return reply.type('application/json; charset=utf-8').send(Readable.from(pieces, { objectMode: false }))
}
