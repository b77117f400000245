import pg from 'pg'

/** `pg` copies a config property by property, which costs 4 µs a query; of a text and values there is nothing to copy. */
export class NamedQuery extends pg.Query {
  readonly name: string | undefined

  constructor(
    { name, text, values }: pg.QueryConfig,
    settle: (error: Error | undefined, result: pg.ResultBuilder) => void,
  ) {
    super(text, values, settle)
    this.name = name
  }
}
