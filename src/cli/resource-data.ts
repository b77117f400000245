import { buffer } from 'node:stream/consumers'
import { Ajv } from 'ajv'
import type { ValidationError } from '../errors.js'
import { ajvOptions } from '../http/ajv.js'
import { joinValidationErrors, toValidationErrors } from '../http/validation-errors.js'
import type { ResourceDescriptor } from '../projects-resources/resources/descriptor.js'
import { pickKnown } from '../schemas.js'
import { usageError } from './output.js'

type ValueRules = Pick<ResourceDescriptor, 'create' | 'check' | 'toColumns'>

/** Shared, since it caches compiled schemas. */
const ajv = new Ajv(ajvOptions.customOptions)

/**
 * Parses and validates `--data` with the schema of the request body that creates the object.
 * @param text JSON, or `-` for standard input
 * @throws CommandError that lists all validation errors and contains no values
 */
export async function readValues(rules: ValueRules, text: string): Promise<Record<string, unknown>> {
  const values = parseObject(text === '-' ? await buffer(process.stdin) : Buffer.from(text))
  const names = Object.keys(rules.create.properties).join(', ')
  if (!values) throw usageError(`--data must be a JSON object with ${names}`)
  const validationErrors = findValidationErrors(rules, values).map(
    ({ path, message }) => `${path.replace(/^body\.?/, '')} ${message}`,
  )
  if (validationErrors.length > 0) throw usageError(`--data: ${validationErrors.join('; ')}`)
  return rules.toColumns(pickKnown(rules.create, values))
}

function parseObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Invalid JSON or UTF-8 is reported like a value that is not an object.
  }
  return undefined
}

function findValidationErrors({ create, check }: ValueRules, values: Record<string, unknown>): ValidationError[] {
  const validate = ajv.compile(create)
  const found = validate(values) ? [] : toValidationErrors('body', validate.errors ?? [])
  return joinValidationErrors(found, check?.(values) ?? [])
}
