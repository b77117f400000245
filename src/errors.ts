/** Every error that a client can receive: its HTTP status and default message, by `code`. */
const errors = {
  INVALID_REQUEST: [400, 'Invalid request parameters'],
  INVALID_RESOURCE_TYPE: [400, 'Invalid resource type'],
  UNAUTHORIZED: [401, 'Unauthorized'],
  USER_MISMATCH: [403, 'Forbidden'],
  CROSS_SITE_REQUEST: [403, 'Cross-site request from an origin that is not allowed'],
  FORBIDDEN: [403, 'Forbidden'],
  GITHUB_ACCESS_DENIED: [403, 'No access to this GitHub repository'],
  ROUTE_NOT_FOUND: [404, 'Route not found'],
  USER_NOT_FOUND: [404, 'User not found'],
  PROJECT_NOT_FOUND: [404, 'Project not found'],
  IMPORT_NOT_FOUND: [404, 'Import not found'],
  RESOURCE_NOT_FOUND: [404, 'Resource not found'],
  FILE_NOT_FOUND: [404, 'File not found'],
  NO_GITHUB_INSTALLATION: [404, 'No GitHub installation is linked to this project'],
  REQUEST_TIMEOUT: [408, 'Request timed out'],
  CONFLICT: [409, 'The object is being changed by a concurrent request; try again'],
  ID_TAKEN: [409, 'The id belongs to another user'],
  PROJECT_FULL: [409, 'The project is full'],
  IDEMPOTENCY_CONFLICT: [409, 'The first request with this Idempotency-Key is still in progress; try again later'],
  PRECONDITION_FAILED: [412, 'The object has changed since it was read'],
  PAYLOAD_TOO_LARGE: [413, 'Request body is too large'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Unsupported media type: send application/json'],
  RANGE_NOT_SATISFIABLE: [416, 'The requested range is not satisfiable'],
  EXPECTATION_FAILED: [417, 'Only "Expect: 100-continue" is supported'],
  IDEMPOTENCY_KEY_REUSED: [422, 'This Idempotency-Key was used for a different request'],
  RATE_LIMITED: [429, 'Too many requests'],
  HEADERS_TOO_LARGE: [431, 'Request headers are too large'],
  INTERNAL: [500, 'Internal Server Error'],
  GITHUB_UNAVAILABLE: [503, 'GitHub is unavailable: nothing was stored'],
  SESSION_LOOKUP_UNAVAILABLE: [503, 'Sessions cannot be verified at the moment: nothing was stored'],
  OVERLOADED: [503, 'The service is overloaded: nothing was stored'],
  DATABASE_UNAVAILABLE: [503, 'The database is unavailable'],
  SHUTTING_DOWN: [503, 'The service is shutting down'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type ErrorCode = keyof typeof errors
export type ErrorStatus = (typeof errors)[ErrorCode][0]

export const ERROR_CODES = Object.keys(errors) as ErrorCode[]

/** A validation error: the path of the invalid field (`body.title`, `query.limit`, `path.user_id`) and the reason. */
export interface ValidationError {
  path: string
  message: string
}

/** The body of every error response. */
export interface ErrorBody {
  statusCode: number
  code: string
  message: string
  errors?: ValidationError[]
}

/** An error to send to the client. The error handler converts all others: unknown ones become a 500 without details. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly code: ErrorCode
  readonly statusCode: number
  readonly validationErrors: ValidationError[] | undefined
  /** Value of the `Retry-After` header, in seconds. */
  readonly retryAfter: number | undefined
  /** The reason for the log, which may be more specific than the message. Never contains a value from the request. */
  readonly reason: string

  constructor(
    code: ErrorCode,
    details: {
      message?: string
      validationErrors?: ValidationError[]
      retryAfter?: number
      reason?: string
      cause?: unknown
    } = {},
  ) {
    const [statusCode, message] = errors[code]
    super(details.message ?? message, { cause: details.cause })
    this.code = code
    this.statusCode = statusCode
    this.validationErrors = details.validationErrors
    this.retryAfter = details.retryAfter
    this.reason = details.reason ?? code.toLowerCase()
  }

  toBody(): ErrorBody {
    const { statusCode, code, message, validationErrors } = this
    return validationErrors ? { statusCode, code, message, errors: validationErrors } : { statusCode, code, message }
  }
}

/** Creates a 400 that lists the validation errors of the request. */
export function invalidRequest(...validationErrors: ValidationError[]): ApiError {
  return new ApiError('INVALID_REQUEST', { validationErrors })
}

/**
 * Creates a 429.
 * @param message names the limit that was exceeded
 * @param retryAfter seconds until the client may retry
 */
export function tooManyRequests(message: string, retryAfter: number): ApiError {
  return new ApiError('RATE_LIMITED', { message, retryAfter, reason: message })
}
