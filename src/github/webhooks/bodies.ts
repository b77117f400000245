import { ApiError, tooManyRequests } from '../../errors.js'

const MiB = 1024 * 1024

/** GitHub's cap: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
export const MAX_BODY = 25 * MiB

/** Bodies of one address, and in total. No single address can use up the total. */
const OF_ADDRESS = { count: 64, bytes: 32 * MiB }
const IN_TOTAL = { count: 256, bytes: 96 * MiB }

interface Share {
  count: number
  bytes: number
}

/** Bounds the bodies that are in memory, or on their way there, before their signature is verified. */
export function createWebhookBodies() {
  const total: Share = { count: 0, bytes: 0 }
  const shares = new Map<string, Share>()

  return {
    /**
     * Reserves memory for a body before any of it is read.
     * @param length Content-Length; undefined for a chunked body, which can have any length up to MAX_BODY
     * @returns a function that releases the memory; further calls do nothing
     * @throws ApiError 413 or 429
     */
    reserve(address: string, length: string | undefined): () => void {
      const bytes = length === undefined ? MAX_BODY : Number(length)
      if (bytes > MAX_BODY) throw new ApiError('PAYLOAD_TOO_LARGE')
      const share = shares.get(address) ?? { count: 0, bytes: 0 }
      if (!hasRoom(share, OF_ADDRESS, bytes)) throw tooManyBodies('from this address', OF_ADDRESS)
      if (!hasRoom(total, IN_TOTAL, bytes)) throw tooManyBodies('from all addresses', IN_TOTAL)
      shares.set(address, share)
      for (const one of [share, total]) add(one, 1, bytes)
      let isReserved = true
      return () => {
        if (!isReserved) return
        isReserved = false
        for (const one of [share, total]) add(one, -1, -bytes)
        if (share.count === 0) shares.delete(address)
      }
    },
  }
}

function tooManyBodies(source: string, { count, bytes }: Share): ApiError {
  return tooManyRequests(`Too many deliveries ${source} in progress: at most ${count}, of ${bytes / MiB} MiB`, 1)
}

const hasRoom = (share: Share, limit: Share, bytes: number) =>
  share.count < limit.count && share.bytes + bytes <= limit.bytes

function add(share: Share, count: number, bytes: number) {
  share.count += count
  share.bytes += bytes
}
