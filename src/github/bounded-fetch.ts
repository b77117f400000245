import pLimit from 'p-limit'

/**
 * Maximum size of a response body after decompression, in bytes. A page of 100 repositories is less than 1 MiB, and
 * Octokit can take half a second to parse 1 MiB (docs/decisions/006-github-client.md).
 */
const MAX_BYTES = 2 * 1024 * 1024

/**
 * Maximum number of concurrent requests. GitHub allows 100:
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
const MAX_IN_FLIGHT = 50

/** Statuses for which the constructor of Response does not accept a body. */
const WITHOUT_BODY = [204, 205, 304]

/** A request or response that this service rejects. The message contains no text from either, so it can be logged. */
export class RefusedResponse extends Error {
  override name = 'RefusedResponse'
}

/**
 * Creates a fetch that is limited to one origin and does not follow redirects. It resolves after the whole body has
 * been received. Limits the size of a body and the number of concurrent requests; further requests wait in a queue. The
 * caller's `signal` sets the timeout, which includes the time in the queue and the transfer of the body.
 *
 * @param origin `https://host[:port]`
 * @returns a fetch that rejects with RefusedResponse, the signal's reason, or an error of the global fetch
 */
export function createBoundedFetch(origin: string): typeof fetch {
  const limit = pLimit(MAX_IN_FLIGHT)
  return async (input, init = {}) => {
    const url = new URL(String(input))
    if (url.origin !== origin) throw new RefusedResponse('a request to another origin')
    const { signal } = init
    signal?.throwIfAborted()
    const send = async () => {
      signal?.throwIfAborted()
      const response = await fetch(url, { ...init, redirect: 'manual' })
      const body = await readBody(response)
      const { status, statusText, headers } = response
      return new Response(WITHOUT_BODY.includes(status) ? null : body, { status, statusText, headers })
    }
    return await abortable(signal, limit(send))
  }
}

async function readBody(response: Response): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    // Leaving the loop cancels the stream.
    if (bytes > MAX_BYTES) throw new RefusedResponse(`a response of more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Settles like `promise`, but rejects with the signal's reason as soon as it aborts, even in the queue of p-limit. */
function abortable<T>(signal: AbortSignal | null | undefined, promise: Promise<T>): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    promise.then(resolve, reject)
  })
}
