import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { tooManyRequests } from '../errors.js'

/** Maximum number of requests that one session can have in progress. */
const MAX_IN_FLIGHT = 16

/**
 * Maximum number of requests of one session that have the Idempotency-Key of another one in progress. They cost little: most
 * of them are refused before their handler does anything.
 */
const MAX_RETRIES = 64

/** A request's place among those of its session. It is free when nothing holds it. */
interface Place {
  /** The counter: the session, or the retries of the session. */
  name: string
  /** The session and the Idempotency-Key of a request that is not a retry. */
  key: string | undefined
  holds: number
  /** Whether a lookup or a handler is running, which is one hold. The open response is another. */
  isBusy: boolean
}

const place = Symbol('place')

declare module 'fastify' {
  interface FastifyRequest {
    [place]: Place | null
  }
}

/**
 * Bounds the requests that one session has in progress: from before the session is looked up until the response has been
 * sent or its connection has closed. A client that closes its connection does not free a place before the lookup or the
 * handler has ended, or it could have any number of them running.
 */
export function createInFlightLimit(app: FastifyInstance) {
  const counts = new Map<string, number>()
  const keys = new Set<string>()
  app.decorateRequest(place, null)

  function hold(held: Place) {
    if (held.holds === 0) counts.set(held.name, (counts.get(held.name) ?? 0) + 1)
    held.holds += 1
  }

  function release(held: Place) {
    held.holds -= 1
    if (held.holds > 0) return
    if (held.key !== undefined) keys.delete(held.key)
    const left = (counts.get(held.name) ?? 0) - 1
    if (left > 0) counts.set(held.name, left)
    else counts.delete(held.name)
  }

  function setBusy({ [place]: held }: FastifyRequest, isBusy: boolean) {
    if (!held || held.isBusy === isBusy) return
    held.isBusy = isBusy
    if (isBusy) hold(held)
    else release(held)
  }

  return {
    /**
     * Called before the lookup of the session.
     * @throws ApiError 429
     */
    enter(request: FastifyRequest, reply: FastifyReply) {
      const { sessionKey: session, headers } = request
      if (session === undefined) return
      const { 'idempotency-key': idempotencyKey } = headers
      const key = idempotencyKey === undefined ? undefined : `${session} ${idempotencyKey}`
      const isRetry = key !== undefined && keys.has(key)
      const name = isRetry ? `${session} retries` : session
      if ((counts.get(name) ?? 0) >= (isRetry ? MAX_RETRIES : MAX_IN_FLIGHT)) {
        throw tooManyRequests(`Too many requests of this session in progress: at most ${MAX_IN_FLIGHT}`, 1)
      }
      const held = { name, key: isRetry ? undefined : key, holds: 0, isBusy: false }
      request[place] = held
      hold(held)
      if (held.key !== undefined) keys.add(held.key)
      reply.raw.once('close', () => release(held))
      setBusy(request, true)
    },

    /** Called after the lookup. While the body arrives, only the open response holds the place: it may never arrive. */
    rest: (request: FastifyRequest) => setBusy(request, false),

    /** Called before the handler. */
    resume: (request: FastifyRequest) => setBusy(request, true),

    /** Called after the handler, or an error before it. */
    leave: (request: FastifyRequest) => setBusy(request, false),
  }
}
