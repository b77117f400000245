import { isIP } from 'node:net'
import { type Static, Type } from '@sinclair/typebox'
import { connectionUrlProblem } from './database/connection-url.js'
import { readPrivateKey } from './github/private-key.js'
import { parseUrl } from './parse-url.js'
import { isRedisUrl } from './redis-url.js'

/** `must` completes the error message "NAME must be ...". */
const integer = (must: string, minimum: number, maximum: number, fallback: number | undefined, description: string) =>
  Type.Integer({ minimum, maximum, ...(fallback === undefined ? {} : { default: fallback }), must, description })

const milliseconds = (fallback: number, description: string) =>
  integer('a number of milliseconds from 1 to 600000', 1, 600_000, fallback, description)

const count = (fallback: number, description: string) =>
  integer('an integer from 1 to 1000000000', 1, 1_000_000_000, fallback, description)

const port = (fallback: number | undefined, description: string) =>
  integer('a port number from 0 to 65535', 0, 65_535, fallback, description)

/** 400 days, the maximum age of a cookie in browsers, in milliseconds. */
const MAX_SESSION_TIME = 400 * 24 * 60 * 60 * 1000

const sessionTime = (description: string) =>
  integer(`a number of milliseconds from 1 to ${MAX_SESSION_TIME}`, 1, MAX_SESSION_TIME, undefined, description)

const choice = (values: string[], fallback: string, must: string, description: string) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { default: fallback, must, description },
  )

const boolean = (fallback: boolean | undefined, description: string) =>
  Type.Boolean({ ...(fallback === undefined ? {} : { default: fallback }), must: 'true or false', description })

/** @param isValid a check beyond what JSON Schema can express */
const checked = (must: string, isValid: (text: string) => boolean, description: string, options = {}) =>
  Type.String({ must, check: (text: string) => (isValid(text) ? undefined : `be ${must}`), description, ...options })

const fieldPath = (fallback: string, description: string) =>
  Type.String({
    default: fallback,
    pattern: '^[\\w-]{1,64}(\\.[\\w-]{1,64}){0,7}$',
    must: 'names of fields, separated by dots',
    description,
  })

const webhookSecret = (description: string) =>
  Type.String({ secret: true, minLength: 8, must: 'a secret of at least 8 characters', description })

/** The characters of an origin. The URL parser also accepts others, such as the wildcard in `https://*.example.com`. */
const ORIGIN = /^https?:\/\/(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d+)?$/

/** Returns whether all items of a list are origins as browsers send them: lower case, without a path or default port. */
const areOrigins = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .every((origin) => ORIGIN.test(origin) && parseUrl(origin)?.origin === origin)

/**
 * The environment variables. docs/configuration.md and .env.example must have the same texts (test/config.test.ts
 * checks it).
 */
export const Variables = Type.Object({
  NODE_ENV: choice(
    ['production', 'development', 'test'],
    'production',
    'production, development or test',
    'Environment: production, development or test. Demonstration data is never written in production.',
  ),
  HOST: Type.String({
    default: '127.0.0.1',
    must: 'an address to listen on',
    description: 'Address to listen on. In a container: 0.0.0.0.',
  }),
  PORT: port(3000, 'Port to listen on. 0 selects a free port.'),
  LOG_LEVEL: choice(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info',
    'fatal, error, warn, info, debug, trace or silent',
    'Minimum level of log messages: fatal, error, warn, info, debug, trace or silent.',
  ),
  TRUST_PROXY: Type.Optional(
    checked(
      'addresses or networks like 127.0.0.1, 10.0.0.0/8, separated by commas',
      (text) => readList(text).every(isNetwork),
      'Addresses or networks of proxies whose X-Forwarded-* headers are trusted, separated by commas.',
    ),
  ),
  KEEP_ALIVE_TIMEOUT: milliseconds(
    72_000,
    'Milliseconds before an idle connection is closed. Must exceed the idle timeout of the proxy in front.',
  ),
  METRICS_PORT: Type.Optional(port(undefined, 'Port for Prometheus metrics. Unset: no metrics.')),
  SHUTDOWN_DELAY: integer(
    'a number of milliseconds from 0 to 600000',
    0,
    600_000,
    1000,
    'Milliseconds after SIGTERM during which requests are still accepted while the readiness check returns 503. Limited to a quarter of SHUTDOWN_TIMEOUT.',
  ),
  SHUTDOWN_TIMEOUT: milliseconds(10_000, 'Maximum duration of a shutdown in milliseconds, SHUTDOWN_DELAY included.'),
  DATABASE_URL: Type.String({
    secret: true,
    check: connectionUrlProblem,
    must: 'a URL of the form postgres://user:password@host:5432/database',
    description: 'PostgreSQL database, version 15 or later. Required, except by `npm run dev`.',
  }),
  DATABASE_POOL_SIZE: integer(
    'an integer from 1 to 200',
    1,
    200,
    10,
    'Maximum number of connections to PostgreSQL in the pool. The service opens all of them when it starts. The readiness check uses one more.',
  ),
  DATABASE_CONNECT_TIMEOUT: milliseconds(
    800,
    'Maximum number of milliseconds that a query waits for a connection from the pool.',
  ),
  DATABASE_ANSWER_TIMEOUT: milliseconds(1000, 'Maximum number of milliseconds that a query waits for its result.'),
  DATABASE_LOCK_TIMEOUT: milliseconds(500, 'Maximum number of milliseconds that a statement waits for a lock.'),
  MIGRATE_ON_START: boolean(
    true,
    'Whether to apply pending migrations at startup. If false, pending migrations prevent the start.',
  ),
  SESSION_IDLE_TIMEOUT: Type.Optional(
    sessionTime('Maximum time between two requests of a session, in milliseconds. Unset: no limit.'),
  ),
  SESSION_MAX_AGE: Type.Optional(sessionTime('Maximum age of a session, in milliseconds. Unset: no limit.')),
  SESSION_LOOKUP_URL: Type.Optional(
    checked(
      'a URL of the form https://host/path, without a user name, password or fragment',
      isLookupUrl,
      'URL to validate session cookies that are not in the table sessions. Unset: such cookies are invalid.',
    ),
  ),
  SESSION_LOOKUP_TTL: milliseconds(60_000, 'Milliseconds until a session from SESSION_LOOKUP_URL is looked up again.'),
  SESSION_LOOKUP_USER_ID_FIELD: fieldPath(
    'user_id',
    'Path of the user id in the response of SESSION_LOOKUP_URL, such as data.user.id.',
  ),
  SESSION_LOOKUP_EXPIRES_AT_FIELD: fieldPath(
    'expires_at',
    'Path of the expiry time in the response of SESSION_LOOKUP_URL.',
  ),
  SERVICE_TOKENS: Type.Optional(
    checked(
      'one or two tokens of 32 to 512 letters, digits and - . _ ~ + / =, separated by a comma',
      (text) => areTokens(readTokens(text)),
      'One or two bearer tokens for /internal/v1, separated by a comma. Unset: /internal does not exist.',
      { secret: true },
    ),
  ),
  INTERNAL_PORT: Type.Optional(port(undefined, 'Separate port for /internal/v1. Unset: it is served on PORT.')),
  GITHUB_APP_ID: Type.Optional(
    Type.String({
      pattern: '^([1-9][0-9]{0,9}|Iv[0-9A-Za-z.]{8,64})$',
      must: 'the client id or the app id of a GitHub App',
      description:
        'Client id (recommended) or app id of the GitHub App. Unset: permissions come from the recorded installations (recorded mode).',
    }),
  ),
  GITHUB_APP_PRIVATE_KEY: Type.Optional(
    checked(
      'the RSA private key of the GitHub App, as PEM or base64-encoded PEM',
      (text) => readPrivateKey(text) !== undefined,
      'RSA private key of the GitHub App, as PEM or base64-encoded PEM. Required with GITHUB_APP_ID.',
      { secret: true },
    ),
  ),
  GITHUB_API_URL: Type.String({
    default: 'https://api.github.com',
    pattern: '^https?://[^/?#@]+(/[^?#@]*)?$',
    must: 'the URL of a GitHub REST API',
    description: 'GitHub REST API. GitHub Enterprise Server: https://HOST/api/v3.',
  }),
  GITHUB_WEBHOOK_SECRET: Type.Optional(
    webhookSecret("Secret of the GitHub App's webhook. Unset: POST /webhooks/github does not exist."),
  ),
  GITHUB_WEBHOOK_SECRET_PREVIOUS: Type.Optional(
    webhookSecret('Previous webhook secret, accepted as well during a rotation.'),
  ),
  MAX_PROJECT_BYTES: count(
    16 * 1024 * 1024,
    'Maximum size of each list of a project (imports, files, links of each resource type), in bytes of JSON. Writes beyond it get 409.',
  ),
  RATE_LIMIT_SESSION: count(6000, 'Maximum requests per minute for one session. Further requests get 429.'),
  RATE_LIMIT_ADDRESS: count(
    3000,
    'Maximum requests per minute from one client address, except health checks, signed webhook deliveries and requests that count against a session or a service token. Further requests get 429.',
  ),
  GITHUB_RATE_LIMIT_USER: count(
    60,
    'Maximum requests per minute that call GitHub, for one user. Further requests get 429. The limit for all users together is ten times as high; beyond it, requests get 503.',
  ),
  REDIS_URL: Type.Optional(
    checked(
      'a URL of the form redis://user:password@host:6379/0',
      isRedisUrl,
      'Redis that shares rate limits between instances. Unset: each instance counts its own requests.',
      { secret: true },
    ),
  ),
  MAX_EVENT_LOOP_DELAY: milliseconds(1000, 'Event loop delay in milliseconds beyond which requests get 503.'),
  CORS_ORIGINS: Type.Optional(
    checked(
      'origins like https://app.example.com, without a default port, separated by commas',
      areOrigins,
      'Origins that may send requests with credentials, separated by commas. Unset: CORS is off.',
    ),
  ),
  HSTS_INCLUDE_SUBDOMAINS: boolean(true, 'Whether Strict-Transport-Security includes subdomains.'),
  API_DOCS: Type.Optional(
    boolean(undefined, 'Whether /docs and /openapi.json are served. Unset: everywhere except in production.'),
  ),
})
export type Variables = Static<typeof Variables>

/** Splits a list that is separated by commas. */
export const readList = (text = ''): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)

/** Splits service tokens, which are separated by commas or, in a file, by line breaks. */
export const readTokens = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean)

/** Whether there are one or two tokens, each of 32 to 512 characters of a bearer token (RFC 6750, section 2.1). */
const areTokens = (tokens: string[]) =>
  tokens.length >= 1 && tokens.length <= 2 && tokens.every((token) => /^[\w.~+/=-]{32,512}$/.test(token))

function isLookupUrl(text: string): boolean {
  const { protocol, username, password, hash } = parseUrl(text) ?? {}
  return /^https?:$/.test(protocol ?? '') && `${username}${password}${hash}` === ''
}

/** Whether a text is an address or a network: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`. */
function isNetwork(text: string): boolean {
  const [address = '', prefix = '0', ...rest] = text.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits
}
