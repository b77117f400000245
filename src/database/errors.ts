import { ApiError } from '../errors.js'

/**
 * SQLSTATEs that blame the database rather than the statement: insufficient resources, operator intervention,
 * a read-only database, a statement or lock timeout, a rejected login.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE = /^(53...|57P0.|57014|25006|55P03|28...|3D000)$/

/** There was no connection, so nothing has been executed: codes of Node and of Prisma's adapter, and messages of `pg`. */
const UNREACHABLE =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|DatabaseNotReachable|TlsConnectionError|TooManyConnections)$|^(Connection terminated due to connection timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Cannot use a pool after|Unable to start a transaction in the given time)/

/** The server's certificate was rejected, or it has none: codes of Node and a message of `pg`. */
const UNTRUSTED = /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF_).*)$/
const TLS = /^(CERT_.*|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$|^The server does not support SSL connections$/

/** A pooler does not know a setting that each connection makes. */
const POOLER = /^unsupported startup parameter/

/** The connection was lost, or a response did not arrive in time: PostgreSQL may have executed the statement. */
const LOST =
  /^(08...|ECONNRESET|EPIPE|ETIMEDOUT|ConnectionClosed|SocketTimeout|P2028)$|^(Connection terminated( unexpectedly)?$|Query read timeout)/

/**
 * SQLSTATEs of a prepared statement that no longer fits the schema: its plan or its types were replaced, by a restore for
 * example. All other causes of these codes are internal errors of PostgreSQL, or mean that a feature is not supported.
 */
const STALE = /^(0A000|26000|XX000)$/

/** SQLSTATEs of a deadlock, and of a table, schema or type that does not exist: a restore is in progress. */
const UNSETTLED = /^(40P01|42P01|42704|3F000)$/

/** An error of `pg`, or one that Prisma's adapter has converted. */
type PgError = Error & { code?: string; constraint?: string; meta?: { driverAdapterError?: { cause?: Cause } } }
type Cause = { originalCode?: string; originalMessage?: string; kind?: string; constraint?: { index?: string } }

/** Reads the SQLSTATE or other code, the constraint and the message of an error; empty strings where it has none. */
export function readFailure(error: unknown): { code: string; constraint: string; message: string } {
  if (!(error instanceof Error)) return { code: '', constraint: '', message: '' }
  const { code = '', constraint = '', meta, message }: PgError = error
  const cause = meta?.driverAdapterError?.cause
  return {
    code: String(cause?.originalCode ?? cause?.kind ?? code),
    constraint: cause?.constraint?.index ?? constraint,
    message: cause?.originalMessage ?? message.trim(),
  }
}

/** Whether an error means that a constraint or unique index was violated. */
export function isViolated(name: string, error: unknown): boolean {
  const { code, constraint, message } = readFailure(error)
  return code === '23505' && (constraint === name || message.includes(`"${name}"`))
}

/** Whether an error means that the database could not be reached or could not serve, as opposed to a bug. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isDatabaseUnavailable)
  const { code, message } = readFailure(error)
  return (
    UNAVAILABLE.test(code) ||
    [UNREACHABLE, UNTRUSTED, TLS, LOST].some((pattern) => pattern.test(code) || pattern.test(message))
  )
}

/** Whether a prepared statement has to be prepared again. It has not been executed. */
export const isStale = (error: unknown): boolean => STALE.test(readFailure(error).code)

/** Whether a statement did not get a lock in time, also if Database.read has translated the error. */
export const isLockTimeout = (error: unknown): boolean =>
  readFailure(error instanceof ApiError ? error.cause : error).code === '55P03'

/** Whether a value is not unique. */
export const isUniqueViolation = (error: unknown): boolean => readFailure(error).code === '23505'

/** Describes in one line why a connection failed. */
export function describeConnectionError({ code, message }: Partial<NodeJS.ErrnoException>): string {
  if (code && UNTRUSTED.test(code)) {
    return `the CA of its certificate is not trusted (${code}): add sslrootcert=FILE to the URL, or sslmode=no-verify`
  }
  if (message && TLS.test(message)) return `${message}: sslmode must be disable`
  if (message && POOLER.test(message)) return `${message.trim()}: behind PgBouncer, add pgbouncer=true to the URL`
  // An error that covers several addresses has only a code.
  return message?.trim().split('\n')[0] || code || 'unknown'
}

/**
 * Translates an error of the database into the one that the client sees.
 * @param isWrite whether the request was to store something
 * @returns the error itself where it is a bug
 */
export function toApiError(error: unknown, isWrite: boolean): unknown {
  const { code, constraint, message } = readFailure(error)
  switch (code) {
    // Raised by require_project_room(), with a message for the client.
    case 'NP001':
      return new ApiError('PROJECT_FULL', { message })
    // Another transaction has just stored the same value, after it was looked for.
    case '23505':
      return new ApiError('CONFLICT')
    // A row that was there when it was read has been deleted since: the project, or the resource to link.
    case '23503': {
      const isResource = constraint.startsWith('project_') && !constraint.includes('_project_id_')
      return new ApiError(isResource ? 'RESOURCE_NOT_FOUND' : 'PROJECT_NOT_FOUND')
    }
  }
  // Thrown by Database.read, which has stored nothing whatever happened to the connection.
  const isRead = error instanceof ApiError && error.code === 'DATABASE_UNAVAILABLE'
  const isTemporary = isDatabaseUnavailable(error) || STALE.test(code) || UNSETTLED.test(code)
  if (!isRead && !isTemporary) return error
  if (!isWrite) return isRead ? error : new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause: error })
  const isCertain = isRead || !(LOST.test(code) || LOST.test(message))
  const text = isCertain
    ? 'The database is unavailable: nothing was stored'
    : 'The connection to the database was lost: a change may or may not have been stored'
  return new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause: error, message: text })
}
