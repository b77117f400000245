import { Type } from '@sinclair/typebox'
import type { Fault } from '../../errors.js'
import { Id } from '../../schemas.js'
import type { ResourceDescriptor } from './descriptor.js'

/**
 * The schema of a body in one of its two forms: `oneOf` says so to whoever reads the schema. For whoever sends a body, the
 * id decides which form is meant, so that the faults are those of one form and not of both.
 */
export function linkOrCreateSchema(descriptor: ResourceDescriptor) {
  const { idField, noun, create, example, name } = descriptor
  const link = Type.Object({ [idField]: Id() }, { title: `${name}Link`, description: `Links a ${noun}.` })
  const created = { ...create, title: `New${name}`, description: `Creates a ${noun} and links it.` }
  return Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    oneOf: [link, created],
    if: { type: 'object', required: [idField] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's word
    then: link,
    else: created,
    examples: [{ [idField]: 123 }, example],
  })
}

/** The faults of a body that its schema cannot see: both forms at once, and what the type itself adds. */
export function checkLinkOrCreate({ idField, create, check }: ResourceDescriptor) {
  const fields = Object.keys(create.properties)
  return ({ body }: { body: unknown }): Fault[] => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return []
    const values = body as Record<string, unknown>
    const isLink = idField in values
    const isCreate = fields.some((name) => name in values)
    if (isLink && isCreate) {
      return [{ path: 'body', message: `must have either ${idField} or ${fields.join(', ')}, not both` }]
    }
    if (!isLink && !isCreate) {
      return [{ path: `body.${idField}`, message: `is required, unless the body has ${fields.join(', ')}` }]
    }
    return isCreate ? (check?.(values) ?? []) : []
  }
}
