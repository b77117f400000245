import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { matchesTag, toEntityTag } from '../entity-tags.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether a 200 or 201 of this route has an ETag: the handler's, or one of the body and the headers that vary with it. */
    isTagged?: boolean
  }
}

/** Headers that are part of a representation: a change of them alone must change the ETag. */
const REPRESENTED = ['link', 'x-imports-withheld', 'x-installations-failed']

/** Sets the ETag of a response from its text, and from its headers, which must have been set before. */
export function setEntityTag(reply: FastifyReply, text: string): void {
  const headers = REPRESENTED.flatMap((name) => (reply.hasHeader(name) ? [`${name}: ${reply.getHeader(name)}\n`] : []))
  reply.header('etag', toEntityTag(headers.join('') + text))
}

/**
 * Sets the ETags of responses, and answers GET and HEAD with 304 where `If-None-Match` names the current one. This hook must
 * run before those that depend on the ETag or the status.
 */
async function conditionalRequests(app: FastifyInstance) {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isTaggable = reply.statusCode === 200 || reply.statusCode === 201
    if (!isTaggable) return done(null, payload)
    const { isTagged } = request.routeOptions.config
    if (isTagged && typeof payload === 'string' && !reply.hasHeader('etag')) setEntityTag(reply, payload)
    if (!isNotModified(request, reply)) return done(null, payload)
    reply.code(304).removeHeader('content-type')
    // Fastify drops the payload of HEAD by itself, and needs it for the Content-Length.
    if (request.method === 'HEAD') return done(null, payload)
    if (payload instanceof Readable) payload.destroy()
    done(null, null)
  })
}

export default fp(conditionalRequests, { name: 'conditional-requests' })

/** RFC 9110, section 13.1.2. */
function isNotModified({ method, headers }: FastifyRequest, reply: FastifyReply): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const { 'if-none-match': ifNoneMatch } = headers
  const etag = reply.getHeader('etag')
  return ifNoneMatch !== undefined && typeof etag === 'string' && matchesTag(ifNoneMatch, etag)
}
