import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts a connection or request that did not reach Fastify. `reason` must have low cardinality. */
    countRefusal: (reason: string) => void
    /** Number of rejections since startup, by reason. */
    refusals: ReadonlyMap<string, number>
  }
}

/** Counts connections and requests that were rejected before they reached Fastify, for the metrics. */
async function refusals(app: FastifyInstance) {
  const counts = new Map<string, number>()
  app.decorate('refusals', counts)
  app.decorate('countRefusal', (reason: string) => void counts.set(reason, (counts.get(reason) ?? 0) + 1))
}

export default fp(refusals, { name: 'refusals' })
