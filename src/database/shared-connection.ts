import pg from 'pg'
import { databaseUnavailable, isDatabaseUnavailable } from './errors.js'

/** In milliseconds. */
export interface Patience {
  /** How long PostgreSQL may be silent while it has something to answer, before it counts as unavailable. */
  answerTimeout: number
  /** How long a statement may wait behind others. */
  waitTimeout: number
}

/** How often a connection is looked at while it has something to answer, in milliseconds. */
const LOOK = 50

interface Pending {
  sentAt: number
  reject: (error: Error) => void
}

/**
 * A connection that carries many statements at once: each is sent without waiting for the answers to those before it, and
 * answers come in that order. What the requests of one turn of the event loop ask goes out in one write. This halves what
 * a statement costs beside its own work. (docs/decisions/014)
 *
 * A statement that takes long holds up those behind it, so this is for reads that do not, and for nothing that may have to
 * wait for a lock of another writer.
 */
export class SharedConnection {
  readonly #client: pg.Client
  readonly #patience: Patience
  readonly #onEnd: (error: Error | null) => void
  /** What has been sent and not been answered, oldest first. */
  readonly #pending: Pending[] = []
  /** Since when the oldest of them is the oldest. */
  #since = 0
  #isHeld = false
  #hasEnded = false
  #watch: NodeJS.Timeout | undefined

  /**
   * @param client connected, with `pipeline`; this connection's from now on
   * @param onEnd called once when it can no longer be used: with an error if nobody has been told of it
   */
  constructor(client: pg.Client, patience: Patience, onEnd: (error: Error | null) => void) {
    this.#client = client
    this.#patience = patience
    this.#onEnd = onEnd
    client.on('error', (error) => this.#abandon(error))
  }

  /** How many statements wait for their answer. */
  get load(): number {
    return this.#pending.length
  }

  /** @throws ApiError 503 if PostgreSQL does not answer, else what it answers */
  query<Row extends pg.QueryResultRow>(config: pg.QueryConfig): Promise<pg.QueryResult<Row>> {
    const answer = new Promise<pg.QueryResult<Row>>((resolve, reject) => {
      const now = performance.now()
      if (this.#pending.push({ sentAt: now, reject }) === 1) this.#since = now
      this.#watch ??= setInterval(() => this.#look(), LOOK)
      this.#hold()
      const settle = (error: Error | undefined, result: pg.QueryResult<Row>) => {
        if (this.#hasEnded) return
        this.#pending.shift()
        this.#since = performance.now()
        if (!error) return resolve(result)
        if (!isDatabaseUnavailable(error)) return reject(error)
        reject(databaseUnavailable(error))
        // Those behind it would only wait as long, one after the other, to hear the same.
        this.#abandon(error)
      }
      this.#client.query(new NamedQuery(config, settle))
    })
    return answer.catch(traceToCaller)
  }

  /** Ends it when everything is answered. */
  async end(): Promise<void> {
    await this.#client.end()
    this.#finish(null)
  }

  /** Holds back what is written until everybody has written who is in this turn of the event loop. */
  #hold() {
    if (this.#isHeld) return
    this.#isHeld = true
    const { stream } = this.#client.connection
    stream.cork()
    setImmediate(() => {
      this.#isHeld = false
      stream.uncork()
    })
  }

  #look() {
    if (this.#pending.length === 0) {
      clearInterval(this.#watch)
      this.#watch = undefined
      return
    }
    const now = performance.now()
    if (now - this.#since > this.#patience.answerTimeout) return this.#abandon(new Error('no answer'))
    // The oldest is under way; it may take as long as PostgreSQL may be silent.
    for (const { sentAt, reject } of this.#pending.slice(1)) {
      if (now - sentAt <= this.#patience.waitTimeout) return
      reject(databaseUnavailable(new Error('no answer to the statements before')))
    }
  }

  /** Nothing that is still to come will be heard: it would be late, or is lost. */
  #abandon(error: Error) {
    if (this.#hasEnded) return
    const waiting = this.#pending.splice(0)
    this.#finish(waiting.length > 0 ? null : error)
    for (const { reject } of waiting) reject(databaseUnavailable(error))
    this.#client.connection.stream.destroy()
  }

  #finish(error: Error | null) {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearInterval(this.#watch)
    this.#onEnd(error)
  }
}

/** `pg` copies a config property by property, which costs 4 µs a query; of a text and values there is nothing to copy. */
class NamedQuery<Row extends pg.QueryResultRow> extends pg.Query<Row> {
  readonly name: string | undefined

  constructor(
    { name, text, values }: pg.QueryConfig,
    settle: (error: Error | undefined, result: pg.ResultBuilder<Row>) => void,
  ) {
    super(text, values, settle)
    this.name = name
  }
}

/** The stack of an answer begins at the socket; what leads to who asked says more. (`pg` does the same.) */
function traceToCaller(error: Error): never {
  Error.captureStackTrace(error)
  throw error
}
