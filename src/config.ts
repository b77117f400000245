import { isIP } from 'node:net'
import { type Static, Type } from '@sinclair/typebox'
import type { BaseLogger } from 'pino'
import { connectionUrlProblem } from './database/connection-url.js'
import type { DatabaseOptions } from './database/database.js'
import { ConfigError } from './environment.js'
import { readPrivateKey } from './github/private-key.js'
import { parseUrl } from './parse-url.js'
import { isRedisUrl } from './redis-url.js'
import { findUnknownVariables } from './unknown-variables.js'
import { readVariables } from './variables.js'

export { ConfigError } from './environment.js'

/** `must` completes the sentence "NAME must be ..."; it is what a person sees when the variable is wrong. */
const integer = (must: string, minimum: number, maximum: number, fallback: number | undefined, description: string) =>
  Type.Integer({ minimum, maximum, ...(fallback === undefined ? {} : { default: fallback }), must, description })

const milliseconds = (fallback: number, description: string) =>
  integer('a number of milliseconds from 1 to 600000', 1, 600_000, fallback, `${description}, in milliseconds.`)

const count = (fallback: number, description: string) =>
  integer('an integer from 1 to 1000000000', 1, 1_000_000_000, fallback, description)

/** As browsers write it: no path, no default port, no upper case. */
const ORIGIN = 'https?://(\\[[0-9a-f:]+\\]|[a-z0-9.-]+)(:\\d{1,5})?'

/** 400 days, to which browsers limit the age of a cookie, in milliseconds. */
const MAX_SESSION_TIME = 400 * 24 * 60 * 60 * 1000
const SESSION_TIME = `a number of milliseconds from 1 to ${MAX_SESSION_TIME}`

const REDIS_URL = 'a URL of the form redis://user:password@host:6379/0'

const LOOKUP_URL = 'a URL of the form https://host/path, without a user name, password or fragment'

const fieldPath = (fallback: string, description: string) =>
  Type.String({
    default: fallback,
    pattern: '^[\\w-]{1,64}(\\.[\\w-]{1,64}){0,7}$',
    must: 'names of fields, separated by dots',
    description,
  })

const PRIVATE_KEY = 'the RSA private key of the GitHub App, in PEM or as base64 of it'

const SERVICE_TOKENS = 'one or two tokens of 32 to 512 letters, digits and - . _ ~ + / =, separated by a comma'

const NETWORKS = 'addresses or networks like 127.0.0.1, 10.0.0.0/8, separated by commas'

/** Every environment variable that the service reads: its type, default, and explanation. */
export const Config = Type.Object({
  NODE_ENV: Type.Union([Type.Literal('production'), Type.Literal('development'), Type.Literal('test')], {
    default: 'production',
    must: 'production, development or test',
    description: 'What the process is for. Demonstration data is never written in production.',
  }),
  HOST: Type.String({
    default: '127.0.0.1',
    must: 'an address to listen on',
    description: 'Address to listen on. In a container: 0.0.0.0.',
  }),
  PORT: integer('a port number from 0 to 65535', 0, 65_535, 3000, 'Port to listen on; 0 takes a free one.'),
  TRUST_PROXY: Type.Optional(
    Type.String({
      must: NETWORKS,
      check: (text: string) => (readList(text).every(isNetwork) ? undefined : `be ${NETWORKS}`),
      description:
        'Proxies whose X-Forwarded-For, -Host, -Proto and -Port headers count, separated by commas; unset: none.',
    }),
  ),
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    {
      default: 'info',
      must: 'fatal, error, warn, info, debug, trace or silent',
      description: 'The least important messages that are logged.',
    },
  ),
  DATABASE_URL: Type.String({
    secret: true,
    check: connectionUrlProblem,
    must: 'a URL of the form postgres://user:password@host:5432/database',
    description: 'The PostgreSQL database (15 or later). Required, except by `npm run dev`, which brings its own.',
  }),
  DATABASE_POOL_SIZE: integer('an integer from 1 to 200', 1, 200, 10, 'Maximum number of connections to PostgreSQL.'),
  DATABASE_CONNECT_TIMEOUT: milliseconds(800, 'How long a query waits for a connection'),
  DATABASE_ANSWER_TIMEOUT: milliseconds(1000, 'How long a query waits for its response'),
  DATABASE_STATEMENT_TIMEOUT: milliseconds(10_000, 'How long PostgreSQL executes a statement before it cancels it'),
  DATABASE_LOCK_TIMEOUT: milliseconds(500, 'How long a statement waits for a lock'),
  SESSION_IDLE_TIMEOUT: Type.Optional(
    integer(
      SESSION_TIME,
      1,
      MAX_SESSION_TIME,
      undefined,
      'How long a session lasts without a request, in milliseconds; unset: no limit.',
    ),
  ),
  SESSION_MAX_AGE: Type.Optional(
    integer(
      SESSION_TIME,
      1,
      MAX_SESSION_TIME,
      undefined,
      'How long a session lasts since it was created, in milliseconds; unset: no limit.',
    ),
  ),
  SESSION_LOOKUP_URL: Type.Optional(
    Type.String({
      must: LOOKUP_URL,
      check: (text: string) => (isLookupUrl(text) ? undefined : `be ${LOOKUP_URL}`),
      description: 'Where cookies that the table of sessions does not have are looked up; unset: nowhere.',
    }),
  ),
  SESSION_LOOKUP_TTL: milliseconds(60_000, 'How long such a session is valid before it is looked up again'),
  SESSION_LOOKUP_TIMEOUT: milliseconds(3000, 'How long such a lookup may take'),
  SESSION_LOOKUP_USER_ID_FIELD: fieldPath(
    'user_id',
    'Where the id of the user is in its response, such as data.user.id.',
  ),
  SESSION_LOOKUP_EXPIRES_AT_FIELD: fieldPath('expires_at', 'Where the end of the session is in its response.'),
  MIGRATE_ON_START: Type.Boolean({
    default: true,
    must: 'true or false',
    description: 'Apply pending migrations at start. If false, the start fails while any is pending.',
  }),
  MAX_PROJECT_BYTES: count(
    16 * 1024 * 1024,
    'Maximum size of each complete list of a project (imports; links of each type), in bytes of JSON; more is a 409.',
  ),
  GITHUB_APP_ID: Type.Optional(
    Type.String({
      pattern: '^([1-9][0-9]{0,9}|Iv[0-9A-Za-z.]{8,64})$',
      must: 'the client id or the app id of a GitHub App',
      description: 'Client id (recommended) or app id of the GitHub App that proves access; unset: recorded mode.',
    }),
  ),
  GITHUB_APP_PRIVATE_KEY: Type.Optional(
    Type.String({
      secret: true,
      must: PRIVATE_KEY,
      check: (text: string) => (readPrivateKey(text) ? undefined : `be ${PRIVATE_KEY}`),
      description: 'Its private key, in PEM or as base64 of it. Set both or neither.',
    }),
  ),
  GITHUB_API_URL: Type.String({
    default: 'https://api.github.com',
    pattern: '^https?://[^/?#@]+(/[^?#@]*)?$',
    must: 'the URL of a GitHub REST API',
    description: 'The GitHub REST API; of an Enterprise Server: https://HOST/api/v3.',
  }),
  GITHUB_TIMEOUT: milliseconds(5000, 'How long one question to GitHub may take, retries included'),
  GITHUB_WEBHOOK_SECRET: Type.Optional(
    Type.String({
      secret: true,
      minLength: 8,
      must: 'a secret of at least 8 characters',
      description: "The secret of the GitHub App's webhook; unset: there is no POST /webhooks/github.",
    }),
  ),
  GITHUB_WEBHOOK_SECRET_PREVIOUS: Type.Optional(
    Type.String({
      secret: true,
      minLength: 8,
      must: 'a secret of at least 8 characters',
      description: 'The former secret, still accepted while GitHub is given the new one; unset: none.',
    }),
  ),
  SERVICE_TOKENS: Type.Optional(
    Type.String({
      secret: true,
      must: SERVICE_TOKENS,
      check: (text: string) => (areTokens(readTokens(text)) ? undefined : `be ${SERVICE_TOKENS}`),
      description:
        'Tokens of services that may call /internal/v1: one, or two separated by a comma; unset: there is no /internal.',
    }),
  ),
  INTERNAL_PORT: Type.Optional(
    integer('a port number from 0 to 65535', 0, 65_535, undefined, 'Port for /internal/v1 alone; unset: PORT.'),
  ),
  HEADERS_TIMEOUT: milliseconds(15_000, "How long a request's headers may take to arrive"),
  REQUEST_TIMEOUT: milliseconds(60_000, 'How long a whole request may take to arrive, body included'),
  KEEP_ALIVE_TIMEOUT: milliseconds(72_000, 'How long an idle connection is kept'),
  RATE_LIMIT_WINDOW: milliseconds(60_000, 'The time over which requests are counted'),
  RATE_LIMIT_SESSION: count(6000, 'Requests of one session in that time; more are refused with 429.'),
  RATE_LIMIT_ADDRESS: count(3000, 'Requests without a session from one address in that time.'),
  RATE_LIMIT_SERVICE: count(6000, 'Requests to /internal/v1 with one service token in that time.'),
  GITHUB_RATE_LIMIT_USER: count(
    60,
    'Requests of one user in that time that need GitHub; more are refused with 429. All users together: ten times that.',
  ),
  REDIS_URL: Type.Optional(
    Type.String({
      secret: true,
      check: (url: string) => (isRedisUrl(url) ? undefined : `be ${REDIS_URL}`),
      must: REDIS_URL,
      description:
        'Where several instances count requests together; unset, or while it is unavailable: each counts its own.',
    }),
  ),
  MAX_EVENT_LOOP_DELAY: milliseconds(1000, 'How late the process may run before it refuses requests with 503'),
  CORS_ORIGINS: Type.Optional(
    Type.String({
      pattern: `^${ORIGIN}( *, *${ORIGIN})*$`,
      must: 'origins like https://app.example.com, separated by commas',
      description: 'Origins of front ends that may call with credentials, separated by commas; unset: none.',
    }),
  ),
  HSTS_INCLUDE_SUBDOMAINS: Type.Boolean({
    default: true,
    must: 'true or false',
    description: 'Whether Strict-Transport-Security applies to all subdomains of the host, too.',
  }),
  API_DOCS: Type.Optional(
    Type.Boolean({
      must: 'true or false',
      description: 'Whether /docs and /openapi.json are served; unset: yes, except in production.',
    }),
  ),
  METRICS_PORT: Type.Optional(
    integer('a port number from 0 to 65535', 0, 65_535, undefined, 'Port for Prometheus metrics; unset: none.'),
  ),
  SHUTDOWN_DELAY: integer(
    'a number of milliseconds from 0 to 600000',
    0,
    600_000,
    1000,
    'How long the service goes on as ever after SIGTERM, but is not ready, in milliseconds; at most a quarter of SHUTDOWN_TIMEOUT.',
  ),
  SHUTDOWN_TIMEOUT: milliseconds(10_000, 'How long the end may take after SIGTERM, SHUTDOWN_DELAY included'),
})
export type Config = Static<typeof Config>

/** Every variable that the service reads, with those that name files. `npm run dev` also reads DATA_DIR. */
const VARIABLES = Object.entries(Config.properties).flatMap(([name, property]) =>
  'secret' in property ? [name, `${name}_FILE`] : [name],
)

/** Finds variables that are misspelled, or that no version of the service reads any more. */
export const unknownVariables = (env: NodeJS.ProcessEnv): string[] =>
  findUnknownVariables([...VARIABLES, 'DATA_DIR'], env)

/** Reads the settings of the database. */
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

/** The parts of a list that is separated by commas. */
export const readList = (text = ''): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)

function isLookupUrl(text: string): boolean {
  const { protocol, username, password, hash } = parseUrl(text) ?? {}
  return /^https?:$/.test(protocol ?? '') && `${username}${password}${hash}` === ''
}

/** Returns the settings of the lookup of sessions, if there is one. */
export const sessionLookupOptions = ({ SESSION_LOOKUP_URL, ...config }: Config) =>
  SESSION_LOOKUP_URL === undefined ? undefined : { ...config, SESSION_LOOKUP_URL }

/** Service tokens, separated by commas or, in a file, by line breaks. */
export const readTokens = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean)

/** Each as RFC 6750 (section 2.1) allows in `Authorization: Bearer`. */
const areTokens = (tokens: string[]) =>
  tokens.length >= 1 && tokens.length <= 2 && tokens.every((token) => /^[\w.~+/=-]{32,512}$/.test(token))

/** `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`. */
function isNetwork(text: string): boolean {
  const [address = '', prefix = '0', ...rest] = text.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits
}

/**
 * Reads the configuration. An empty variable counts as unset.
 *
 * @param env the environment, `process.env` where it matters
 * @returns every setting, defaults filled in, and the private key in PEM however it was given
 * @throws ConfigError that names each missing or wrong variable and what it must be
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const config = readVariables(Config, env)
  if (config.GITHUB_WEBHOOK_SECRET_PREVIOUS && !config.GITHUB_WEBHOOK_SECRET) {
    throw new ConfigError('GITHUB_WEBHOOK_SECRET is missing: GITHUB_WEBHOOK_SECRET_PREVIOUS is set')
  }
  if (config.INTERNAL_PORT !== undefined && !config.SERVICE_TOKENS) {
    throw new ConfigError('SERVICE_TOKENS is missing: INTERNAL_PORT is set')
  }
  if (config.INTERNAL_PORT && config.INTERNAL_PORT === config.PORT) {
    throw new ConfigError('INTERNAL_PORT must differ from PORT: to use the same port, leave it unset')
  }
  // A session would have to be looked up again before the response to its lookup.
  if (config.SESSION_LOOKUP_URL !== undefined && config.SESSION_LOOKUP_TTL <= config.SESSION_LOOKUP_TIMEOUT) {
    throw new ConfigError('SESSION_LOOKUP_TTL must be more than SESSION_LOOKUP_TIMEOUT')
  }
  const { GITHUB_APP_ID: id, GITHUB_APP_PRIVATE_KEY: key } = config
  if (id !== undefined && !key) throw new ConfigError('GITHUB_APP_PRIVATE_KEY is missing: GITHUB_APP_ID is set')
  if (key === undefined) return config
  if (id === undefined) throw new ConfigError('GITHUB_APP_ID is missing: GITHUB_APP_PRIVATE_KEY is set')
  return { ...config, GITHUB_APP_PRIVATE_KEY: readPrivateKey(key) ?? '' }
}
