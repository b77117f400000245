import { setTimeout as sleep } from 'node:timers/promises'
import type { Workload } from './calls.js'
import { type Connection, LostError, openConnection, type Request, type Response } from './connection.js'

/** The outcome of a request. Times are from performance.now(), in milliseconds. */
export interface Outcome {
  request: Request
  startedAt: number
  endedAt: number
  /** Undefined if no complete response arrived; `lost` is the reason. */
  response: Response | undefined
  lost: string | undefined
}

export interface LoadOptions {
  port: number
  connections: number
  workload: () => Workload
  onOutcome: (outcome: Outcome) => void
  /** Whether a client may reconnect after its connection was closed or refused. */
  mayConnect?: () => boolean
  /** Returns the pause between a response and the next request, in milliseconds. By default, there is no pause. */
  thinkTime?: () => number
}

/** Clients that send requests until they are stopped. */
export interface Load {
  /** Resolves when each client has received its last response. */
  stop(): Promise<void>
  /** Resolves when all clients have stopped, including those that may not reconnect. */
  finished: Promise<unknown>
  /** Number of refused connections. No request was sent on them. */
  refused(): number
}

/** Pause after a 503 or a refused connection, in milliseconds. */
const PAUSE = 20

/** Starts clients. Each has one persistent connection and sends its next request when the last response has arrived. */
export function startLoad(options: LoadOptions): Load {
  const { mayConnect = () => true } = options
  let isStopping = false
  let refused = 0

  async function connect(): Promise<Connection | undefined> {
    while (!isStopping && mayConnect()) {
      try {
        return await openConnection(options.port)
      } catch {
        refused += 1
        await sleep(PAUSE)
      }
    }
    return undefined
  }

  async function runClient() {
    const workload = options.workload()
    let connection = await connect()
    let { value: request } = workload.next()
    while (!isStopping && connection) {
      const outcome = await exchange(connection, request)
      options.onOutcome(outcome)
      const pause = outcome.response?.status === 503 ? PAUSE : (options.thinkTime?.() ?? 0)
      if (pause > 0) await sleep(pause)
      request = workload.next(outcome.response).value
      if (!connection.isOpen()) connection = await connect()
    }
    connection?.destroy()
  }

  const finished = Promise.all(Array.from({ length: options.connections }, runClient))
  return {
    finished,
    refused: () => refused,
    stop: async () => {
      isStopping = true
      await finished
    },
  }
}

async function exchange(connection: Connection, request: Request): Promise<Outcome> {
  const startedAt = performance.now()
  try {
    const response = await connection.send(request)
    return { request, startedAt, endedAt: performance.now(), response, lost: undefined }
  } catch (error) {
    if (!(error instanceof LostError)) throw error
    return { request, startedAt, endedAt: performance.now(), response: undefined, lost: error.message }
  }
}
