import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts a connection or request that is refused below the HTTP layer. `reason` must be one of few. */
    countRefusal: (reason: string) => void
    /** Refusals so far, by reason. */
    refusals: ReadonlyMap<string, number>
  }
}

/** Counts what is refused before there is a request, for the metrics. */
async function refusals(app: FastifyInstance) {
  const counts = new Map<string, number>()
  app.decorate('refusals', counts)
  app.decorate('countRefusal', (reason: string) => void counts.set(reason, (counts.get(reason) ?? 0) + 1))
}

export default fp(refusals, { name: 'refusals' })
