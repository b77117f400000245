import type { BenchRequest, Call } from './calls.js'
import type { Contender } from './contenders.js'
import type { Dataset } from './data.js'

interface Answer {
  status: number
  type: string | null
  withheld: string | null
  body: string
}

/** How many requests of each call are compared. */
const COMPARED = 5

/**
 * Makes sure that a peer does the same work: its answers are those of the service, byte for byte.
 * @throws Error with both answers if one differs
 */
export async function requireEqual(ours: Contender, peer: Contender, calls: Call[], dataset: Dataset): Promise<void> {
  for (const call of calls) {
    for (const request of call.requests(dataset).slice(0, COMPARED)) {
      const [expected, actual] = [await ask(ours, request), await ask(peer, request)]
      if (expected.status !== call.status) throw new Error(`${call.name}: ours answers ${show(expected)}`)
      if (show(expected) === show(actual)) continue
      throw new Error(`${call.name}: ${peer.name} answers\n${show(actual)}\nand ours\n${show(expected)}`)
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

/** What was created has an id and a time of its own. */
function show(answer: Answer): string {
  const text = JSON.stringify(answer)
  if (answer.status !== 201) return text
  return text.replace(/\\"id\\":\d+/, '').replaceAll(/\\"(created|updated)_at\\":\\"[\d-]+T[\d:.]{12}Z\\"/g, '')
}
