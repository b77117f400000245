import underPressure from '@fastify/under-pressure'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.js'
import { ApiError } from '../errors.js'

/** How often the process is looked at, in milliseconds. */
const INTERVAL = 1000

/**
 * Refuses requests at once while the process is so late that they would only wait. It says of itself that it lives.
 *
 * One look that finds it late is no reason: a single pause, for the garbage or of the machine, is over when it is seen.
 */
async function overload(app: FastifyInstance, { MAX_EVENT_LOOP_DELAY }: Pick<Config, 'MAX_EVENT_LOOP_DELAY'>) {
  let since = 0
  let last = 0
  const isLasting = () => {
    const now = performance.now()
    if (now - last > 2 * INTERVAL) since = now
    last = now
    return now - since >= INTERVAL
  }
  await app.register(underPressure, {
    maxEventLoopDelay: MAX_EVENT_LOOP_DELAY,
    sampleInterval: INTERVAL,
    pressureHandler: (request: FastifyRequest, _reply: FastifyReply, _type, value) => {
      if (!isLasting() || request.routeOptions.url === '/health/live') return
      request.log.warn({ delay_ms: Math.round(value ?? 0) }, 'overloaded')
      return Promise.reject(new ApiError('OVERLOADED', { retryAfter: INTERVAL / 1000 }))
    },
  })
}

export default fp(overload, { name: 'overload' })
