import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../errors.js'
import { BODY_LIMIT } from './json-body.js'

/**
 * Handles the `Expect` header (RFC 9110, section 10.1.1). A client that sends `Expect: 100-continue` waits before it
 * sends the body. It gets 100 Continue only after the session, the rate limits and the `Content-Length` were checked, so
 * that it does not send a body that would be rejected. Without this, Node would send 100 before any check.
 */
async function expectations(app: FastifyInstance) {
  /** Requests with an expectation, and whether it is supported. */
  const requests = new WeakMap<IncomingMessage, boolean>()
  for (const event of ['checkContinue', 'checkExpectation']) {
    app.server.on(event, (request, response) => {
      requests.set(request, event === 'checkContinue')
      app.server.emit('request', request, response)
    })
  }
  app.addHook('preParsing', ({ raw, routeOptions }, reply, payload, done) => {
    const isSupported = requests.get(raw)
    if (isSupported === false) return done(new ApiError('EXPECTATION_FAILED'))
    const { bodyLimit = BODY_LIMIT } = routeOptions
    if (isSupported && Number(raw.headers['content-length'] ?? 0) <= bodyLimit) reply.raw.writeContinue()
    done(null, payload)
  })
}

export default fp(expectations, { name: 'expectations' })
