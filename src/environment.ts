import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/**
 * An error in the configuration. `message` never contains the value of a variable. It can have several lines, one for
 * each missing or invalid variable.
 */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * Loads the file `.env` in the current directory, if it exists, into `process.env`. Variables that are already set,
 * even to the empty string, keep their values.
 *
 * @returns the names of the variables that were set from the file
 * @throws ConfigError if the file exists but cannot be read
 */
export function loadEnvFile(): Set<string> {
  const variables = parseEnv(readEnvFile())
  const names = Object.keys(variables).filter((name) => process.env[name] === undefined)
  for (const name of names) process.env[name] = variables[name]
  return new Set(names)
}

function readEnvFile(): string {
  try {
    // Node 20's parseEnv supports `export` only if exactly one space follows it.
    return readTextFile('.env').replace(/^[ \t]*export[ \t]+/gm, 'export ')
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return ''
    throw new ConfigError(`.env must be a readable text file (${code})`)
  }
}

/**
 * Reads a secret from the variable `name`, or from the file whose path is in the variable `name`_FILE (Docker's
 * convention).
 *
 * @returns the secret without surrounding white space; undefined if neither variable is set
 * @throws ConfigError if both variables are set, or if the file cannot be read or is empty
 */
export function readSecret(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const text = env[name]?.trim()
  const path = env[`${name}_FILE`]?.trim()
  if (!path) return text || undefined
  if (text) throw new ConfigError(`${name} and ${name}_FILE are both set: set only one of them`)
  return readSecretFile(`${name}_FILE`, path)
}

function readSecretFile(variable: string, path: string): string {
  let secret: string
  try {
    secret = readTextFile(path).trim()
  } catch (error) {
    throw new ConfigError(`${variable} must name a readable text file (${codeOf(error)})`)
  }
  if (secret === '') throw new ConfigError(`${variable} must name a non-empty file`)
  return secret
}

/** Reads a file in UTF-8, or in UTF-16 if it starts with the byte order mark of UTF-16, as files from Windows may. */
function readTextFile(path: string): string {
  const bytes = readFileSync(path)
  const mark = bytes.subarray(0, 2).toString('hex')
  const encoding = { fffe: 'utf-16le', feff: 'utf-16be' }[mark] ?? 'utf-8'
  // The decoder strips the byte order mark.
  return new TextDecoder(encoding, { fatal: true }).decode(bytes)
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unknown'
