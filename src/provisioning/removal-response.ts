import { Type } from '@sinclair/typebox'
import { answer, Count } from '../schemas.js'

/** The answer of a call that deletes: how many rows of each table. */
export function removalAnswer(name: string, tables: string[]) {
  const counts = tables.map((table) => [table, Count()])
  const schema = Type.Object({ removed: Type.Object(Object.fromEntries(counts)) }, { title: `Removed${name}` })
  return answer('How many rows were removed, by table.', schema)
}
