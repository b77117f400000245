// Puts load on a server and reports the result to its parent process, which generator.ts runs in.
import { connect } from 'node:net'
import autocannon from 'autocannon'
import type { BenchRequest } from './calls.js'

export interface LoadJob {
  url: string
  requests: BenchRequest[]
  /** In seconds. */
  duration: number
  connections: number
  /** Requests per second, evenly spaced. Without it, each connection sends its next request when the last is answered. */
  rate?: number | undefined
  /** Whether to record latencies. Needed with a rate. */
  latencies?: boolean
}

export interface LoadResult {
  /** Responses per second. */
  rate: number
  /** Number of responses by status; 0 for requests without a response. */
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

/** Each connection has this many requests; the next connection has the requests that follow. */
const REQUESTS_PER_CONNECTION = 10

/** How often autocannon checks whether the duration is over. */
const SAMPLE_MS = 50

async function runAutocannon({ url, requests, duration, connections }: LoadJob): Promise<LoadResult> {
  let client = 0
  const result = await autocannon({
    url,
    duration,
    connections,
    sampleInt: SAMPLE_MS,
    timeout: 30,
    // With the same list of requests, all connections would query the same project at the same time.
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

/** If a server hangs, the measurement ends this many milliseconds after the last request. */
const DRAIN_MS = 5000

/**
 * Duration of the warm-up before latencies are recorded, in seconds. New connections, and caches that other contenders have
 * used, would otherwise dominate the slowest 1 % of requests.
 */
const WARMUP = 0.25

/** Upper bound on how late a request is sent, in milliseconds, unless this process gets no CPU time. */
const TICK_MS = 1

/**
 * Sends requests at a constant rate. autocannon would send each second's requests as one burst. Each request is due at its
 * own time, whether or not earlier ones have been answered, and its latency counts from then: it includes the time that
 * the request waited for a free connection.
 */
async function runPaced({ requests, duration, ...target }: LoadJob, rate: number): Promise<LoadResult> {
  const { messages, lines } = openLines({ requests, ...target })
  const free = [...lines]
  const statuses: Record<string, number> = {}
  const latencies: number[] = []
  const warmup = Math.round(rate * WARMUP)
  const total = warmup + Math.round(rate * duration)
  const start = performance.now()
  const dueAt = (number: number) => start + (number / rate) * 1000
  let sent = 0
  let answered = 0
  await new Promise<void>((resolve) => {
    const send = (line: Line, number: number) => {
      line.send(messages[number % messages.length] as string, (status) => {
        statuses[status] = (statuses[status] ?? 0) + 1
        if (status !== 0) free.push(line)
        if (number >= warmup) latencies[number - warmup] = performance.now() - dueAt(number)
        answered += 1
        if (answered === total) resolve()
        else sendDue()
      })
    }
    const sendDue = () => {
      const now = performance.now()
      while (free.length > 0 && sent < total && dueAt(sent) <= now) {
        send(free.pop() as Line, sent)
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
  for (const line of lines) line.end()
  return { rate: answered / seconds, statuses, latencies }
}

/**
 * Keeps every connection busy: each sends its next request as soon as the last one is answered. Latencies count from
 * sending.
 */
async function runFullLoad({ requests, duration, ...target }: LoadJob): Promise<LoadResult> {
  const { messages, lines } = openLines({ requests, ...target })
  const statuses: Record<string, number> = {}
  const latencies: number[] = []
  const from = performance.now() + WARMUP * 1000
  const until = from + duration * 1000
  let sent = 0
  let recorded = 0
  let answered = 0
  const run = async (line: Line) => {
    for (let sentAt = performance.now(); sentAt < until; sentAt = performance.now()) {
      const index = sentAt >= from ? recorded++ : undefined
      const message = messages[sent++ % messages.length] as string
      const status = await new Promise<number>((resolve) => line.send(message, resolve))
      statuses[status] = (statuses[status] ?? 0) + 1
      if (status === 0) return
      const now = performance.now()
      if (index !== undefined) latencies[index] = now - sentAt
      if (now >= from && now < until) answered += 1
    }
  }
  const timeout = new Promise((resolve) => setTimeout(resolve, until - performance.now() + DRAIN_MS).unref())
  await Promise.race([Promise.all(lines.map(run)), timeout])
  for (const line of lines) line.end()
  return { rate: answered / duration, statuses, latencies }
}

function openLines({ url, requests, connections }: Pick<LoadJob, 'url' | 'requests' | 'connections'>) {
  const { hostname, port } = new URL(url)
  return {
    messages: requests.map((request) => toMessage(request, `${hostname}:${port}`)),
    lines: Array.from({ length: connections }, () => openLine(Number(port), hostname)),
  }
}

/** A connection that carries one request at a time. */
interface Line {
  /** @param settle called with the status, or 0 if the connection ends without a response */
  send(message: string, settle: (status: number) => void): void
  end(): void
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** A shared read buffer: data is processed before the next data arrives. */
const arrival = Buffer.allocUnsafe(64 * 1024)

/**
 * A minimal HTTP client on a plain socket. A client that uses more CPU than the server would slow down the faster
 * contenders, and garbage collection in the client would show up as latency. Responses must have a Content-Length, as
 * those of all contenders do.
 */
function openLine(port: number, host: string): Line {
  let settle: ((status: number) => void) | undefined
  /** The beginning of a response whose headers have not arrived completely. */
  let begun: Buffer | undefined
  let status = 0
  /** Number of bytes of the body that have not arrived, once the headers have. */
  let missing = 0
  const finish = (code: number) => {
    const told = settle
    settle = undefined
    told?.(code)
  }
  const onBytes = (bytes: Buffer) => {
    if (missing > 0) {
      missing -= bytes.length
    } else {
      const answer = begun ? Buffer.concat([begun, bytes]) : bytes
      const head = answer.indexOf(HEAD_END)
      begun = head < 0 ? Buffer.from(answer) : undefined
      if (head < 0) return
      const text = answer.toString('latin1', 0, head)
      status = Number(text.slice(9, 12))
      missing = head + HEAD_END.length + Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1]) - answer.length
    }
    if (missing <= 0) finish(status)
  }
  const callback = (length: number) => {
    onBytes(arrival.subarray(0, length))
    return true
  }
  const socket = connect({ port, host, noDelay: true, onread: { buffer: arrival, callback } })
  socket.on('error', () => finish(0))
  socket.on('close', () => finish(0))
  return {
    send(message, told) {
      settle = told
      socket.write(message, 'latin1')
    },
    end: () => void socket.destroy(),
  }
}

function toMessage({ method, path, headers, body }: BenchRequest, host: string): string {
  const fields = Object.entries({ host, ...headers, ...(body ? { 'content-length': Buffer.byteLength(body) } : {}) })
  return `${method} ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body ?? ''}`
}
