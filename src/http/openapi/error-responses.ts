import { type TSchema, Type } from '@sinclair/typebox'
import {
  ApiError,
  ERROR_CODES,
  type ErrorCode,
  type ErrorStatus,
  invalidRequest,
  tooManyRequests,
} from '../../errors.js'
import { githubAccessDenied } from '../../github/permission.js'
import { type Headers, OneOf } from '../../schemas.js'
import { BEARER_CHALLENGE, CHALLENGE, IDEMPOTENCY_REPLAYED, RATE_LIMIT, RETRY_AFTER } from './headers.js'

const ValidationError = Type.Object(
  {
    path: Type.String({
      maxLength: 255,
      description: 'Path of the invalid field, such as `body.title`, `query.limit` or `path.user_id`.',
    }),
    message: Type.String({
      maxLength: 2048,
      description: 'Reason why the value is invalid. Never contains the value.',
    }),
  },
  { title: 'ValidationError' },
)

/** Errors of the static files at `/docs`, which are not in the document. */
const DOCS_PAGE_CODES: ErrorCode[] = ['FORBIDDEN', 'RANGE_NOT_SATISFIABLE']
const DOCUMENTED_CODES = ERROR_CODES.filter((code) => !DOCS_PAGE_CODES.includes(code))

/** Errors of the internal API only. */
const SERVICE_CODES: ErrorCode[] = ['USER_NOT_FOUND', 'ID_TAKEN']

/** Creates the schema of all error bodies of one API, public or internal. */
const createErrorBody = (codes: ErrorCode[], maxValidationErrors: number, validationErrors: string) =>
  Type.Object(
    {
      statusCode: Type.Integer({
        format: 'int32',
        minimum: 400,
        maximum: 599,
        description: 'HTTP status of the response.',
      }),
      code: OneOf(codes, { description: 'Stable, machine-readable error code.' }),
      message: Type.String({ maxLength: 4096, description: 'Human-readable description of the error.' }),
      errors: Type.Optional(
        Type.Array(ValidationError, { maxItems: maxValidationErrors, description: validationErrors }),
      ),
    },
    { title: 'Error' },
  )

const ErrorBody = createErrorBody(
  DOCUMENTED_CODES.filter((code) => !SERVICE_CODES.includes(code)),
  100,
  'All validation errors. Present only if validation failed (400).',
)

const ServiceErrorBody = createErrorBody(
  DOCUMENTED_CODES,
  10_000,
  'All validation errors if validation failed (400), or all failed operations if a sync failed.',
)

/** Errors of every operation. */
const COMMON_ERRORS: ErrorCode[] = [
  'INVALID_REQUEST',
  'REQUEST_TIMEOUT',
  'EXPECTATION_FAILED',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
]

/** Further errors of every operation that requires a session and a project. */
const GUARDED_ERRORS: ErrorCode[] = [
  'UNAUTHORIZED',
  'USER_MISMATCH',
  'PROJECT_NOT_FOUND',
  'RATE_LIMITED',
  'DATABASE_UNAVAILABLE',
  'SESSION_LOOKUP_UNAVAILABLE',
  'OVERLOADED',
]

/**
 * Further errors that are documented for every operation of the internal API. CONFLICT is one of them, although only PUT
 * and POST can cause it.
 */
const SERVICE_ERRORS: ErrorCode[] = [
  'UNAUTHORIZED',
  'CROSS_SITE_REQUEST',
  'CONFLICT',
  'RATE_LIMITED',
  'DATABASE_UNAVAILABLE',
  'OVERLOADED',
]

/** Errors of an operation that parses its request body. DELETE does so, too, although it does not use the result. */
export const BODY_ERRORS: ErrorCode[] = ['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']

/** Errors of a write with a session. */
export const WRITE_ERRORS: ErrorCode[] = ['CROSS_SITE_REQUEST', ...BODY_ERRORS]

/** Errors of a POST that supports `Idempotency-Key`. */
export const CREATE_ERRORS: ErrorCode[] = [...WRITE_ERRORS, 'IDEMPOTENCY_CONFLICT', 'IDEMPOTENCY_KEY_REUSED']

type AllErrors = Record<ErrorCode, ApiError>

/** Each error with its default message. */
const DEFAULTS = Object.fromEntries(ERROR_CODES.map((code) => [code, new ApiError(code)])) as AllErrors

/** An example of each error. Some have details that depend on the request. */
const EXAMPLES: AllErrors = {
  ...DEFAULTS,
  INVALID_REQUEST: invalidRequest({ path: 'path.user_id', message: 'must be an integer from 1 to 2147483647' }),
  GITHUB_ACCESS_DENIED: githubAccessDenied('username/repository'),
  RATE_LIMITED: tooManyRequests('Too many requests for this session: at most 6000 in 60 s', 60),
}

type ErrorResponses = Record<ErrorStatus, typeof ErrorBody>

/** Returns the error responses of an operation that requires a session: `codes` and the common errors. */
export const guardedErrors = (...codes: ErrorCode[]) => openErrors(...GUARDED_ERRORS, ...codes)

/** Returns the error responses of an operation without a session: `codes` and the errors of every operation. */
export const openErrors = (...codes: ErrorCode[]): ErrorResponses => errorResponses(codes, ErrorBody, CHALLENGE)

/** Returns the error responses of an operation of the internal API: `codes` and the common errors. */
export const serviceErrors = (...codes: ErrorCode[]): ErrorResponses =>
  errorResponses([...SERVICE_ERRORS, ...codes], ServiceErrorBody, BEARER_CHALLENGE)

function errorResponses(codes: ErrorCode[], body: typeof ErrorBody, challenge: Headers): ErrorResponses {
  const errors = [...COMMON_ERRORS, ...codes].map((code) => EXAMPLES[code])
  const responses = errors.map(({ statusCode }) => [
    statusCode,
    errorResponse(
      errors.filter((error) => error.statusCode === statusCode),
      body,
      challenge,
    ),
  ])
  return Object.fromEntries(responses) as ErrorResponses
}

/** @param errors the errors with one status */
function errorResponse(errors: ApiError[], schema: TSchema, challenge: Headers) {
  const examples = Object.fromEntries(errors.map((error) => [error.code, { value: error.toBody() }]))
  const meanings = errors.map(({ code }) => `\`${code}\`: ${DEFAULTS[code].message}.`)
  return {
    description: meanings.join(' '),
    headers: headersOf(errors[0]?.statusCode ?? 0, challenge, examples),
    content: { 'application/json': { schema, examples } },
  }
}

const headersOf = (status: number, challenge: Headers, codes: object): Headers => ({
  ...(status === 401 ? challenge : {}),
  ...(status === 429 || status === 503 ? RETRY_AFTER : {}),
  ...('IDEMPOTENCY_CONFLICT' in codes ? { ...RETRY_AFTER, ...IDEMPOTENCY_REPLAYED } : {}),
  ...RATE_LIMIT,
})
