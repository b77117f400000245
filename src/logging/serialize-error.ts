import { isDatabaseUnavailable, readFailure } from '../database/errors.js'
import { ApiError } from '../errors.js'
import { RefusedResponse } from '../github/bounded-fetch.js'

/** An error in a log line. */
interface LoggedError {
  type: string
  message?: string
  stack?: string
  code?: string
  constraint?: string
  cause?: LoggedError
  errors?: LoggedError[]
}

/** Maximum depth of nested causes, and maximum number of errors of an `AggregateError`. */
const MAX_DEPTH = 5

/** Identifiers in source code, SQL and protocols, as opposed to user input. */
const NAME = /^[\w.-]{1,128}$/

/**
 * SQLSTATE classes whose messages contain no values, only names of schema objects and settings: feature not supported,
 * syntax error or access rule violation, object not in prerequisite state, system error, internal error. They may quote
 * SQL, but the service passes values as parameters, which are not part of it.
 */
const NAMES_ONLY = /^(0A|42|55|58|XX)/

/**
 * Serializes an error for the log, with an allowlist of properties and messages. The log must not contain any value
 * from a request, but libraries attach their input to errors: in messages (`JSON.parse`, PostgreSQL's conversions), in
 * properties (`input`, `detail`, `meta`, `request`) and in causes.
 * @param options `hasStack`: whether to include stack traces (default: true). `depth`: depth of a nested error
 */
export function serializeError(error: unknown, { hasStack = true, depth = 0 } = {}): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error }
  const { code, constraint, message } = readFailure(error)
  const isSafe = isSafeMessage(error, code)
  const type = NAME.test(error.constructor.name) ? error.constructor.name : 'Error'
  const serializeNested = (nested: unknown) => serializeError(nested, { hasStack, depth: depth + 1 })
  const cause = depth < MAX_DEPTH && error.cause instanceof Error ? error.cause : undefined
  const errors = depth < MAX_DEPTH && error instanceof AggregateError ? error.errors.slice(0, MAX_DEPTH) : []
  return {
    type,
    ...(isSafe && { message }),
    ...(hasStack && { stack: [isSafe ? `${type}: ${message}` : type, ...framesOf(error)].join('\n') }),
    ...(NAME.test(code) && { code }),
    ...(NAME.test(constraint) && { constraint }),
    ...(cause && { cause: serializeNested(cause) }),
    ...(errors.length > 0 && { errors: errors.map(serializeNested) }),
  }
}

/**
 * Returns whether the message of an error is certain to contain no value from a request. The message of an ApiError
 * with a 4xx status may contain one.
 */
function isSafeMessage(error: Error, code: string): boolean {
  if (error instanceof ApiError) return error.statusCode >= 500
  return error instanceof RefusedResponse || 'syscall' in error || NAMES_ONLY.test(code) || isDatabaseUnavailable(error)
}

/** Returns the stack frames. Skips the message, which can itself contain lines that look like frames. */
function framesOf({ stack = '', message }: Error): string[] {
  const rest = stack.slice(stack.indexOf(message) + message.length)
  return rest.split('\n').filter((line) => /^ {4}at /.test(line))
}
