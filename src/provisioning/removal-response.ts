import { Type } from '@sinclair/typebox'
import { Count, response } from '../schemas.js'

/** The answer of a call that deletes: how many rows of each table. */
export function removalResponse(name: string, tables: string[]) {
  const counts = tables.map((table) => [table, Count()])
  const schema = Type.Object({ removed: Type.Object(Object.fromEntries(counts)) }, { title: `Removed${name}` })
  return response('How many rows were removed, by table.', schema)
}
