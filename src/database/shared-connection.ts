import type pg from 'pg'
import { isDatabaseUnavailable, isStatementLimit, toApiError } from './errors.js'
import { NamedQuery } from './named-query.js'

/** Times are in milliseconds. */
export interface SharedOptions {
  /** How long PostgreSQL may be silent while it has something to answer, before it counts as unavailable. */
  answerTimeout: number
  /** How long a statement may wait for others: one that writes, until it is sent; one that reads, until it is its turn. */
  waitTimeout: number
  /** Whether statements may store something. */
  isWriting: boolean
}

export interface SharedEvents {
  /** A statement that reads waits behind one that takes long; once each. Whether somebody else asks it now. */
  onStuck: (statement: Statement) => boolean
  /** There is room for another statement. */
  onAnswer: () => void
  /** It can no longer be used. Once; with an error if nobody has been told of it. */
  onEnd: (error: Error | null) => void
}

/** How often connections are looked at while somebody waits, in milliseconds. */
export const LOOK = 50

/**
 * After so many milliseconds a statement takes long: there is another connection for those behind it. That PostgreSQL's
 * process gets no processor is as good a reason as a long list. (docs/decisions/014)
 */
const SLOW = 100

/**
 * PostgreSQL answers at once, as long as no statement has been the oldest one for so many milliseconds: one by keys is
 * done in less. (docs/decisions/014)
 */
const BRISK = 2

/** What somebody waits for, by performance.now() since then. The first answer counts, whichever connection gives it. */
export interface Statement {
  config: pg.QueryConfig
  since: number
  // biome-ignore lint/suspicious/noExplicitAny: each has rows of its own
  resolve: (result: pg.QueryResult<any>) => void
  reject: (error: unknown) => void
}

interface Pending {
  statement: Statement
  sentAt: number
  isAskedElsewhere: boolean
}

/**
 * A connection that carries many statements at once: each is sent without waiting for the answers to those before it, and
 * answers come in that order. What the requests of one turn of the event loop ask goes out in one write. This halves what
 * a statement costs beside its own work. (docs/decisions/014)
 *
 * A statement that takes long holds up those behind it: of these, those that read may be asked elsewhere.
 */
export class SharedConnection {
  readonly #client: pg.Client
  readonly #options: SharedOptions
  readonly #events: SharedEvents
  /** What has been sent and not been answered, oldest first. */
  readonly #pending: Pending[] = []
  /** Since when the oldest of them is the oldest. */
  #since = 0
  #isHeld = false
  #isSlow = false
  #hasEnded = false
  #watch: NodeJS.Timeout | undefined
  #lookedAt = 0

  /** @param client connected, with `pipeline`; this connection's from now on */
  constructor(client: pg.Client, options: SharedOptions, events: SharedEvents) {
    this.#client = client
    this.#options = options
    this.#events = events
    client.on('error', (error) => this.#abandon(error))
  }

  /** How many statements wait for their answer. */
  get load(): number {
    return this.#pending.length
  }

  /** Whether the oldest of them takes long. */
  get isSlow(): boolean {
    return this.#isSlow
  }

  /** Whether whoever is sent now waits no longer than for those before it, none of which takes long. */
  isBrisk(now: number): boolean {
    return this.#pending.length === 0 || (!this.#isSlow && now - this.#since < BRISK)
  }

  /** Sends a statement, which is rejected with ApiError 503 if PostgreSQL does not answer, else gets what it answers. */
  send(statement: Statement): void {
    const { config, resolve, reject } = statement
    const now = performance.now()
    if (this.#pending.push({ statement, sentAt: now, isAskedElsewhere: false }) === 1) this.#since = now
    if (!this.#watch) this.#startWatch(now)
    this.#hold()
    const settle = (error: Error | undefined, result: pg.QueryResult) => {
      if (this.#hasEnded) return
      this.#pending.shift()
      this.#since = performance.now()
      if (this.#isSlow) this.#isSlow = this.#takesLong(this.#since)
      if (error) this.#fail(error, reject)
      else resolve(result)
      this.#events.onAnswer()
    }
    this.#client.query(new NamedQuery(config, settle))
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

  #fail(error: Error, reject: Statement['reject']) {
    const { isWriting } = this.#options
    reject(toApiError(error, isWriting))
    if (!isDatabaseUnavailable(error)) return
    // Who reads behind it would only wait as long, one after the other, to hear the same; who writes waits for another lock.
    if (!isWriting || !isStatementLimit(error)) this.#abandon(error)
  }

  #startWatch(now: number) {
    this.#lookedAt = now
    this.#watch = setInterval(() => this.#look(), LOOK)
  }

  #look() {
    if (this.#pending.length === 0) {
      clearInterval(this.#watch)
      this.#watch = undefined
      return
    }
    const { answerTimeout, waitTimeout, isWriting } = this.#options
    const now = performance.now()
    const elapsed = now - this.#lookedAt
    this.#lookedAt = now
    // This process has stood still, and has yet to read what has arrived meanwhile.
    if (elapsed > 10 * LOOK) return
    if (now - this.#since > answerTimeout) return this.#abandon(new Error('Query read timeout'))
    // Nobody may take it for not stored, what then is.
    if (isWriting) return
    // The oldest is under way; it may take as long as PostgreSQL may be silent.
    const behind = this.#pending.slice(1)
    for (const { statement } of behind) {
      if (now - statement.since > waitTimeout) statement.reject(toApiError(new Error('Query read timeout'), false))
    }
    this.#isSlow = this.#takesLong(now)
    if (!this.#isSlow) return
    // Each is put before all others.
    for (const pending of behind.reverse()) pending.isAskedElsewhere ||= this.#events.onStuck(pending.statement)
  }

  #takesLong(now: number): boolean {
    const [oldest] = this.#pending
    return oldest !== undefined && now - oldest.sentAt > SLOW
  }

  /** Nothing that is still to come will be heard: it would be late, or is lost. */
  #abandon(error: Error) {
    if (this.#hasEnded) return
    const waiting = this.#pending.splice(0)
    this.#client.connection.stream.destroy()
    // PostgreSQL may have read what was sent, whatever it said to the one before.
    const lost = new Error('Connection terminated', { cause: error })
    for (const { statement, isAskedElsewhere } of waiting) {
      if (!isAskedElsewhere) statement.reject(toApiError(lost, this.#options.isWriting))
    }
    this.#finish(waiting.length > 0 ? null : error)
  }

  #finish(error: Error | null) {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearInterval(this.#watch)
    this.#events.onEnd(error)
  }
}
