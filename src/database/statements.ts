import { isStale } from './errors.js'
import type { Prisma } from './generated/client.js'

/** PostgreSQL keeps at most so many prepared statements with a connection, which bounds its memory. Others are not prepared. */
const MAX_NAMES = 500

/** At most once in this time, in milliseconds, statements get new names: PostgreSQL keeps the old ones with the connection. */
const RENEWAL_INTERVAL = 1000

/** The names of prepared statements. */
export interface Statements {
  /** One name per text: PostgreSQL plans it once per connection. Empty if it must not be prepared. */
  nameOf(text: string): string
  /** Prepares every statement again, on its next use, if the error says that one is stale. */
  renew(error: unknown): void
  /** Executes a prepared statement; one that is stale, which has not been executed, again without preparing it. */
  run<Result>(text: string, execute: (name: string) => Promise<Result>): Promise<Result>
}

/** @param isPooled behind a pooler, which does not keep prepared statements, none has a name */
export function createStatements(isPooled: boolean): Statements {
  const names = new Map<string, string>()
  let generation = 0
  let renewedAt = Number.NEGATIVE_INFINITY

  function nameOf(text: string): string {
    if (isPooled) return ''
    const known = names.get(text)
    if (known !== undefined) return known
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

/** Stands for a value while the text of a statement is built. */
class Placeholder {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** One placeholder for each parameter of a statement. */
export type Placeholders<Params> = { readonly [Name in keyof Params]: Placeholder }

/** A statement whose text is built only once. */
export interface Template<Params> {
  text: string
  valuesOf(params: Params): unknown[]
}

/** @param build returns the statement with placeholders in place of values */
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
