/** Every error that a caller can see, each once: its status and its message. The key is its `code`. */
const errors = {
  INVALID_REQUEST: [400, 'Invalid request parameters'],
  INVALID_RESOURCE_TYPE: [400, 'Invalid resource type'],
  UNAUTHORIZED: [401, 'Unauthorized'],
  USER_MISMATCH: [403, 'Forbidden'],
  CROSS_SITE_REQUEST: [403, 'Refused: another site sent this request; its origin is not one that is allowed'],
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
  CONFLICT: [409, 'Others are changing the same object: try again'],
  ID_TAKEN: [409, 'The id belongs to another user'],
  PROJECT_FULL: [409, 'The project is full'],
  IDEMPOTENCY_CONFLICT: [409, 'The first request with this Idempotency-Key is still in progress: try again'],
  PRECONDITION_FAILED: [412, 'The object has changed since it was read'],
  PAYLOAD_TOO_LARGE: [413, 'Request body is too large'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Unsupported media type: send application/json'],
  RANGE_NOT_SATISFIABLE: [416, 'The requested range is not satisfiable'],
  EXPECTATION_FAILED: [417, 'Only the expectation 100-continue can be met'],
  IDEMPOTENCY_KEY_REUSED: [422, 'This Idempotency-Key was used for a different request'],
  RATE_LIMITED: [429, 'Too many requests'],
  HEADERS_TOO_LARGE: [431, 'Request headers are too large'],
  INTERNAL: [500, 'Internal Server Error'],
  GITHUB_UNAVAILABLE: [503, 'GitHub is unavailable: nothing was stored'],
  SESSION_LOOKUP_UNAVAILABLE: [503, 'Sessions cannot be verified at present: nothing was stored'],
  OVERLOADED: [503, 'The service is overloaded: nothing was stored'],
  DATABASE_UNAVAILABLE: [503, 'The database is unavailable'],
  SHUTTING_DOWN: [503, 'The service is about to end'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type ErrorCode = keyof typeof errors
export type ErrorStatus = (typeof errors)[ErrorCode][0]

export const ERROR_CODES = Object.keys(errors) as ErrorCode[]

/** One problem of a request: where it is (`body.title`, `query.limit`, `path.user_id`) and what is wrong there. */
export interface ValidationError {
  path: string
  message: string
}

/** The one shape of every error body. */
export interface ErrorBody {
  statusCode: number
  code: string
  message: string
  errors?: ValidationError[]
}

/** An error that is meant for the caller. Anything else that is thrown becomes a 500 without detail. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly code: ErrorCode
  readonly statusCode: number
  readonly validationErrors: ValidationError[] | undefined
  /** In seconds, for a `Retry-After` header. */
  readonly retryAfter: number | undefined
  /** For the log only: more than the client may know. Never contains a value from the request. */
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

/** A 400 that lists what is wrong with the request. */
export function invalidRequest(...validationErrors: ValidationError[]): ApiError {
  return new ApiError('INVALID_REQUEST', { validationErrors })
}

/**
 * A 429.
 * @param message names the limit
 * @param retryAfter in seconds
 */
export function tooManyRequests(message: string, retryAfter: number): ApiError {
  return new ApiError('RATE_LIMITED', { message, retryAfter, reason: message })
}
