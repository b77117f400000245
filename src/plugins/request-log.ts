import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** The pattern that a parameter must match is no news. */
const PATTERN = /\(\^.*\$\)/

/** One line a request, with the route's template rather than the URL: never a header, a cookie or a body. */
async function requestLog(app: FastifyInstance) {
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url?.replace(PATTERN, '') ?? 'unknown',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    )
  })
}

export default fp(requestLog, { name: 'request-log' })
