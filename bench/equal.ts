import type { BenchRequest, Call } from './calls.js'
import type { Contender } from './contenders.js'
import type { Dataset } from './data.js'

interface Response {
  status: number
  type: string | null
  withheld: string | null
  body: string
}

/** Number of requests to compare per call. */
const COMPARED = 5

/**
 * Checks that a peer returns the same responses as the service: status, content type, number of withheld imports, body.
 * @throws Error with both responses if they differ
 */
export async function requireEqual(ours: Contender, peer: Contender, calls: Call[], dataset: Dataset): Promise<void> {
  for (const call of calls) {
    for (const request of call.requests(dataset).slice(0, COMPARED)) {
      const [expected, actual] = [await sendRequest(ours, request), await sendRequest(peer, request)]
      if (expected.status !== call.status) throw new Error(`${call.name}: ours returned ${format(expected)}`)
      if (format(expected) === format(actual)) continue
      throw new Error(`${call.name}: ${peer.name} returned\n${format(actual)}\nbut ours returned\n${format(expected)}`)
    }
  }
}

/** Sends a request to a contender. */
export async function sendRequest(
  { url }: Pick<Contender, 'url'>,
  { method, path, headers, body }: BenchRequest,
): Promise<Response> {
  const response = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    withheld: response.headers.get('x-imports-withheld'),
    body: await response.text(),
  }
}

/** Formats a response without the id and the times of a created import, which always differ. */
function format(response: Response): string {
  const text = JSON.stringify(response)
  if (response.status !== 201) return text
  return text.replace(/\\"id\\":\d+/, '').replaceAll(/\\"(created|updated)_at\\":\\"[\d-]+T[\d:.]{12}Z\\"/g, '')
}
