// A process of its own: puts load on a server and says what came of it. (Its caller is generator.ts.)
import { Agent, request as httpRequest } from 'node:http'
import autocannon from 'autocannon'
import type { BenchRequest } from './calls.js'

export interface LoadJob {
  url: string
  requests: BenchRequest[]
  /** In seconds. */
  duration: number
  connections: number
  /** Requests a second, evenly spaced; without it, each connection sends the next request on the answer to the last. */
  rate?: number
}

export interface LoadResult {
  /** Answers a second. */
  rate: number
  /** How many answers had each status; 0 stands for none at all. */
  statuses: Record<string, number>
  /** In milliseconds; of jobs with a rate only. */
  p50?: number
  p99?: number
}

process.on('message', async ({ job }: { job: LoadJob }) => {
  const result = await (job.rate === undefined ? runFlatOut(job) : runPaced(job, job.rate))
  process.send?.({ result })
})
process.once('disconnect', () => process.exit())

/** So many requests of its own has a connection; its neighbours have the next ones. */
const REQUESTS_PER_CONNECTION = 10

/** autocannon looks this often whether it is time to stop. */
const SAMPLE_MS = 50

async function runFlatOut({ url, requests, duration, connections }: LoadJob): Promise<LoadResult> {
  let client = 0
  const result = await autocannon({
    url,
    duration,
    connections,
    sampleInt: SAMPLE_MS,
    timeout: 30,
    // All connections with one list in one order would all be at the same project at the same time.
    setupClient: (connection) => {
      const start = client * REQUESTS_PER_CONNECTION
      client += 1
      connection.setRequests(
        Array.from(
          { length: REQUESTS_PER_CONNECTION },
          (_, index) => requests[(start + index) % requests.length] ?? {},
        ),
      )
    },
  } as autocannon.Options)
  const counts = Object.entries(result.statusCodeStats ?? {}).map(([status, { count }]) => [status, count] as const)
  const answers = counts.reduce((sum, [, count]) => sum + (count ?? 0), 0)
  const lost = result.errors > 0 ? { 0: result.errors } : {}
  return { rate: answers / result.duration, statuses: { ...Object.fromEntries(counts), ...lost } }
}

/** Stops earlier than it must rather than to wait forever for a server that has hung. */
const DRAIN_MS = 5000

/**
 * autocannon's own rates are a burst at the beginning of each second, which says nothing about half of a load. Here
 * requests leave when they are due, whatever has become of those before.
 */
async function runPaced({ url, requests, duration, connections }: LoadJob, rate: number): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const statuses: Record<string, number> = {}
  const latencies: number[] = []
  const total = Math.round(rate * duration)
  const start = performance.now()
  let sent = 0
  await new Promise<void>((resolve) => {
    const settle = (status: number, began: number) => {
      statuses[status] = (statuses[status] ?? 0) + 1
      if (latencies.push(performance.now() - began) === total) resolve()
    }
    const sendDue = () => {
      const due = Math.min(total, ((performance.now() - start) / 1000) * rate)
      for (; sent < due; sent += 1) send(url, requests[sent % requests.length] as BenchRequest, agent, settle)
      if (sent < total) setTimeout(sendDue, 1)
      else setTimeout(resolve, DRAIN_MS).unref()
    }
    sendDue()
  })
  const seconds = (performance.now() - start) / 1000
  agent.destroy()
  latencies.sort((a, b) => a - b)
  const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
  return { rate: latencies.length / seconds, statuses, p50: percentile(0.5), p99: percentile(0.99) }
}

function send(
  url: string,
  { method, path, headers, body }: BenchRequest,
  agent: Agent,
  settle: (status: number, began: number) => void,
) {
  const began = performance.now()
  const request = httpRequest(url + path, { method, headers, agent }, (response) => {
    response.resume()
    response.once('end', () => settle(response.statusCode ?? 0, began))
  })
  request.once('error', () => settle(0, began))
  request.end(body)
}
