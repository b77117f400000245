import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** In milliseconds; and as many more as the body has KiB, since it must be read even if it is discarded. */
const DELAY = 250

/** The size of a body whose length is not declared, in bytes: the largest. */
const UNDECLARED = 2 * 1024 * 1024

/**
 * Delays 429 responses. A client that repeats refused requests at once would otherwise take as much of the process as
 * one whose requests are served.
 */
async function refusalDelay(app: FastifyInstance) {
  app.addHook('onSend', ({ headers }, reply, payload, done) => {
    if (reply.statusCode !== 429) return done(null, payload)
    const bytes = headers['transfer-encoding'] ? UNDECLARED : Number(headers['content-length'] ?? 0)
    setTimeout(done, DELAY + Math.min(bytes, UNDECLARED) / 1024, null, payload)
  })
}

export default fp(refusalDelay, { name: 'refusal-delay' })
