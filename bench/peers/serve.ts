import type { FastifyInstance } from 'fastify'

/** Listens on a free port, reports its address as the service does, and exits when the parent process disconnects. */
export async function serve(app: FastifyInstance): Promise<void> {
  process.once('disconnect', () => process.exit())
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  process.send?.({ ready: true, address })
}
