import pLimit from 'p-limit'

/**
 * The largest answer that is read, in bytes and unpacked. A page of 100 repositories has less than one MiB, and Octokit
 * can take half a second to parse each.
 */
const MAX_BYTES = 2 * 1024 * 1024

/**
 * GitHub allows 100 requests at a time:
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
const MAX_IN_FLIGHT = 50

/** Statuses whose Response must have no body. */
const WITHOUT_BODY = [204, 205, 304]

/** An answer, or a request, that is refused here. Its message holds nothing of either. */
export class RefusedResponse extends Error {
  override name = 'RefusedAnswer'
}

/**
 * A fetch that goes to one origin only, follows no redirect, and answers once the whole body is there: so many bytes at
 * most, before `signal` aborts, and so many requests at a time (a further one waits).
 *
 * @param origin `https://host[:port]`
 * @returns the fetch, which throws RefusedAnswer, the reason of the signal, or what the global fetch throws
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
    // To leave the loop cancels the rest.
    if (bytes > MAX_BYTES) throw new RefusedResponse(`an answer of more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Settles like `promise`, but rejects with the signal's reason as soon as that aborts, even in the queue of p-limit. */
function abortable<T>(signal: AbortSignal | null | undefined, promise: Promise<T>): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    promise.then(resolve, reject)
  })
}
