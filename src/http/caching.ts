import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { matchesTag, toEntityTag } from './entity-tags.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether a 200 or 201 of this route has an ETag: the handler's, or one of the body and the headers that vary with it. */
    isTagged?: boolean
  }
}

/** The `Cache-Control` of a response that no cache may store. */
export const NO_STORE = 'no-store'

/** Headers that are part of a representation: a change of them alone must change the ETag. */
const REPRESENTED = ['link', 'x-imports-withheld', 'x-installations-failed']

/** Sets the ETag of a response from its text, and from its headers, which must have been set before. */
export function setEntityTag(reply: FastifyReply, text: string): void {
  const headers = REPRESENTED.flatMap((name) => (reply.hasHeader(name) ? [`${name}: ${reply.getHeader(name)}\n`] : []))
  reply.header('etag', toEntityTag(headers.join('') + text))
}

/**
 * HTTP caching (RFC 9110, 9111). Sets the ETags of responses; responds to GET and HEAD with 304 where `If-None-Match` names
 * the current one; and keeps responses out of shared caches, which some proxies fill by default.
 *
 * A response with an ETag may be stored by the user's own browser, which must revalidate it. All others, and every error,
 * must not be stored. A route that sets `Cache-Control` itself keeps it for its successful responses.
 *
 * This hook must run before those that depend on the ETag or the status.
 */
async function caching(app: FastifyInstance) {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isTaggable = reply.statusCode === 200 || reply.statusCode === 201
    const { isTagged } = request.routeOptions.config
    if (isTaggable && isTagged && typeof payload === 'string' && !reply.hasHeader('etag')) setEntityTag(reply, payload)
    const isUnchanged = isTaggable && isNotModified(request, reply)
    if (isUnchanged) reply.code(304).removeHeader('content-type')
    setCacheControl(request, reply)
    // Fastify drops the payload of HEAD by itself, and needs it for the Content-Length.
    if (!isUnchanged || request.method === 'HEAD') return done(null, payload)
    if (payload instanceof Readable) payload.destroy()
    done(null, null)
  })
}

export default fp(caching, { name: 'caching' })

function setCacheControl({ method }: FastifyRequest, reply: FastifyReply): void {
  const isError = reply.statusCode >= 400
  if (!isError && reply.hasHeader('cache-control')) return
  const isRevalidated = !isError && reply.hasHeader('etag') && (method === 'GET' || method === 'HEAD')
  reply.header('cache-control', isRevalidated ? 'private, no-cache' : NO_STORE)
}

/** RFC 9110, section 13.1.2. */
function isNotModified({ method, headers }: FastifyRequest, reply: FastifyReply): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const { 'if-none-match': ifNoneMatch } = headers
  const etag = reply.getHeader('etag')
  return ifNoneMatch !== undefined && typeof etag === 'string' && matchesTag(ifNoneMatch, etag)
}
