import { accessSync, constants } from 'node:fs'

/** Connection settings from DATABASE_URL. */
export interface ConnectionSettings {
  /** URL for `pg`, without parameters that `pg` would ignore or interpret differently. */
  connectionString: string
  /** Whether connections go through PgBouncer or another pooler in transaction mode. */
  isPooled: boolean
  /** Command-line options of the server process, such as `-c name=value`. */
  options: string
}

const FORM = 'be a URL of the form postgres://user:password@host:5432/database'
const ENCODE = 'percent-encode special characters in the user name and password (@ as %40, / as %2F, # as %23)'
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full', 'no-verify']
const FILES = ['sslrootcert', 'sslcert', 'sslkey']

/** Parameters that are supported by this module or by `pg`. */
const SUPPORTED = ['host', 'port', 'user', 'password', 'application_name', 'fallback_application_name', 'options']
SUPPORTED.push('schema', 'pgbouncer', 'ssl', 'sslmode', 'sslnegotiation', ...FILES)

/**
 * libpq parameters, each with a pattern for the values that have no effect. A parameter with such a value is dropped.
 * Any other value is rejected, because `pg` would ignore it.
 */
const NEUTRAL = new Map([
  ['channel_binding', /^(prefer|disable)$/],
  ['client_encoding', /^(utf-?8|auto)$/i],
  ['gssencmode', /^(prefer|disable)$/],
  ['keepalives', /^1$/],
  ['target_session_attrs', /^any$/],
])

/** Rejected parameters that `pg` or other PostgreSQL clients support, and what to do instead. */
const INSTEAD = new Map([
  ['connect_timeout', 'set DATABASE_CONNECT_TIMEOUT'],
  ['connection_limit', 'set DATABASE_POOL_SIZE'],
  ['lock_timeout', 'set DATABASE_LOCK_TIMEOUT or, behind PgBouncer, a default for the database role'],
  ['pool_timeout', 'set DATABASE_CONNECT_TIMEOUT'],
  ['socket_timeout', 'set DATABASE_ANSWER_TIMEOUT'],
  ['sslaccept', 'use sslmode'],
  ['statement_timeout', 'the service sets it to 10 s; behind PgBouncer, set a default for the database role'],
])

/**
 * Validates a database URL.
 *
 * @returns undefined if the URL is valid; otherwise the end of an error message "DATABASE_URL must ...". It never
 * contains a part of the URL that could belong to the password, even if the URL is malformed.
 */
export function connectionUrlProblem(url: string): string | undefined {
  const [, authority = '', path = '', query = ''] = /^postgres(?:ql)?:\/\/([^/?#]*)([^?#]*)\??(.*)$/s.exec(url) ?? []
  if (/[@#]/.test(path + query)) return ENCODE
  const parameters = new URLSearchParams(query)
  const hosts = [authority.replace(/^.*@/s, ''), ...parameters.getAll('host')].filter(Boolean)
  if (hosts.length === 0 || !/^\/./.test(path)) return FORM
  const lists = [...hosts, parameters.get('port') ?? '']
  if (parameters.getAll('host').length > 1 || lists.some((text) => text.includes(','))) return 'name only one host'
  if (!canParse(url)) return `${FORM}, and ${ENCODE}`
  return parametersProblem(parameters)
}

function canParse(url: string): boolean {
  try {
    // Like `pg`, insert a placeholder if the host is missing.
    const { username, password, hostname, pathname } = new URL(url.replace('@/', '@localhost/'))
    for (const part of [username, password, hostname, pathname]) decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}

function parametersProblem(parameters: URLSearchParams): string | undefined {
  const names = [...parameters.keys()]
  for (const [name, value] of parameters) {
    if (!SUPPORTED.includes(name) && !NEUTRAL.get(name)?.test(value)) return describeParameter(name, names)
  }
  const mode = parameters.get('sslmode')
  if (mode !== null && !SSL_MODES.includes(mode)) return `set sslmode to one of ${SSL_MODES.join(', ')}`
  if (!/^(true|false|1|0|)$/.test(parameters.get('ssl') ?? '')) return 'set ssl to true or false'
  if (!/^(true|false|)$/.test(parameters.get('pgbouncer') ?? '')) return 'set pgbouncer to true or false'
  const pooled = parameters.get('pgbouncer') === 'true' && ['options', 'schema'].find((name) => names.includes(name))
  if (pooled) {
    return `not combine the parameter "${pooled}" with pgbouncer=true: set its values with ALTER ROLE ... SET instead`
  }
  return FILES.map((name) => fileProblem(name, parameters.get(name))).find(Boolean)
}

function describeParameter(name: string, names: string[]): string {
  const instead = INSTEAD.get(name)
  if (instead) return `not have the parameter ${name}: ${instead}`
  if (NEUTRAL.has(name)) return `not have the parameter ${name} with this value`
  // After an unescaped & in the parameter "password", the rest of the password is parsed as another parameter.
  const canBeShown = /^[a-z_]{1,40}$/i.test(name) && !names.includes('password')
  return canBeShown ? `not have the parameter ${name}, which is not supported` : 'not have unsupported parameters'
}

function fileProblem(name: string, path: string | null): string | undefined {
  if (path === null || (name === 'sslrootcert' && path === 'system')) return undefined
  try {
    accessSync(path, constants.R_OK)
    return undefined
  } catch (error) {
    return `set ${name} to a readable file (${(error as NodeJS.ErrnoException).code})`
  }
}

/** Converts a URL that connectionUrlProblem() has accepted to settings for `pg`. */
export function readConnectionUrl(url: string): ConnectionSettings {
  const [base = '', query = ''] = url.split(/\?(.*)/s)
  const {
    pgbouncer,
    options = '',
    schema,
    ssl,
    sslmode,
    sslrootcert,
    ...others
  } = Object.fromEntries(new URLSearchParams(query))
  const parameters = Object.entries(others).filter(([name]) => !NEUTRAL.has(name))
  const tls = tlsParameters(sslmode ?? SSL[ssl ?? ''], sslrootcert)
  return {
    connectionString: `${base}?${new URLSearchParams([...parameters, ...Object.entries(tls)])}`,
    isPooled: pgbouncer === 'true',
    options: schema ? `${options} -c search_path=${escapeOption(quoteName(schema))}` : options,
  }
}

const SSL: Record<string, string> = { true: 'verify-full', 1: 'verify-full', false: 'disable', 0: 'disable' }

/**
 * Sets explicit TLS parameters. `pg` 8 verifies the certificate and host name in every mode except `disable` and
 * `no-verify`, and warns that version 9 will not. These parameters keep the strict behavior, except that `require` and
 * `verify-ca` with a CA file do not verify the host name, as in libpq.
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html
 */
function tlsParameters(mode: string | undefined, rootCert: string | undefined): Record<string, string> {
  const rootCertFile = rootCert && rootCert !== 'system' ? { sslrootcert: rootCert } : undefined
  if (mode === 'disable' || mode === 'no-verify') return { sslmode: mode, ...rootCertFile }
  if (!mode && !rootCert) return {}
  const isWithoutHostName = rootCertFile && (mode === 'require' || mode === 'verify-ca')
  if (isWithoutHostName) return { sslmode: 'verify-ca', uselibpqcompat: 'true', ...rootCertFile }
  return { sslmode: 'verify-full', ...rootCertFile }
}

const quoteName = (name: string) => `"${name.replaceAll('"', '""')}"`

/**
 * Escapes a value in the options of the server process.
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS
 */
export const escapeOption = (value: string) => value.replace(/[\\\s]/g, '\\$&')
