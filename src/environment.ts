import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/** Environment variables that are missing or wrong. `message` has one line for each, and never a value. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * Adds the variables of the file `.env` in the current directory to `process.env`. Variables that are already set, even to
 * nothing, keep their values. There need not be such a file.
 *
 * @returns the names of the variables that the file has set
 * @throws ConfigError if the file exists and cannot be read
 */
export function loadEnvFile(): Set<string> {
  const variables = parseEnv(readEnvFile())
  const names = Object.keys(variables).filter((name) => process.env[name] === undefined)
  for (const name of names) process.env[name] = variables[name]
  return new Set(names)
}

function readEnvFile(): string {
  try {
    // parseEnv of Node 20 knows `export` only with one space after it.
    return readTextFile('.env').replace(/^[ \t]*export[ \t]+/gm, 'export ')
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return ''
    throw new ConfigError(`.env must be a text file that can be read (${code})`)
  }
}

/**
 * Reads a secret from the variable `name`, or from the file that the variable `name`_FILE names (Docker's convention).
 *
 * @returns the secret without surrounding white space; undefined if neither variable is set
 * @throws ConfigError if both are set, or the file cannot be read or is empty
 */
export function readSecret(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const text = env[name]?.trim()
  const path = env[`${name}_FILE`]?.trim()
  if (!path) return text || undefined
  if (text) throw new ConfigError(`${name} and ${name}_FILE are both set: only one of them must be set`)
  return readSecretFile(`${name}_FILE`, path)
}

function readSecretFile(variable: string, path: string): string {
  let secret: string
  try {
    secret = readTextFile(path).trim()
  } catch (error) {
    throw new ConfigError(`${variable} must name a text file that can be read (${codeOf(error)})`)
  }
  if (secret === '') throw new ConfigError(`${variable} must name a file that is not empty`)
  return secret
}

/** Reads a file in UTF-8, or in UTF-16 if it has a byte order mark: editors and shells of Windows write these. */
function readTextFile(path: string): string {
  const bytes = readFileSync(path)
  const mark = bytes.subarray(0, 2).toString('hex')
  const encoding = { fffe: 'utf-16le', feff: 'utf-16be' }[mark] ?? 'utf-8'
  // Omits the mark.
  return new TextDecoder(encoding, { fatal: true }).decode(bytes)
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unknown'
