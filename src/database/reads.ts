import pg from 'pg'
import { toApiError } from './errors.js'
import { type Patience, SharedConnection } from './shared-connection.js'

export interface ReadsOptions extends Patience {
  client: pg.ClientConfig
  /** Connections at most. */
  max: number
  /** Called with the error of a connection that was lost while idle. */
  onIdleError: (error: Error) => void
}

/** What runs reads. */
export type Reader = Pick<Reads, 'query'>

/** How long after a failure no further connection is tried, in milliseconds, while another one serves. */
const RETRY = 1000

/**
 * Connections that reads share. The first is opened when it is needed; the others when it is busy, and nobody waits for
 * them.
 */
export class Reads {
  readonly #options: ReadsOptions
  readonly #connections: SharedConnection[] = []
  #opening: Promise<SharedConnection> | undefined
  #failedAt = Number.NEGATIVE_INFINITY
  #hasEnded = false

  constructor(options: ReadsOptions) {
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

  /**
   * Runs a statement that only reads, by keys, and takes a few milliseconds at most whatever the data.
   * @throws ApiError 503 if PostgreSQL does not answer; nothing can have been stored
   */
  query<Row extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<pg.QueryResult<Row>> {
    return this.#leastBusy()?.query<Row>(query) ?? this.#queryFirst(query)
  }

  async end(): Promise<void> {
    this.#hasEnded = true
    await this.#opening?.catch(() => {})
    await Promise.all(this.#connections.map((connection) => connection.end()))
  }

  async #queryFirst<Row extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<pg.QueryResult<Row>> {
    const connection = await this.#open().catch((error: unknown) => {
      throw toApiError(error, false)
    })
    return await connection.query<Row>(query)
  }

  #leastBusy(): SharedConnection | undefined {
    const connections = this.#connections
    let found = connections[0]
    if (!found || found.load === 0) return found
    for (const connection of connections) if (connection.load < found.load) found = connection
    if (found.load > 0 && connections.length < this.#options.max && performance.now() - this.#failedAt > RETRY) {
      this.#open().catch(() => {})
    }
    return found
  }

  #open(): Promise<SharedConnection> {
    if (this.#hasEnded) return Promise.reject(new Error('Cannot use a pool after calling end on the pool'))
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #connect(): Promise<SharedConnection> {
    const { client: config, onIdleError } = this.#options
    const client = new pg.Client({ ...config, pipeline: true })
    // Beside the rejection below.
    client.on('error', () => {})
    try {
      await client.connect()
    } catch (error) {
      this.#failedAt = performance.now()
      client.connection.stream.destroy()
      throw error
    }
    const connection = new SharedConnection(client, this.#options, (error) => {
      this.#connections.splice(this.#connections.indexOf(connection), 1)
      if (error) onIdleError(error)
    })
    this.#connections.push(connection)
    return connection
  }
}
