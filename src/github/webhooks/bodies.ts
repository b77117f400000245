import { ApiError, tooManyRequests } from '../../errors.js'

const MiB = 1024 * 1024

/** Maximum size of a payload: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
export const MAX_BODY = 25 * MiB

/** Limits of the bodies in progress, per client address and in total. A single address cannot exhaust the total. */
const ADDRESS_LIMIT = { count: 64, bytes: 32 * MiB }
const TOTAL_LIMIT = { count: 256, bytes: 96 * MiB }

interface Usage {
  count: number
  bytes: number
}

/** Limits the memory for bodies that are being received or wait for the verification of their signature. */
export function createWebhookBodies() {
  const total: Usage = { count: 0, bytes: 0 }
  const usages = new Map<string, Usage>()

  return {
    /**
     * Reserves memory for a body before any of it is read.
     * @param address key of the client address, as returned by addressOf()
     * @param length Content-Length in bytes; undefined for a chunked body, which counts as MAX_BODY
     * @returns a function that releases the memory. It is idempotent.
     * @throws ApiError 413 if the body is too large, 429 if a limit is reached
     */
    reserve(address: string, length: string | undefined): () => void {
      const bytes = length === undefined ? MAX_BODY : Number(length)
      if (bytes > MAX_BODY) throw new ApiError('PAYLOAD_TOO_LARGE')
      const usage = usages.get(address) ?? { count: 0, bytes: 0 }
      if (!hasRoom(usage, ADDRESS_LIMIT, bytes)) throw tooManyBodies('from this address', ADDRESS_LIMIT)
      if (!hasRoom(total, TOTAL_LIMIT, bytes)) throw tooManyBodies('from all addresses', TOTAL_LIMIT)
      usages.set(address, usage)
      for (const each of [usage, total]) add(each, 1, bytes)
      let isReserved = true
      return () => {
        if (!isReserved) return
        isReserved = false
        for (const each of [usage, total]) add(each, -1, -bytes)
        if (usage.count === 0) usages.delete(address)
      }
    },
  }
}

function tooManyBodies(source: string, { count, bytes }: Usage): ApiError {
  return tooManyRequests(
    `Too many deliveries in progress ${source}: at most ${count}, with a total of ${bytes / MiB} MiB`,
    1,
  )
}

const hasRoom = (usage: Usage, limit: Usage, bytes: number) =>
  usage.count < limit.count && usage.bytes + bytes <= limit.bytes

function add(usage: Usage, count: number, bytes: number) {
  usage.count += count
  usage.bytes += bytes
}
