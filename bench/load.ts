// Load generator process. Its parent process (generator.ts) sends jobs and receives results.
import { connect } from 'node:net'
import autocannon from 'autocannon'
import type { BenchRequest } from './calls.js'

export interface LoadJob {
  url: string
  requests: BenchRequest[]
  /** In seconds. */
  duration: number
  connections: number
  /**
   * Requests per second, evenly spaced. Without a rate, each connection sends its next request after the last response.
   */
  rate?: number | undefined
  /** Whether to record latencies. With a rate, they are recorded in any case. */
  latencies?: boolean
}

export interface LoadResult {
  /** Responses per second. */
  rate: number
  /** Number of responses by status. Requests without a response are counted under the status 0. */
  statuses: Record<string, number>
  /** Latency of each request in the order of sending, in milliseconds. */
  latencies?: number[]
}

process.on('message', async ({ job }: { job: LoadJob }) => {
  const result = await run(job)
  process.send?.({ result })
})
process.once('disconnect', () => process.exit())

async function run(job: LoadJob): Promise<LoadResult> {
  if (job.rate !== undefined) return await runPaced(job, job.rate)
  return job.latencies ? await runFullLoad(job) : await runAutocannon(job)
}

/**
 * Number of requests that each connection repeats: connection n sends the requests n * 11 to n * 11 + 10 in a loop.
 * Consecutive requests belong to different users. Connection n starts with the user n * 11 modulo the number of users.
 * 11 is a prime. If the number of users is not a multiple of 11, and is at least the number of connections, all
 * connections therefore start with different users.
 */
const REQUESTS_PER_CONNECTION = 11

/** Interval at which autocannon checks whether the duration is over, in milliseconds. */
const SAMPLE_MS = 50

async function runAutocannon({ url, requests, duration, connections }: LoadJob): Promise<LoadResult> {
  let client = 0
  const result = await autocannon({
    url,
    duration,
    connections,
    sampleInt: SAMPLE_MS,
    timeout: 30,
    // With the same requests, all connections would read the same project at the same time.
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
  const responses = counts.reduce((sum, [, count]) => sum + (count ?? 0), 0)
  const lost = result.errors > 0 ? { 0: result.errors } : {}
  return { rate: responses / result.duration, statuses: { ...Object.fromEntries(counts), ...lost } }
}

/** Timeout for the last responses, in milliseconds, in case a server hangs. */
const DRAIN_MS = 5000

/**
 * Duration of the warm-up before latencies are recorded, in seconds. Otherwise new connections and cold caches would
 * dominate the slowest 1 % of requests.
 */
const WARMUP = 0.25

/** Interval between checks for due requests, in milliseconds. */
const TICK_MS = 1

/**
 * Sends requests at a constant rate; autocannon would send the requests of each second as one burst. Each request is
 * due at a fixed time, whether or not earlier responses have arrived. Its latency counts from that time, so it includes
 * the wait for a free connection (no coordinated omission).
 */
async function runPaced({ requests, duration, ...target }: LoadJob, rate: number): Promise<LoadResult> {
  const { messages, lines } = openConnections({ requests, ...target })
  const free = [...lines]
  const statuses: Record<string, number> = {}
  const latencies: number[] = []
  const warmup = Math.round(rate * WARMUP)
  const total = warmup + Math.round(rate * duration)
  const start = performance.now()
  const dueAt = (number: number) => start + (number / rate) * 1000
  let sent = 0
  let completed = 0
  await new Promise<void>((resolve) => {
    const send = (connection: Connection, number: number) => {
      connection.send(messages[number % messages.length] as string, (status) => {
        statuses[status] = (statuses[status] ?? 0) + 1
        if (status !== 0) free.push(connection)
        if (number >= warmup) latencies[number - warmup] = performance.now() - dueAt(number)
        completed += 1
        if (completed === total) resolve()
        else sendDue()
      })
    }
    const sendDue = () => {
      const now = performance.now()
      while (free.length > 0 && sent < total && dueAt(sent) <= now) {
        send(free.pop() as Connection, sent)
        sent += 1
      }
    }
    const tick = () => {
      sendDue()
      if (sent < total) setTimeout(tick, TICK_MS)
      else setTimeout(resolve, DRAIN_MS).unref()
    }
    tick()
  })
  const seconds = (performance.now() - start) / 1000
  for (const connection of lines) connection.end()
  return { rate: completed / seconds, statuses, latencies }
}

/** Keeps all connections busy: each sends its next request after the last response. Latencies count from sending. */
async function runFullLoad({ requests, duration, ...target }: LoadJob): Promise<LoadResult> {
  const { messages, lines } = openConnections({ requests, ...target })
  const statuses: Record<string, number> = {}
  const latencies: number[] = []
  const from = performance.now() + WARMUP * 1000
  const until = from + duration * 1000
  let sent = 0
  let recorded = 0
  let completed = 0
  const run = async (connection: Connection) => {
    for (let sentAt = performance.now(); sentAt < until; sentAt = performance.now()) {
      const index = sentAt >= from ? recorded++ : undefined
      const message = messages[sent++ % messages.length] as string
      const status = await new Promise<number>((resolve) => connection.send(message, resolve))
      statuses[status] = (statuses[status] ?? 0) + 1
      if (status === 0) return
      const now = performance.now()
      if (index !== undefined) latencies[index] = now - sentAt
      if (now >= from && now < until) completed += 1
    }
  }
  const timeout = new Promise((resolve) => setTimeout(resolve, until - performance.now() + DRAIN_MS).unref())
  await Promise.race([Promise.all(lines.map(run)), timeout])
  for (const connection of lines) connection.end()
  return { rate: completed / duration, statuses, latencies }
}

function openConnections({ url, requests, connections }: Pick<LoadJob, 'url' | 'requests' | 'connections'>) {
  const { hostname, port } = new URL(url)
  return {
    messages: requests.map((request) => toMessage(request, `${hostname}:${port}`)),
    lines: Array.from({ length: connections }, () => openConnection(Number(port), hostname)),
  }
}

/** A connection for sequential requests. */
interface Connection {
  /** @param onResponse called with the status, or with 0 if the connection closes without a response */
  send(message: string, onResponse: (status: number) => void): void
  end(): void
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** A read buffer that all connections share: data is processed before more data is read. */
const readBuffer = Buffer.allocUnsafe(64 * 1024)

/**
 * Opens a connection with a minimal HTTP client. If the client used more CPU time than the server, it would slow down
 * the faster contenders, and its garbage collection would appear as latency. All responses must have a Content-Length.
 */
function openConnection(port: number, host: string): Connection {
  let pending: ((status: number) => void) | undefined
  /** The start of a response whose headers are incomplete. */
  let partial: Buffer | undefined
  let status = 0
  /** Number of bytes of the body that have not arrived; 0 before the headers are complete. */
  let missing = 0
  const finish = (code: number) => {
    const onResponse = pending
    pending = undefined
    onResponse?.(code)
  }
  const onBytes = (bytes: Buffer) => {
    if (missing > 0) {
      missing -= bytes.length
    } else {
      const response = partial ? Buffer.concat([partial, bytes]) : bytes
      const head = response.indexOf(HEAD_END)
      partial = head < 0 ? Buffer.from(response) : undefined
      if (head < 0) return
      const text = response.toString('latin1', 0, head)
      status = Number(text.slice(9, 12))
      missing = head + HEAD_END.length + Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1]) - response.length
    }
    if (missing <= 0) finish(status)
  }
  const callback = (length: number) => {
    onBytes(readBuffer.subarray(0, length))
    return true
  }
  const socket = connect({ port, host, noDelay: true, onread: { buffer: readBuffer, callback } })
  socket.on('error', () => finish(0))
  socket.on('close', () => finish(0))
  return {
    send(message, onResponse) {
      pending = onResponse
      socket.write(message, 'latin1')
    },
    end: () => void socket.destroy(),
  }
}

function toMessage({ method, path, headers, body }: BenchRequest, host: string): string {
  const fields = Object.entries({ host, ...headers, ...(body ? { 'content-length': Buffer.byteLength(body) } : {}) })
  return `${method} ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body ?? ''}`
}
