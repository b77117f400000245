import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { matchesTag, toEntityTag } from './entity-tags.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether a 200 or 201 of this route has an ETag: the handler's, or else a hash of the body and some headers. */
    isTagged?: boolean
  }
}

/** `Cache-Control` of a response that no cache may store. */
export const NO_STORE = 'no-store'

/** Headers that are part of a representation: if one of them changes, so must the ETag. */
const REPRESENTATION_HEADERS = ['link', 'x-imports-withheld', 'x-installations-failed']

/**
 * Sets the ETag of a response to a hash of `text` and the representation headers, which must have been set already.
 * @param text the body, or another text that identifies it, for a body that is streamed
 */
export function setEntityTag(reply: FastifyReply, text: string): void {
  const headers = REPRESENTATION_HEADERS.flatMap((name) =>
    reply.hasHeader(name) ? [`${name}: ${reply.getHeader(name)}\n`] : [],
  )
  reply.header('etag', toEntityTag(headers.join('') + text))
}

/**
 * HTTP caching (RFC 9110, 9111). Sets ETags, responds to GET and HEAD with 304 if `If-None-Match` matches, and sets
 * `Cache-Control`, because some proxies cache responses without it by default.
 *
 * A response to GET or HEAD with an ETag may be stored only in a private cache, such as the browser's, and must be
 * revalidated. All other responses and all errors must not be stored. If a route sets `Cache-Control` itself, its
 * successful responses keep it.
 *
 * This hook must run before all hooks that depend on the ETag or the status.
 */
async function caching(app: FastifyInstance) {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isTaggable = reply.statusCode === 200 || reply.statusCode === 201
    const { isTagged } = request.routeOptions.config
    if (isTaggable && isTagged && typeof payload === 'string' && !reply.hasHeader('etag')) setEntityTag(reply, payload)
    const isUnchanged = isTaggable && isNotModified(request, reply)
    if (isUnchanged) reply.code(304).removeHeader('content-type')
    setCacheControl(request, reply)
    // For HEAD, Fastify removes the payload after computing Content-Length from it.
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

/** Evaluates `If-None-Match` (RFC 9110, section 13.1.2). */
function isNotModified({ method, headers }: FastifyRequest, reply: FastifyReply): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const { 'if-none-match': ifNoneMatch } = headers
  const etag = reply.getHeader('etag')
  return ifNoneMatch !== undefined && typeof etag === 'string' && matchesTag(ifNoneMatch, etag)
}
