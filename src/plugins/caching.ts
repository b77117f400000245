import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** The headers of a response that no cache may store, and that depends on who sends the request. */
export const PRIVATE = { 'cache-control': 'no-store', vary: 'Cookie' }

/**
 * Keeps responses out of shared caches, which some proxies fill by default (RFC 9111).
 *
 * A response with an ETag may be stored by the user's own browser, which must revalidate it. All others, and every error,
 * may not be stored at all. A route that sets `Cache-Control` itself keeps it for its successful responses.
 */
async function caching(app: FastifyInstance) {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('vary', PRIVATE.vary)
    done()
  })
  app.addHook('onSend', ({ method }, reply, payload, done) => {
    const isError = reply.statusCode >= 400
    if (isError || !reply.hasHeader('cache-control')) {
      const isRevalidated = !isError && reply.hasHeader('etag') && (method === 'GET' || method === 'HEAD')
      reply.header('cache-control', isRevalidated ? 'private, no-cache' : PRIVATE['cache-control'])
    }
    done(null, payload)
  })
}

export default fp(caching, { name: 'caching' })
