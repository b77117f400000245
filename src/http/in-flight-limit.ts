import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { tooManyRequests } from '../errors.js'
import { onceClosed } from './open-responses.js'

/** Maximum number of concurrent requests per session. */
const MAX_IN_FLIGHT = 16

/**
 * Maximum number of concurrent retries per session: requests with the same Idempotency-Key as a request in progress.
 * They cost little, because most of them are rejected before their handler queries the database.
 */
const MAX_RETRIES = 64

/** A permit of a request in progress. It is released when its reference count reaches 0. */
interface Permit {
  /** Name of the counter: the session, or the retries of the session. */
  counter: string
  /** The session and the Idempotency-Key. Undefined for a request without this header, and for a retry. */
  key: string | undefined
  /** References by the response, until it is closed, and by a running authentication or handler. */
  references: number
  /** Whether the authentication or the handler is running. */
  isBusy: boolean
}

const permit = Symbol('permit')

declare module 'fastify' {
  interface FastifyRequest {
    [permit]: Permit | null
  }
}

/**
 * Creates a limit for the number of concurrent requests per session. A request holds a permit from before its
 * authentication until its response has been sent or the connection is closed. If the client disconnects, the permit is
 * not released before the running authentication or handler has finished. Otherwise, a client that keeps disconnecting
 * could start any number of them.
 */
export function createInFlightLimit(app: FastifyInstance) {
  const counts = new Map<string, number>()
  const keys = new Set<string>()
  app.decorateRequest(permit, null)

  function addReference(held: Permit) {
    if (held.references === 0) counts.set(held.counter, (counts.get(held.counter) ?? 0) + 1)
    held.references += 1
  }

  function removeReference(held: Permit) {
    held.references -= 1
    if (held.references > 0) return
    if (held.key !== undefined) keys.delete(held.key)
    const remaining = (counts.get(held.counter) ?? 0) - 1
    if (remaining > 0) counts.set(held.counter, remaining)
    else counts.delete(held.counter)
  }

  function setBusy({ [permit]: held }: FastifyRequest, isBusy: boolean) {
    if (!held || held.isBusy === isBusy) return
    held.isBusy = isBusy
    if (isBusy) addReference(held)
    else removeReference(held)
  }

  return {
    /**
     * Acquires a permit. Call this before the authentication.
     * @throws ApiError 429 if the session has too many requests in progress
     */
    enter(request: FastifyRequest, reply: FastifyReply) {
      const { sessionKey: session, headers } = request
      if (session === undefined) return
      const { 'idempotency-key': idempotencyKey } = headers
      const key = idempotencyKey === undefined ? undefined : `${session} ${idempotencyKey}`
      const isRetry = key !== undefined && keys.has(key)
      const counter = isRetry ? `${session} retries` : session
      const maximum = isRetry ? MAX_RETRIES : MAX_IN_FLIGHT
      if ((counts.get(counter) ?? 0) >= maximum) {
        const kind = isRetry ? 'retries' : 'requests'
        throw tooManyRequests(`Too many concurrent ${kind} for this session: at most ${maximum}`, 1)
      }
      const acquired = { counter, key: isRetry ? undefined : key, references: 0, isBusy: false }
      request[permit] = acquired
      addReference(acquired)
      if (acquired.key !== undefined) keys.add(acquired.key)
      onceClosed(reply.raw, () => removeReference(acquired))
      setBusy(request, true)
    },

    /**
     * Call this after the authentication. While the body is being received, only the open response holds a reference.
     * If the connection closes before Fastify starts to read the body, Fastify calls no further hook, so a second
     * reference would never be released.
     */
    pause: (request: FastifyRequest) => setBusy(request, false),

    /** Call this before the handler. */
    resume: (request: FastifyRequest) => setBusy(request, true),

    /** Call this after the handler, or after an error before it. */
    leave: (request: FastifyRequest) => setBusy(request, false),
  }
}
