import { ApiError } from '../errors.js'

/**
 * SQLSTATE classes and codes that say that the database, not the statement, is at fault:
 * connection exceptions, insufficient resources, operator intervention, and a statement that ran into its time limit.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE_SQLSTATE = /^(08...|53...|57P0.|57014|25006|55P03)$/

/** What Node and `pg` report when there is no connection, or no longer. */
const UNAVAILABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
const UNAVAILABLE_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error|Cannot use a pool after)/

/** Whether an error means that the database could not be reached or could not serve, rather than that we erred. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError) return error.errors.every(isDatabaseUnavailable)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return UNAVAILABLE_SQLSTATE.test(code) || UNAVAILABLE_CODES.has(code) || UNAVAILABLE_MESSAGE.test(error.message)
}

/**
 * Turns an error of the database into the one that the caller sees.
 * @returns a DATABASE_UNAVAILABLE where that is what happened, else the error itself
 */
export function toApiError(error: unknown): unknown {
  if (!isDatabaseUnavailable(error)) return error
  return new ApiError('DATABASE_UNAVAILABLE', { retryAfter: 1, cause: error })
}
