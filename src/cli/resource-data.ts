import { buffer } from 'node:stream/consumers'
import { Ajv } from 'ajv'
import type { Fault } from '../errors.js'
import { ajvOptions, joinFaults, toFaults } from '../faults.js'
import type { LinkDescriptor } from '../projects-resources/links/descriptor.js'
import { usageError } from './output.js'

/**
 * Reads `--data`: what the API takes in a body that creates a resource, and nothing that it would refuse.
 * @param text JSON, or `-` for standard input
 * @throws CommandError that lists what is wrong without repeating any of it
 */
export async function readValues(descriptor: LinkDescriptor, text: string): Promise<Record<string, unknown>> {
  const values = parseObject(text === '-' ? await buffer(process.stdin) : Buffer.from(text))
  const names = Object.keys(descriptor.create.properties).join(', ')
  if (!values) throw usageError(`--data must be a JSON object with ${names}`)
  const faults = findFaults(descriptor, values).map(({ path, message }) => `${path.replace(/^body\.?/, '')} ${message}`)
  if (faults.length > 0) throw usageError(`--data: ${faults.join('; ')}`)
  return values
}

function parseObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Neither JSON nor UTF-8: like any other value that is no object.
  }
  return undefined
}

/** Made when first needed; it remembers what it compiled. */
let ajv: Ajv | undefined

function findFaults({ create, check }: LinkDescriptor, values: Record<string, unknown>): Fault[] {
  ajv ??= new Ajv(ajvOptions.customOptions)
  const validate = ajv.compile(create)
  const found = validate(values) ? [] : toFaults('body', validate.errors ?? [])
  return joinFaults(found, check?.(values) ?? [])
}
