import { isStale } from './errors.js'
import type { Prisma } from './generated/client.js'

/** Maximum number of prepared statements per connection between two renewals. Bounds PostgreSQL's memory. */
const MAX_NAMES = 500

/** Minimum time between renewals, in milliseconds: each renewal leaves the old statements behind on all connections. */
const RENEWAL_INTERVAL = 1000

/** Registry of prepared statements. */
export interface Statements {
  /** Returns the name of a statement, which is unique per text, or an empty string if it must not be prepared. */
  nameOf(text: string): string
  /** If the error means that a statement is stale, gives all statements new names, so that they are prepared again. */
  renew(error: unknown): void
  /** Executes a prepared statement. If it is stale, PostgreSQL has not executed it: it is sent again, unprepared. */
  run<Result>(text: string, execute: (name: string) => Promise<Result>): Promise<Result>
}

/** @param isPooled whether a pooler is used: PgBouncer before 1.21 does not support prepared statements */
export function createStatements(isPooled: boolean): Statements {
  const names = new Map<string, string>()
  let generation = 0
  let renewedAt = Number.NEGATIVE_INFINITY

  function nameOf(text: string): string {
    if (isPooled) return ''
    const existing = names.get(text)
    if (existing !== undefined) return existing
    if (names.size === MAX_NAMES) return ''
    const name = `s${generation}_${names.size}`
    names.set(text, name)
    return name
  }

  function renew(error: unknown): void {
    if (!isStale(error) || performance.now() - renewedAt < RENEWAL_INTERVAL) return
    renewedAt = performance.now()
    generation += 1
    names.clear()
  }

  return {
    nameOf,
    renew,
    run: (text, execute) =>
      execute(nameOf(text)).catch((error) => {
        if (!isStale(error)) throw error
        renew(error)
        return execute('')
      }),
  }
}

/** Placeholder for a value while the text of a statement is built. */
class Placeholder {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** One placeholder for each parameter of a statement. */
export type Placeholders<Params> = { readonly [Name in keyof Params]: Placeholder }

/** A statement with its text, and a function that returns the values in the order of `$1`, `$2`, .... */
export interface Template<Params> {
  text: string
  valuesOf(params: Params): unknown[]
}

/**
 * Builds the text of a statement.
 * @param build returns the statement with placeholders instead of values
 */
export function createTemplate<Params extends object>(
  build: (params: Placeholders<Params>) => Prisma.Sql,
): Template<Params> {
  const placeholders: Record<string, Placeholder> = {}
  const get = (_: object, name: string) => {
    placeholders[name] ??= new Placeholder(name)
    return placeholders[name]
  }
  const { strings, values } = build(new Proxy({}, { get }) as Placeholders<Params>)
  const parameters = [...new Set(values)]
  const text = strings.reduce((left, right, index) => `${left}$${parameters.indexOf(values[index - 1]) + 1}${right}`)
  return {
    text,
    valuesOf: (params) =>
      parameters.map((value) => (value instanceof Placeholder ? params[value.name as keyof Params] : value)),
  }
}
