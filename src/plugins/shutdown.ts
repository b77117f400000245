import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * Ends keep-alive connections once the service is to end: those that are idle at once, which Fastify does, and each of
 * the others with the answer that it waits for. Otherwise they would hold the end back until its time limit.
 */
async function shutdown(app: FastifyInstance) {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close')
  })
}

export default fp(shutdown, { name: 'shutdown' })
