import underPressure from '@fastify/under-pressure'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.js'
import { ApiError } from '../errors.js'

/** Interval between measurements of the event loop delay, in milliseconds. */
const INTERVAL = 1000

/**
 * Load shedding: immediately rejects requests with a 503 while the event loop delay is too high, except the liveness
 * probe.
 *
 * The delay must be high for at least two measurements. A single pause, such as a garbage collection, is already over
 * when it is measured.
 */
async function overload(app: FastifyInstance, { MAX_EVENT_LOOP_DELAY }: Pick<Config, 'MAX_EVENT_LOOP_DELAY'>) {
  let overloadedSince = 0
  let lastCheck = 0
  const isPersistent = () => {
    const now = performance.now()
    if (now - lastCheck > 2 * INTERVAL) overloadedSince = now
    lastCheck = now
    return now - overloadedSince >= INTERVAL
  }
  await app.register(underPressure, {
    maxEventLoopDelay: MAX_EVENT_LOOP_DELAY,
    sampleInterval: INTERVAL,
    pressureHandler: (request: FastifyRequest, _reply: FastifyReply, _type, value) => {
      // Without samples in an interval, @fastify/under-pressure reports Infinity. That is not a measurement.
      if (value === Number.POSITIVE_INFINITY) return
      if (!isPersistent() || request.routeOptions.url === '/health/live') return
      request.log.warn({ delay_ms: Math.round(value ?? 0) }, 'overloaded')
      return Promise.reject(new ApiError('OVERLOADED', { retryAfter: INTERVAL / 1000 }))
    },
  })
}

export default fp(overload, { name: 'overload' })
