import pg from 'pg'
import { databaseUnavailable } from './errors.js'
import { LOOK, SharedConnection, type SharedOptions, type Statement } from './shared-connection.js'

export interface SharedConnectionsOptions extends SharedOptions {
  client: pg.ClientConfig
  /** Connections at most. */
  max: number
  /** Statements at most that are sent on one of them and not answered. */
  depth: number
  /** So many of them a connection that answers at once is given before the next one is woken; 1 wakes it at once. */
  gather: number
  /** Called with the error of a connection that was lost while idle. */
  onIdleError: (error: Error) => void
}

/** What runs single statements. */
export type Runner = Pick<SharedConnections, 'query'>

const BUSY = new Error('every connection is busy')
const ENDED = new Error('the connections have been ended')

/** How long after a failure no further connection is tried, in milliseconds, while another one serves. */
const RETRY = 1000

/**
 * Connections that statements share. The first is opened when it is needed; the others when it is busy, and nobody waits for
 * them.
 */
export class SharedConnections {
  readonly #options: SharedConnectionsOptions
  readonly #connections: SharedConnection[] = []
  /** What has not been sent, oldest first. */
  readonly #waiting: Statement[] = []
  #watch: NodeJS.Timeout | undefined
  #opening: Promise<void> | undefined
  #failedAt = Number.NEGATIVE_INFINITY
  #hasEnded = false

  constructor(options: SharedConnectionsOptions) {
    this.#options = options
  }

  /** How many connections there are. */
  get totalCount(): number {
    return this.#connections.length
  }

  /** How many of them have nothing to answer. */
  get idleCount(): number {
    return this.#connections.filter(({ load }) => load === 0).length
  }

  /** How many statements have not been sent. */
  get waitingCount(): number {
    return this.#waiting.length
  }

  /**
   * Runs a statement, in a transaction of its own.
   * @throws ApiError 503 if PostgreSQL does not answer, else what it answers
   */
  query<Row extends pg.QueryResultRow>(config: pg.QueryConfig): Promise<pg.QueryResult<Row>> {
    const answer = new Promise<pg.QueryResult<Row>>((resolve, reject) => {
      const since = performance.now()
      const statement = { config, since, resolve, reject }
      const connection = this.#choose(since)
      if (connection && connection.load < this.#options.depth) return connection.send(statement)
      this.#waiting.push(statement)
      this.#startWatch()
      if (!connection) this.#open()
    })
    return answer.catch(traceToCaller)
  }

  /** Ends them when everything that was sent is answered. */
  async end(): Promise<void> {
    this.#hasEnded = true
    await this.#opening
    this.#refuse(performance.now(), ENDED)
    clearInterval(this.#watch)
    await Promise.all(this.#connections.map((connection) => connection.end()))
  }

  /** Where the next statement goes, if there is room for it. */
  #choose(now: number): SharedConnection | undefined {
    const { gather, max } = this.#options
    const connections = this.#connections
    const awake = connections.find((connection) => connection.load < gather && connection.isBrisk(now))
    if (awake) return awake
    // All are busy.
    if (connections.length > 0 && connections.length < max && now - this.#failedAt > RETRY) this.#open()
    let found = connections[0]
    for (const connection of connections) {
      if (found?.isSlow ? !connection.isSlow : connection.load < (found?.load ?? 0) && !connection.isSlow)
        found = connection
    }
    return found
  }

  /** Sends what waits, as far as there is room. */
  #send() {
    while (this.#waiting.length > 0) {
      const connection = this.#choose(performance.now())
      if (!connection || connection.load >= this.#options.depth) return
      const next = this.#waiting.shift()
      if (next) connection.send(next)
    }
  }

  /** Asks a statement again, before all others, unless every connection is slow: then there is more to do than PostgreSQL can. */
  #askAgain(statement: Statement): boolean {
    if (this.#hasEnded || this.#connections.every(({ isSlow }) => isSlow)) return false
    this.#waiting.unshift(statement)
    this.#startWatch()
    this.#send()
    return true
  }

  #startWatch() {
    this.#watch ??= setInterval(() => this.#look(), LOOK)
  }

  #look() {
    this.#refuse(performance.now() - this.#options.waitTimeout, BUSY)
    if (this.#waiting.length > 0) return
    clearInterval(this.#watch)
    this.#watch = undefined
  }

  /** Refuses those that have waited since then or longer. PostgreSQL has never heard of them. */
  #refuse(then: number, cause: unknown) {
    while (this.#waiting[0] && this.#waiting[0].since <= then) this.#waiting.shift()?.reject(databaseUnavailable(cause))
  }

  #open() {
    if (this.#opening) return
    const begun = performance.now()
    this.#opening = this.#connect()
      .then(() => this.#send())
      .catch((error: unknown) => {
        this.#failedAt = performance.now()
        if (this.#connections.length === 0) this.#refuse(begun, error)
      })
      .finally(() => {
        this.#opening = undefined
        // Who came meanwhile has an attempt of their own.
        if (this.#connections.length === 0 && this.#waiting.length > 0) this.#open()
      })
  }

  async #connect(): Promise<void> {
    if (this.#hasEnded) throw ENDED
    const { client: config, onIdleError } = this.#options
    const client = new pg.Client({ ...config, pipeline: true })
    // Beside the rejection below.
    client.on('error', () => {})
    await client.connect().catch((error: unknown) => {
      client.connection.stream.destroy()
      throw error
    })
    const connection = new SharedConnection(client, this.#options, {
      onStuck: (statement) => this.#askAgain(statement),
      onAnswer: () => {
        if (this.#waiting.length > 0) this.#send()
      },
      onEnd: (error) => {
        this.#connections.splice(this.#connections.indexOf(connection), 1)
        if (error) onIdleError(error)
        if (this.#connections.length === 0 && this.#waiting.length > 0) this.#open()
      },
    })
    this.#connections.push(connection)
  }
}

/** The stack of an answer begins at the socket; what leads to who asked says more. (`pg` does the same.) */
function traceToCaller(error: Error): never {
  Error.captureStackTrace(error)
  throw error
}
