import type { FastifyReply, FastifyRequest } from 'fastify'
import { ApiError, tooManyRequests } from '../errors.js'
import { Semaphore } from '../projects-resources/semaphore.js'

/** Requests in progress at once, and the bytes of their bodies, which are in memory until they are parsed. */
const MAX_REQUESTS = 64
const MAX_BYTES = 64 * 1024 * 1024

/** Large bodies that are parsed and executed at once. */
const PARSING = { permits: 2, maxWaiting: MAX_REQUESTS, timeout: 10_000 }

/** Bounds the memory that the requests of other services take. */
export function createAdmission() {
  let requests = 0
  let bytes = 0
  const parsing = new Semaphore(PARSING)

  return {
    /**
     * Admits a request before its body is read.
     * @throws ApiError 429
     */
    enter(request: FastifyRequest, reply: FastifyReply): void {
      const size = sizeOf(request)
      if (requests >= MAX_REQUESTS || bytes + size > MAX_BYTES) {
        throw tooManyRequests(`Too many requests of services in progress: at most ${MAX_REQUESTS}`, 1)
      }
      requests += 1
      bytes += size
      reply.raw.once('close', () => {
        requests -= 1
        bytes -= size
      })
    },

    /**
     * Waits until a large body may be parsed.
     * @throws ApiError 503
     */
    async parse(reply: FastifyReply): Promise<void> {
      if (!(await parsing.acquire(reply.raw))) throw new ApiError('OVERLOADED', { retryAfter: 1 })
    },
  }
}

/** The declared size of a body; of one whose size is not declared, the most that the route accepts. */
function sizeOf({ headers, routeOptions }: FastifyRequest): number {
  const limit = routeOptions.bodyLimit ?? 0
  return headers['transfer-encoding'] === undefined ? Math.min(Number(headers['content-length'] ?? 0), limit) : limit
}
