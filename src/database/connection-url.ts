import { accessSync, constants } from 'node:fs'

/** Connection settings that DATABASE_URL holds. */
export interface ConnectionSettings {
  /** A URL that `pg` understands, without what it would ignore or interpret differently. */
  connectionString: string
  /** Whether connections go through a pooler in transaction mode. */
  isPooled: boolean
  /** Options of the server process: `-c name=value ...`. */
  options: string
}

const FORM = 'be a URL of the form postgres://user:password@host:5432/database'
const ENCODE = 'have special characters of the user name and password percent-encoded (@ as %40, / as %2F, # as %23)'
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full', 'no-verify']
const FILES = ['sslrootcert', 'sslcert', 'sslkey']

/** Parameters that are supported, here or by `pg`. */
const SUPPORTED = ['host', 'port', 'user', 'password', 'application_name', 'fallback_application_name', 'options']
SUPPORTED.push('schema', 'pgbouncer', 'ssl', 'sslmode', 'sslnegotiation', ...FILES)

/** Parameters, with the values that change nothing: they are left out. `pg` ignores all others silently. */
const NEUTRAL = new Map([
  ['channel_binding', /^(prefer|disable)$/],
  ['client_encoding', /^(utf-?8|auto)$/i],
  ['gssencmode', /^(prefer|disable)$/],
  ['keepalives', /^1$/],
  ['target_session_attrs', /^any$/],
])

/** What to do instead of setting a parameter that other clients of PostgreSQL accept. */
const INSTEAD = new Map([
  ['connect_timeout', 'set DATABASE_CONNECT_TIMEOUT'],
  ['connection_limit', 'set DATABASE_POOL_SIZE'],
  ['lock_timeout', 'set DATABASE_LOCK_TIMEOUT'],
  ['pool_timeout', 'set DATABASE_CONNECT_TIMEOUT'],
  ['socket_timeout', 'set DATABASE_ANSWER_TIMEOUT'],
  ['sslaccept', 'use sslmode'],
  ['statement_timeout', 'the service sets it to 10 s'],
])

/**
 * Finds what is wrong with the URL of a database.
 *
 * @returns what it must be, completing "DATABASE_URL must ..."; undefined if it is valid. It never contains a part of the
 * URL that could belong to the password, however the URL was written.
 */
export function connectionUrlProblem(url: string): string | undefined {
  const [, authority = '', path = '', query = ''] = /^postgres(?:ql)?:\/\/([^/?#]*)([^?#]*)\??(.*)$/s.exec(url) ?? []
  if (/[@#]/.test(path + query)) return ENCODE
  const parameters = new URLSearchParams(query)
  const hosts = [authority.replace(/^.*@/s, ''), ...parameters.getAll('host')].filter(Boolean)
  if (hosts.length === 0 || !/^\/./.test(path)) return FORM
  const lists = [...hosts, parameters.get('port') ?? '']
  if (parameters.getAll('host').length > 1 || lists.some((text) => text.includes(','))) return 'name only one host'
  if (!canParse(url)) return ENCODE.replace('have', `${FORM}, and have`)
  return parametersProblem(parameters)
}

function canParse(url: string): boolean {
  try {
    // `pg` parses a URL without a host in this way, too.
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
  if (mode !== null && !SSL_MODES.includes(mode)) return `have one of ${SSL_MODES.join(', ')} as its sslmode`
  if (!/^(true|false|1|0|)$/.test(parameters.get('ssl') ?? '')) return 'have true or false as its ssl'
  if (!/^(true|false|)$/.test(parameters.get('pgbouncer') ?? '')) return 'have true or false as its pgbouncer'
  const pooled = parameters.get('pgbouncer') === 'true' && ['options', 'schema'].find((name) => names.includes(name))
  if (pooled) return `not have ${pooled} together with pgbouncer=true: set the default of the role instead`
  return FILES.map((name) => fileProblem(name, parameters.get(name))).find(Boolean)
}

function describeParameter(name: string, names: string[]): string {
  const instead = INSTEAD.get(name)
  if (instead) return `not have the parameter ${name}: ${instead}`
  if (NEUTRAL.has(name)) return `not have the parameter ${name} with this value`
  // An unescaped & in a password makes a parameter of the rest of the password.
  const canBeShown = /^[a-z_]{1,40}$/i.test(name) && !names.includes('password')
  return canBeShown ? `not have the parameter ${name}, which is not supported` : 'not have unsupported parameters'
}

function fileProblem(name: string, path: string | null): string | undefined {
  if (path === null || (name === 'sslrootcert' && path === 'system')) return undefined
  try {
    accessSync(path, constants.R_OK)
    return undefined
  } catch (error) {
    return `name a file that can be read as its ${name} (${(error as NodeJS.ErrnoException).code})`
  }
}

/** Translates the URL of a database, in which connectionUrlProblem() has found nothing, into settings for `pg`. */
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
 * `pg` 8 verifies certificate and host name in each mode but `no-verify`, and warns that version 9 will not. This keeps it
 * so, except that a CA that is named with `require` or `verify-ca` proves enough by itself, as in libpq.
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html
 */
function tlsParameters(mode: string | undefined, rootCert: string | undefined): Record<string, string> {
  const named = rootCert && rootCert !== 'system' ? { sslrootcert: rootCert } : undefined
  if (mode === 'disable' || mode === 'no-verify') return { sslmode: mode, ...named }
  if (!mode && !rootCert) return {}
  const isWithoutHostName = named && (mode === 'require' || mode === 'verify-ca')
  if (isWithoutHostName) return { sslmode: 'verify-ca', uselibpqcompat: 'true', ...named }
  return { sslmode: 'verify-full', ...named }
}

const quoteName = (name: string) => `"${name.replaceAll('"', '""')}"`

/** @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS */
export const escapeOption = (value: string) => value.replace(/[\\\s]/g, '\\$&')
