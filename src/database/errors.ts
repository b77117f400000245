import { ApiError } from '../errors.js'

/**
 * SQLSTATEs of an unavailable database: insufficient resources, operator intervention, a read-only database, a
 * statement or lock timeout, a failed login, a database that accepts no connections or does not exist.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE = /^(53...|57P0.|57014|25006|55P03|55000|28...|3D000)$/

/** No connection, so nothing has been executed. Codes of Node and Prisma's adapter, and messages of `pg` and Prisma. */
const UNREACHABLE =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|DatabaseNotReachable|TlsConnectionError|TooManyConnections)$|^(Connection terminated due to connection timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Cannot use a pool after|Unable to start a transaction in the given time)/

/** The server's certificate is not trusted. Codes of Node. */
const UNTRUSTED = /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF_).*)$/
/** The server's certificate is invalid, or the server does not support TLS. Codes of Node and a message of `pg`. */
const TLS = /^(CERT_.*|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$|^The server does not support SSL connections$/

/** A pooler rejected a startup parameter. */
const POOLER = /^unsupported startup parameter/

/** Lost connection or timed-out response: PostgreSQL may have executed the statement. */
const LOST =
  /^(08...|ECONNRESET|EPIPE|ETIMEDOUT|ConnectionClosed|SocketTimeout|P2028)$|^(Connection terminated( unexpectedly)?$|Query read timeout)/

/**
 * SQLSTATEs of a stale prepared statement, which no longer matches the schema, for example after a restore. These codes
 * have other causes, too: unsupported features and internal errors of PostgreSQL.
 */
const STALE = /^(0A000|26000|XX000)$/

/** SQLSTATEs of a deadlock, and of a missing table, type or schema while a restore is in progress. */
const UNSETTLED = /^(40P01|42P01|42704|3F000)$/

/** An error of `pg`, or an error that Prisma's adapter has converted. */
type PgError = Error & { code?: string; constraint?: string; meta?: { driverAdapterError?: { cause?: Cause } } }
type Cause = { originalCode?: string; originalMessage?: string; kind?: string; constraint?: { index?: string } }

/** Extracts the SQLSTATE or other code, the constraint and the message of an error, or empty strings. */
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

/** Whether an error is a violation of this unique constraint or index. */
export function isViolated(name: string, error: unknown): boolean {
  const { code, constraint, message } = readFailure(error)
  return code === '23505' && (constraint === name || message.includes(`"${name}"`))
}

/** Whether an error means that the database is unreachable or unavailable, and is not a bug. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isDatabaseUnavailable)
  const { code, message } = readFailure(error)
  return (
    UNAVAILABLE.test(code) ||
    [UNREACHABLE, UNTRUSTED, TLS, LOST].some((pattern) => pattern.test(code) || pattern.test(message))
  )
}

/** Whether an error means that a prepared statement is stale, and was not executed. */
export const isStale = (error: unknown): boolean => STALE.test(readFailure(error).code)

/** Whether an error is a lock timeout, even if Database.read has converted it. */
export const isLockTimeout = (error: unknown): boolean =>
  readFailure(error instanceof ApiError ? error.cause : error).code === '55P03'

/** Whether an error is a violation of any unique constraint or index. */
export const isUniqueViolation = (error: unknown): boolean => readFailure(error).code === '23505'

/** Describes a connection error in one line. */
export function describeConnectionError({ code, message }: Partial<NodeJS.ErrnoException>): string {
  if (code && UNTRUSTED.test(code)) {
    return `the CA of the server certificate is not trusted (${code}): add sslrootcert=FILE to the URL, or sslmode=no-verify`
  }
  if (message && TLS.test(message)) return `${message}: set sslmode=disable in the URL`
  if (message && POOLER.test(message)) return `${message.trim()}: behind PgBouncer, add pgbouncer=true to the URL`
  // The error for several addresses (an AggregateError) has a code, but no message.
  return message?.trim().split('\n')[0] || code || 'unknown'
}

/**
 * Converts a database error to the error for the client.
 * @param isWrite whether the request is a write
 * @returns an ApiError for a known error of the database. Every other error is returned unchanged: an ApiError that is
 *   not about the database, an error of Fastify, or a bug
 */
export function toApiError(error: unknown, isWrite: boolean): unknown {
  const { code, constraint, message } = readFailure(error)
  switch (code) {
    // Raised by require_project_room(), with a message for the client.
    case 'NP001':
      return new ApiError('PROJECT_FULL', { message })
    // Race: a concurrent transaction stored the same value after the check.
    case '23505':
      return new ApiError('CONFLICT')
    // Race: the project, or the resource to link, was deleted after the check.
    case '23503': {
      const isResource = constraint.startsWith('project_') && !constraint.includes('_project_id_')
      return new ApiError(isResource ? 'RESOURCE_NOT_FOUND' : 'PROJECT_NOT_FOUND')
    }
  }
  // A read failed (Database.read), the readiness check failed (health.ts), a call was not executed because it got no
  // permit (concurrency-limits.ts), or the request was rejected during a migration (starting.ts). In all of these cases,
  // nothing was stored, even if the connection was lost.
  if (error instanceof ApiError && error.code === 'DATABASE_UNAVAILABLE') {
    return isWrite ? unavailable(error.cause, `${error.message}: nothing was stored`) : error
  }
  if (!isDatabaseUnavailable(error) && !STALE.test(code) && !UNSETTLED.test(code)) return error
  if (!isWrite) return unavailable(error)
  return LOST.test(code) || LOST.test(message)
    ? unavailable(error, 'The connection to the database was lost: a change may or may not have been stored')
    : unavailable(error, 'The database is unavailable: nothing was stored')
}

const unavailable = (cause: unknown, message?: string) =>
  new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause, ...(message && { message }) })
