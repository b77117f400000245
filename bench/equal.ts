import type { BenchRequest, Call } from './calls.js'
import type { Contender } from './contenders.js'
import type { Dataset } from './data.js'

interface Answer {
  status: number
  type: string | null
  withheld: string | null
  body: string
}

/** Number of requests of each call that are compared. */
const COMPARED = 5

/**
 * Checks that a peer does the same work: its responses have the same status, content type, count of withheld imports and
 * body as the service's.
 * @throws Error with both responses if they differ
 */
export async function requireEqual(ours: Contender, peer: Contender, calls: Call[], dataset: Dataset): Promise<void> {
  for (const call of calls) {
    for (const request of call.requests(dataset).slice(0, COMPARED)) {
      const [expected, actual] = [await ask(ours, request), await ask(peer, request)]
      if (expected.status !== call.status) throw new Error(`${call.name}: ours returned ${show(expected)}`)
      if (show(expected) === show(actual)) continue
      throw new Error(`${call.name}: ${peer.name} returned\n${show(actual)}\nand ours\n${show(expected)}`)
    }
  }
}

export async function ask(
  { url }: Pick<Contender, 'url'>,
  { method, path, headers, body }: BenchRequest,
): Promise<Answer> {
  const response = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    withheld: response.headers.get('x-imports-withheld'),
    body: await response.text(),
  }
}

/** Formats a response. Omits id and times of a created import, which always differ. */
function show(answer: Answer): string {
  const text = JSON.stringify(answer)
  if (answer.status !== 201) return text
  return text.replace(/\\"id\\":\d+/, '').replaceAll(/\\"(created|updated)_at\\":\\"[\d-]+T[\d:.]{12}Z\\"/g, '')
}
