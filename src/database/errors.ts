import { ApiError } from '../errors.js'

/**
 * SQLSTATE classes and codes that say that the database, not the statement, is at fault:
 * connection exceptions, insufficient resources, operator intervention, and a statement that ran into its time limit.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE_SQLSTATE = /^(08...|53...|57P0.|57014|25006|55P03)$/

/** What Node and `pg` report when there is no connection, or no longer. */
const UNREACHABLE_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
const UNREACHABLE_MESSAGE =
  /^(Connection terminated due to connection timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Cannot use a pool after)/

/** The same of a connection that was lost under a statement: nobody knows how far PostgreSQL came with it. */
const LOST_CODES = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'])
const LOST_MESSAGE = /^(Connection terminated unexpectedly|Connection terminated$|Query read timeout)/

/** A statement that waited for a lock, or ran, for as long as it may. */
const LIMIT_SQLSTATES = new Set(['55P03', '57014'])

/** Whether a statement ran into one of its own limits: that says nothing of the next one. */
export function isStatementLimit(error: unknown): boolean {
  return error instanceof Error && 'code' in error && LIMIT_SQLSTATES.has(String(error.code))
}

/** Whether an error means that the database could not be reached or could not serve, rather than that we erred. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isDatabaseUnavailable)
  return isUnreachable(error) || isLost(error)
}

/** The 503 of a database that cannot be reached or does not answer, when nothing can have been stored. */
export function databaseUnavailable(cause: unknown): ApiError {
  return new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause })
}

/**
 * Turns an error of the database into the one that the caller sees.
 * @param wasWriting whether the statement may have stored something before the connection was lost
 * @returns a DATABASE_UNAVAILABLE where that is what happened, else the error itself
 */
export function toApiError(error: unknown, wasWriting: boolean): unknown {
  if (!isDatabaseUnavailable(error)) return error
  if (!wasWriting || !isLost(error)) return databaseUnavailable(error)
  const message = 'The connection to the database was lost: a change may or may not have been stored'
  return new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause: error, message })
}

function isUnreachable(error: unknown): boolean {
  return matches(error, (code) => UNAVAILABLE_SQLSTATE.test(code) || UNREACHABLE_CODES.has(code), UNREACHABLE_MESSAGE)
}

function isLost(error: unknown): boolean {
  return matches(error, (code) => LOST_CODES.has(code), LOST_MESSAGE)
}

function matches(error: unknown, hasCode: (code: string) => boolean, message: RegExp): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return hasCode(code) || message.test(error.message)
}
