import { isDatabaseUnavailable, readFailure } from '../database/errors.js'
import { ApiError } from '../errors.js'
import { RefusedResponse } from '../github/bounded-fetch.js'

/** An error as a log line shows it. */
interface LoggedError {
  type: string
  message?: string
  stack: string
  code?: string
  constraint?: string
  cause?: LoggedError
  errors?: LoggedError[]
}

/** Causes of causes that are followed. */
const MAX_DEPTH = 5

/** Names in source code, SQL and protocols, as opposed to what a user could have written. */
const NAME = /^[\w.-]{1,128}$/

/**
 * SQLSTATEs whose messages contain nothing but names of the schema and of settings: feature not supported, syntax error or
 * access rule violation, object not in prerequisite state, system error, internal error. Parameters are never in the text
 * of a statement.
 */
const NAMES_ONLY = /^(0A|42|55|58|XX)/

/**
 * Serializes an error for the log, by an allow-list: libraries attach their input to their errors, in messages
 * (`JSON.parse`, PostgreSQL's conversions), in properties (`input`, `detail`, `meta`, `request`) and in causes. No value
 * of a request may get into the log.
 */
export function serializeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, stack: '' }
  const { code, constraint, message } = readFailure(error)
  const isSafe = isSafeMessage(error, code)
  const type = NAME.test(error.constructor.name) ? error.constructor.name : 'Error'
  const causes =
    depth < MAX_DEPTH && error.cause instanceof Error ? { cause: serializeError(error.cause, depth + 1) } : {}
  const several = depth < MAX_DEPTH && error instanceof AggregateError ? error.errors.slice(0, MAX_DEPTH) : []
  return {
    type,
    ...(isSafe && { message }),
    stack: [isSafe ? `${type}: ${message}` : type, ...framesOf(error)].join('\n'),
    ...(NAME.test(code) && { code }),
    ...(NAME.test(constraint) && { constraint }),
    ...causes,
    ...(several.length > 0 && { errors: several.map((one) => serializeError(one, depth + 1)) }),
  }
}

/** Whether a message was written here, or is about the network or the schema of the database. */
function isSafeMessage(error: Error, code: string): boolean {
  if (error instanceof ApiError) return error.statusCode >= 500
  return error instanceof RefusedResponse || 'syscall' in error || NAMES_ONLY.test(code) || isDatabaseUnavailable(error)
}

/** The lines of a stack below the message, which can itself have lines that look like them. */
function framesOf({ stack = '', message }: Error): string[] {
  const rest = stack.slice(stack.indexOf(message) + message.length)
  return rest.split('\n').filter((line) => /^ {4}at /.test(line))
}
