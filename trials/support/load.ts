import { setTimeout as sleep } from 'node:timers/promises'
import type { Conversation } from './calls.js'
import { type Answer, type Connection, LostError, openConnection, type Request } from './connection.js'

/** What became of a request that was sent. Times are of performance.now(). */
export interface Outcome {
  request: Request
  begun: number
  ended: number
  /** Undefined if there was no whole answer; then `lost` says what happened. */
  answer: Answer | undefined
  lost: string | undefined
}

export interface LoadOptions {
  port: number
  connections: number
  talk: () => Conversation
  onOutcome: (outcome: Outcome) => void
  /** Whether a client opens a new connection where its last one was closed or refused. */
  mayConnect?: () => boolean
  /** How long a client waits after an answer, in milliseconds; not at all by default. */
  think?: () => number
}

/** Clients that talk until they are told to stop. */
export interface Load {
  /** Lets each have its last answer. */
  stop(): Promise<void>
  /** Settles when the last one has stopped, also by itself since it may not connect any more. */
  ended: Promise<unknown>
  /** How often a connection was refused: nothing was sent then. */
  refused(): number
}

/** How long a client waits after a 503 or a refused connection, in milliseconds. */
const PAUSE = 20

/** Starts clients that each keep one connection alive and send their next request as soon as they have an answer. */
export function startLoad(options: LoadOptions): Load {
  const { mayConnect = () => true } = options
  let stopping = false
  let refused = 0

  async function connect(): Promise<Connection | undefined> {
    while (!stopping && mayConnect()) {
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
    const conversation = options.talk()
    let connection = await connect()
    let { value: request } = conversation.next()
    while (!stopping && connection) {
      const outcome = await exchange(connection, request)
      options.onOutcome(outcome)
      const pause = outcome.answer?.status === 503 ? PAUSE : (options.think?.() ?? 0)
      if (pause > 0) await sleep(pause)
      request = conversation.next(outcome.answer).value
      if (!connection.isOpen()) connection = await connect()
    }
    connection?.destroy()
  }

  const ended = Promise.all(Array.from({ length: options.connections }, runClient))
  return {
    ended,
    refused: () => refused,
    stop: async () => {
      stopping = true
      await ended
    },
  }
}

async function exchange(connection: Connection, request: Request): Promise<Outcome> {
  const begun = performance.now()
  try {
    const answer = await connection.send(request)
    return { request, begun, ended: performance.now(), answer, lost: undefined }
  } catch (error) {
    if (!(error instanceof LostError)) throw error
    return { request, begun, ended: performance.now(), answer: undefined, lost: error.message }
  }
}
