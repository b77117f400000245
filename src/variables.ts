import type { Static, TObject, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ConfigError, readSecret } from './environment.js'

/**
 * Reads the variables of a flat schema of strings, integers and booleans. An empty variable counts as unset.
 *
 * Besides the keywords of JSON Schema, a property can have:
 * - `must`: completes the error message "NAME must be ..."
 * - `secret`: true if the value can also be read from the file that NAME_FILE names
 * - `check`: a function that returns undefined for a valid value, and otherwise completes the message "NAME must ..."
 *
 * @throws ConfigError with one line per missing or invalid variable, which describes its valid values
 */
export function readVariables<T extends TObject>(schema: T, env: NodeJS.ProcessEnv): Static<T> {
  const settings: Record<string, unknown> = {}
  const errors: string[] = []
  for (const [name, property] of Object.entries(schema.properties)) {
    try {
      const value = readVariable(name, property, env)
      if (value !== undefined) settings[name] = value
      else if (schema.required?.includes(name)) errors.push(`${name} is missing: it must be ${property['must']}`)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      errors.push(error.message)
    }
  }
  if (errors.length > 0) throw new ConfigError(errors.join('\n'))
  return settings as Static<T>
}

function readVariable(name: string, property: TSchema, env: NodeJS.ProcessEnv): unknown {
  const text = property['secret'] ? readSecret(name, env) : env[name]?.trim()
  if (!text) return property['default']
  const value = fromText(property, text)
  if (!Value.Check(property, value)) throw new ConfigError(`${name} must be ${property['must']}`)
  const problem = property['check']?.(value)
  if (problem) throw new ConfigError(`${name} must ${problem}`)
  return value
}

function fromText(schema: TSchema, text: string): unknown {
  if (schema['type'] === 'integer') return /^\d+$/.test(text) ? Number(text) : text
  if (schema['type'] === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  return text
}
