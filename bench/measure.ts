import type { Call } from './calls.js'
import * as calls from './calls.js'
import type { Contender, Name } from './contenders.js'
import { type Dataset, removeWritten } from './data.js'
import { sendRequest } from './equal.js'
import type { Generator } from './generator.js'

/** The load generator, and the data on which contenders are measured. */
export interface Field {
  generator: Generator
  databaseUrl: string
  dataset: Dataset
}

/** Default number of connections. */
const CONNECTIONS = 64

/**
 * Index of the user's project in which a contender creates imports. A user has five projects in the standard data, and
 * the first is for lists, so the Prisma peers share one. They can, because imports are deleted after each measurement.
 */
const PROJECT: Record<Name, number> = {
  ours: 1,
  equipped: 2,
  'hand-written': 3,
  'equipped-prisma': 4,
  'prisma-naive': 4,
  floor: 0,
}

/**
 * A measurement without any response is repeated with a longer duration, unless it lasted longer than this number of
 * seconds.
 */
const MAX_DURATION = 10

/** Measures throughput. @param duration in seconds @returns responses per second */
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
  // Wait until the server has processed the requests that the load left in its queues.
  if (requests[0]) await sendRequest({ url }, requests[0])
  if (call.name === calls.create.name) await removeWritten(databaseUrl, dataset)
  if (rate > 0 || duration > MAX_DURATION) return rate
  return await measure(field, contender, call, duration * 4, { connections, project })
}

/**
 * Measures latencies after a short warm-up.
 * @param duration in seconds
 * @param rate requests per second, evenly spaced; without it, every connection is always busy (full load)
 * @returns responses per second, and the latency of each request in the order of sending, in milliseconds
 */
export async function measureLatencies(
  { generator, dataset }: Field,
  { url }: Contender,
  call: Call,
  duration: number,
  rate?: number,
): Promise<{ rate: number; latencies: number[] }> {
  const job = { url, requests: call.requests(dataset), duration, connections: CONNECTIONS, latencies: true, rate }
  const { latencies = [], ...result } = await generator.run(job, call.status)
  return { rate: result.rate, latencies }
}
