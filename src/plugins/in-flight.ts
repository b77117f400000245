import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { tooManyRequests } from '../errors.js'

/** Maximum number of requests that one session can have in progress. */
const MAX_IN_FLIGHT = 16

/** A request's place among those of its session. It is free when nothing holds it. */
interface Place {
  session: string
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
export function createInFlight(app: FastifyInstance) {
  const counts = new Map<string, number>()
  app.decorateRequest(place, null)

  function hold(held: Place) {
    if (held.holds === 0) counts.set(held.session, (counts.get(held.session) ?? 0) + 1)
    held.holds += 1
  }

  function release(held: Place) {
    held.holds -= 1
    if (held.holds > 0) return
    const left = (counts.get(held.session) ?? 0) - 1
    if (left > 0) counts.set(held.session, left)
    else counts.delete(held.session)
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
      const { sessionKey: session } = request
      if (session === undefined) return
      if ((counts.get(session) ?? 0) >= MAX_IN_FLIGHT) {
        throw tooManyRequests(`Too many requests of this session in progress: at most ${MAX_IN_FLIGHT}`, 1)
      }
      const held = { session, holds: 0, isBusy: false }
      request[place] = held
      hold(held)
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
