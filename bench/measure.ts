import type { Call } from './calls.js'
import * as calls from './calls.js'
import type { Contender, Name } from './contenders.js'
import { type Dataset, removeWritten } from './data.js'
import { ask } from './equal.js'
import type { Generator } from './generator.js'

export interface Field {
  generator: Generator
  databaseUrl: string
  dataset: Dataset
}

/** Of every measurement but those that say otherwise. */
const CONNECTIONS = 64

/** Who creates does so in projects of their own. */
const PROJECT: Record<Name, number> = { ours: 1, 'hand-written': 2, 'prisma-naive': 3, floor: 0 }

/** A server that has not answered once is given more time, up to about this many seconds. */
const LONGEST = 10

/** @returns answers a second */
export async function measure(
  field: Field,
  contender: Contender,
  call: Call,
  duration: number,
  { connections = CONNECTIONS, project = call.name === calls.create.name ? PROJECT[contender.name] : 0 } = {},
): Promise<number> {
  const { generator, databaseUrl, dataset } = field
  const { url } = contender
  const requests = call.requests(dataset, project)
  const { rate } = await generator.run({ url, requests, duration, connections }, call.status)
  // What the load has left in the server's queues is done when a request that comes after it is answered.
  if (requests[0]) await ask({ url }, requests[0])
  if (call.name === calls.create.name) await removeWritten(databaseUrl, dataset)
  if (rate > 0 || duration > LONGEST) return rate
  return await measure(field, contender, call, duration * 4, { connections, project })
}

/**
 * @param rate requests a second, evenly spaced
 * @returns the latency of each, in the order in which they were due, in milliseconds
 */
export async function measurePaced(field: Field, { url }: Contender, call: Call, rate: number, duration: number) {
  const { generator, dataset } = field
  const job = { url, requests: call.requests(dataset), duration, connections: CONNECTIONS, rate }
  const { latencies = [] } = await generator.run(job, call.status)
  return latencies
}
