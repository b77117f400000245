import type { FastifyReply } from 'fastify'

/**
 * Answers with JSON that is text already, because PostgreSQL built it: Fastify sends a string as it is.
 * @param text one JSON document, as the route's response schema describes it
 */
export function sendJsonText<Reply extends Pick<FastifyReply, 'header' | 'send'>>(reply: Reply, text: string): Reply {
  reply.header('content-type', 'application/json; charset=utf-8')
  reply.send(text as never)
  return reply
}
