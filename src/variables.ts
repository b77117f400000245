import type { Static, TObject, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

/** Environment variables that are missing or wrong. `message` has one line for each, and never a value. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * Reads the variables that a flat schema of strings, integers and booleans describes. An empty one counts as unset.
 *
 * @throws ConfigError that names each missing or wrong variable and what it must be
 */
export function readVariables<T extends TObject>(schema: T, env: NodeJS.ProcessEnv): Static<T> {
  const settings: Record<string, unknown> = {}
  const faults: string[] = []
  for (const [name, property] of Object.entries(schema.properties)) {
    const text = env[name]?.trim()
    const value = text ? fromText(property, text) : property['default']
    if (value === undefined) {
      if (schema.required?.includes(name)) faults.push(`${name} is missing: it must be ${property['must']}`)
      continue
    }
    if (!Value.Check(property, value)) faults.push(`${name} must be ${property['must']}`)
    settings[name] = value
  }
  if (faults.length > 0) throw new ConfigError(faults.join('\n'))
  return settings as Static<T>
}

function fromText(schema: TSchema, text: string): unknown {
  if (schema['type'] === 'integer') return /^\d+$/.test(text) ? Number(text) : text
  if (schema['type'] === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  return text
}
