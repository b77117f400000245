import { Type } from '@sinclair/typebox'
import { Count, response } from '../schemas.js'

/** Creates the response schema of a DELETE, with the number of removed rows by table. */
export function removalResponse(name: string, tables: string[]) {
  const counts = tables.map((table) => [table, Count()])
  const schema = Type.Object({ removed: Type.Object(Object.fromEntries(counts)) }, { title: `Removed${name}` })
  return response('Number of removed rows by table.', schema)
}
