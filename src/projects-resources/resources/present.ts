import type { TSchema } from '@sinclair/typebox'
import type { ResourceDescriptor } from './descriptor.js'

/** Converts a row to the properties of a response, in the order of the schema. Times remain Dates. */
export const presentRow = <Row extends Record<string, unknown>>(
  properties: Record<string, TSchema>,
  { computed }: Pick<ResourceDescriptor, 'computed'>,
  row: Row,
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(properties).map(([name, { type }]) => {
      const value = computed[name]?.(row) ?? row[name]
      return [name, typeof value === 'number' && type === 'string' ? String(value) : value]
    }),
  )
