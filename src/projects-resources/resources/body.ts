import { Type } from '@sinclair/typebox'
import type { ValidationError } from '../../errors.js'
import { Id } from '../../schemas.js'
import type { ResourceDescriptor } from './descriptor.js'

/**
 * Builds the schema of a body that either links or creates a resource. `oneOf` documents the two forms. `if` selects
 * one of them by the id field, so that validation errors refer to that form only.
 */
export function linkOrCreateSchema(descriptor: ResourceDescriptor) {
  const { idField, noun, verb, create, example, name } = descriptor
  const link = Type.Object({ [idField]: Id() }, { title: `${name}Link`, description: `Links a ${noun}.` })
  const created = { ...create, title: `New${name}`, description: `${verb}s a ${noun} and links it.` }
  return Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    oneOf: [link, created],
    if: { type: 'object', required: [idField] },
    // biome-ignore lint/suspicious/noThenProperty: a JSON Schema keyword
    then: link,
    else: created,
    examples: [{ [idField]: 123 }, example],
  })
}

/**
 * Builds the schema of linkOrCreateSchema() for validation, without `oneOf`, which would validate each text again, at
 * 10 ms per MiB.
 */
export function linkOrCreateRules(descriptor: ResourceDescriptor) {
  const { oneOf: _, ...rules } = linkOrCreateSchema(descriptor)
  return Type.Unsafe<Record<string, unknown>>(rules)
}

/**
 * Creates a check for rules that JSON Schema cannot express: a body must not mix the two forms, and a new resource must
 * pass the check of its descriptor.
 */
export function checkLinkOrCreate({ idField, create, check }: ResourceDescriptor) {
  const fields = Object.keys(create.properties)
  return ({ body }: { body: unknown }, isValid: (path: string) => boolean): ValidationError[] => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return []
    const values = body as Record<string, unknown>
    const isLink = idField in values
    const isCreate = fields.some((name) => name in values)
    if (isLink && isCreate) {
      return [{ path: 'body', message: `must have either ${idField} or the fields ${fields.join(', ')}, not both` }]
    }
    if (!isLink && !isCreate) {
      return [{ path: `body.${idField}`, message: `is required, unless the body has ${fields.join(', ')}` }]
    }
    const valid = fields.filter((name) => isValid(`body.${name}`))
    return isCreate ? (check?.(Object.fromEntries(valid.map((name) => [name, values[name]]))) ?? []) : []
  }
}
