// A process of its own: puts load on a server and says what came of it. (Its caller is generator.ts.)
import { connect } from 'node:net'
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
  /** Of each request of a job with a rate, in the order in which they were due, in milliseconds. */
  latencies?: number[]
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
 * For so many seconds before, load is there and is not measured: new connections, and caches that were somebody else's, would
 * be most of what 1 of 100 requests finds.
 */
const LEAD = 0.25

/** A request is sent so many milliseconds after it is due, at most, unless this process gets no processor. */
const TICK_MS = 1

/**
 * autocannon's own rates are a burst at the beginning of each second, which says nothing about half of a load. Here
 * each request is due at a time of its own, whatever has become of those before, and its latency counts from then: a request
 * that had to wait until it was sent has waited.
 */
async function runPaced({ url, requests, duration, connections }: LoadJob, rate: number): Promise<LoadResult> {
  const { hostname, port } = new URL(url)
  const messages = requests.map((request) => toMessage(request, `${hostname}:${port}`))
  const lines = Array.from({ length: connections }, () => openLine(Number(port), hostname))
  const free = [...lines]
  const statuses: Record<string, number> = {}
  const latencies: number[] = []
  const lead = Math.round(rate * LEAD)
  const total = lead + Math.round(rate * duration)
  const start = performance.now()
  const dueAt = (number: number) => start + (number / rate) * 1000
  let sent = 0
  let answered = 0
  await new Promise<void>((resolve) => {
    const send = (line: Line, number: number) => {
      line.send(messages[number % messages.length] as string, (status) => {
        statuses[status] = (statuses[status] ?? 0) + 1
        if (status !== 0) free.push(line)
        if (number >= lead) latencies[number - lead] = performance.now() - dueAt(number)
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

/** A connection that carries one request at a time. */
interface Line {
  /** @param settle is told the status, or 0 if the connection ends without an answer */
  send(message: string, settle: (status: number) => void): void
  end(): void
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** What arrives is looked at before anything else arrives, so that all connections read into the same place. */
const arrival = Buffer.allocUnsafe(64 * 1024)

/**
 * Nothing but a socket: a client that costs more than the server would make whoever is faster wait for it, and one that
 * leaves garbage would stand still for its own collector. Answers must have a length, as those of every contender do.
 */
function openLine(port: number, host: string): Line {
  let settle: ((status: number) => void) | undefined
  /** Of an answer whose head has not arrived as a whole; hardly ever there. */
  let begun: Buffer | undefined
  let status = 0
  /** How many bytes of the answer are still to come; its head has been read. */
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
