import type { FastifyReply, FastifyRequest } from 'fastify'
import { ApiError, tooManyRequests } from '../errors.js'
import { onceClosed, waitForTurn } from '../http/open-responses.js'
import { Semaphore } from '../projects-resources/semaphore.js'

/** Maximum number of concurrent requests. */
const MAX_REQUESTS = 64
/** Maximum total size of the bodies of these requests, in bytes. A body is in memory until it is parsed. */
const MAX_BYTES = 64 * 1024 * 1024

/** Options of the semaphore for requests with large bodies, of which two at a time are parsed and executed. */
const PARSING = { permits: 2, maxWaiting: MAX_REQUESTS, timeout: 10_000 }

/** Creates an admission control that bounds the memory used by requests of other services. */
export function createAdmission() {
  let requests = 0
  let bytes = 0
  const parsing = new Semaphore(PARSING)

  return {
    /**
     * Admits a request before its body is read. The request counts until its response closes.
     * @throws ApiError 429 if too many requests or bytes are in progress
     */
    enter(request: FastifyRequest, reply: FastifyReply): void {
      const size = sizeOf(request)
      if (requests >= MAX_REQUESTS || bytes + size > MAX_BYTES) {
        throw tooManyRequests('Too many service requests are in progress', 1)
      }
      requests += 1
      bytes += size
      onceClosed(reply.raw, () => {
        requests -= 1
        bytes -= size
      })
    },

    /**
     * Waits for a permit to parse a large body. It is released when the response closes.
     * @throws ApiError 503 if the queue is full or the wait times out
     */
    async parse(reply: FastifyReply): Promise<void> {
      await waitForTurn(reply.raw)
      if (!(await parsing.acquire(reply.raw))) throw new ApiError('OVERLOADED', { retryAfter: 1 })
    },
  }
}

/** Returns the declared size of a body in bytes, or the body limit of the route for a chunked body. */
function sizeOf({ headers, routeOptions }: FastifyRequest): number {
  const limit = routeOptions.bodyLimit ?? 0
  return headers['transfer-encoding'] === undefined ? Math.min(Number(headers['content-length'] ?? 0), limit) : limit
}
