import type { BaseLogger } from 'pino'
import { Variables } from './config-schema.js'
import type { DatabaseOptions } from './database/database.js'
import { ConfigError } from './environment.js'
import { readPrivateKey } from './github/private-key.js'
import { findUnknownVariables } from './unknown-variables.js'
import { readVariables } from './variables.js'

export { readList, readTokens } from './config-schema.js'
export { ConfigError } from './environment.js'

/** Limits that operators have no reason to change, and which are therefore not environment variables. Tests override them. */
export const CONSTANTS = {
  /** Milliseconds for the arrival of a request's headers. Even slow clients send them in one or two packets. */
  HEADERS_TIMEOUT: 15_000,
  /** Milliseconds for the arrival of a whole request: 2 MiB at 35 kB/s. A proxy in front buffers slower uploads. */
  REQUEST_TIMEOUT: 60_000,
  /** Milliseconds for a permission check by GitHub, or for one page of a list of repositories, retries included. */
  GITHUB_TIMEOUT: 5000,
  /** Milliseconds for a session lookup. Shorter than GITHUB_TIMEOUT: any request may have to wait for a lookup. */
  SESSION_LOOKUP_TIMEOUT: 3000,
  /** Milliseconds after which PostgreSQL cancels a statement. Clients get 503 earlier, after DATABASE_ANSWER_TIMEOUT. */
  DATABASE_STATEMENT_TIMEOUT: 10_000,
  /** The window of all rate limits in milliseconds, so that a limit is a number of requests per minute. */
  RATE_LIMIT_WINDOW: 60_000,
  /** Requests per minute with one service token. Bulk work uses `sync`, with 1000 operations in a request. */
  RATE_LIMIT_SERVICE: 6000,
}

/** All settings: the environment variables and the constants. */
export type Config = Variables & typeof CONSTANTS

/** Every variable that the service reads, including those that name files. */
const KNOWN = Object.entries(Variables.properties).flatMap(([name, property]) =>
  'secret' in property ? [name, `${name}_FILE`] : [name],
)

/**
 * Finds variables that are misspelled or that only earlier versions of the service read. DATA_DIR is known, although
 * only `npm run dev` and the command line read it.
 */
export const unknownVariables = (env: NodeJS.ProcessEnv): string[] =>
  findUnknownVariables({ known: [...KNOWN, 'DATA_DIR'], removed: Object.keys(CONSTANTS) }, env)

/** Returns the settings of the database. */
export function databaseOptions(config: Config, logger: Pick<BaseLogger, 'warn'>): DatabaseOptions {
  return {
    url: config.DATABASE_URL,
    max: config.DATABASE_POOL_SIZE,
    connectionTimeoutMillis: config.DATABASE_CONNECT_TIMEOUT,
    query_timeout: config.DATABASE_ANSWER_TIMEOUT,
    statement_timeout: config.DATABASE_STATEMENT_TIMEOUT,
    lock_timeout: config.DATABASE_LOCK_TIMEOUT,
    maxProjectBytes: config.MAX_PROJECT_BYTES,
    onIdleError: (err) => logger.warn({ err }, 'lost a connection to the database'),
  }
}

/** Returns the settings of the session lookup, or undefined if it is disabled. */
export const sessionLookupOptions = ({ SESSION_LOOKUP_URL, ...config }: Config) =>
  SESSION_LOOKUP_URL === undefined ? undefined : { ...config, SESSION_LOOKUP_URL }

/**
 * Reads the configuration. An empty variable counts as unset.
 *
 * @param env the environment, usually `process.env`
 * @returns all settings, with defaults; the private key is always PEM
 * @throws ConfigError with one line per missing or invalid variable, which describes its valid values, or with one line
 *   about the first invalid combination of variables
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const config = { ...CONSTANTS, ...readVariables(Variables, env) }
  checkCombinations(config)
  const { GITHUB_APP_PRIVATE_KEY: key } = config
  return key === undefined ? config : { ...config, GITHUB_APP_PRIVATE_KEY: readPrivateKey(key) ?? '' }
}

function checkCombinations(config: Config): void {
  const requires = (name: keyof Variables, other: keyof Variables) => {
    if (config[name] !== undefined && config[other] === undefined) {
      throw new ConfigError(`${other} is missing: ${name} requires it`)
    }
  }
  requires('GITHUB_WEBHOOK_SECRET_PREVIOUS', 'GITHUB_WEBHOOK_SECRET')
  requires('INTERNAL_PORT', 'SERVICE_TOKENS')
  requires('GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY')
  requires('GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_ID')
  if (config.INTERNAL_PORT && config.INTERNAL_PORT === config.PORT) {
    throw new ConfigError('INTERNAL_PORT must differ from PORT: to use one port, leave INTERNAL_PORT unset')
  }
  // The time to live starts with the lookup: a lookup must not take longer than its result is valid.
  if (config.SESSION_LOOKUP_URL !== undefined && config.SESSION_LOOKUP_TTL <= config.SESSION_LOOKUP_TIMEOUT) {
    throw new ConfigError(
      `SESSION_LOOKUP_TTL must be more than ${config.SESSION_LOOKUP_TIMEOUT}, the timeout of a lookup`,
    )
  }
}
