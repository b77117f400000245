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
      description: 'The invalid field: `body.title`, `query.limit`, `path.user_id`.',
    }),
    message: Type.String({ maxLength: 2048, description: 'What is wrong with it. Never repeats the value.' }),
  },
  { title: 'ValidationError' },
)

/** The codes of the files at `/docs`, which are not operations. */
const OF_FILES: ErrorCode[] = ['FORBIDDEN', 'RANGE_NOT_SATISFIABLE']
const DOCUMENTED_CODES = ERROR_CODES.filter((code) => !OF_FILES.includes(code))

/** The codes of the API for other services. */
const OF_SERVICES: ErrorCode[] = ['USER_NOT_FOUND', 'ID_TAKEN']

/** The one shape of every error body. */
const createErrorBody = (codes: ErrorCode[], maxValidationErrors: number, validationErrors: string) =>
  Type.Object(
    {
      statusCode: Type.Integer({
        format: 'int32',
        minimum: 400,
        maximum: 599,
        description: 'The status of the response.',
      }),
      code: OneOf(codes, { description: 'For programs: stable, upper-case.' }),
      message: Type.String({ maxLength: 4096, description: 'For people.' }),
      errors: Type.Optional(
        Type.Array(ValidationError, { maxItems: maxValidationErrors, description: validationErrors }),
      ),
    },
    { title: 'Error' },
  )

const ErrorBody = createErrorBody(
  DOCUMENTED_CODES.filter((code) => !OF_SERVICES.includes(code)),
  100,
  'Only on a 400 from validation: every validation error.',
)

const ServiceErrorBody = createErrorBody(
  DOCUMENTED_CODES,
  10_000,
  'On a 400 from validation: every validation error. On an error of a sync: every operation that failed.',
)

/** What any call can meet, whatever it asks for. */
const OF_ANY_CALL: ErrorCode[] = [
  'INVALID_REQUEST',
  'REQUEST_TIMEOUT',
  'EXPECTATION_FAILED',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
]

/** What any call can meet that wants a session and a project. */
const OF_GUARDED_CALL: ErrorCode[] = [
  'UNAUTHORIZED',
  'USER_MISMATCH',
  'PROJECT_NOT_FOUND',
  'RATE_LIMITED',
  'DATABASE_UNAVAILABLE',
  'SESSION_LOOKUP_UNAVAILABLE',
  'OVERLOADED',
]

/** What any call of another service can meet. */
const OF_SERVICE_CALL: ErrorCode[] = [
  'UNAUTHORIZED',
  'CROSS_SITE_REQUEST',
  'CONFLICT',
  'RATE_LIMITED',
  'DATABASE_UNAVAILABLE',
  'OVERLOADED',
]

/** What a call can meet whose body is read: also DELETE, which has no use for one. */
export const BODY_ERRORS: ErrorCode[] = ['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']

/** What a call can meet that changes something for a session. */
export const WRITE_ERRORS: ErrorCode[] = ['CROSS_SITE_REQUEST', ...BODY_ERRORS]

/** What a POST with an Idempotency-Key can meet. */
export const CREATE_ERRORS: ErrorCode[] = [...WRITE_ERRORS, 'IDEMPOTENCY_CONFLICT', 'IDEMPOTENCY_KEY_REUSED']

/** Errors that say more than their code does. */
const EXAMPLES: Partial<Record<ErrorCode, ApiError>> = {
  INVALID_REQUEST: invalidRequest({ path: 'path.user_id', message: 'must be an integer from 1 to 2147483647' }),
  GITHUB_ACCESS_DENIED: githubAccessDenied('username/repository'),
  RATE_LIMITED: tooManyRequests('Too many requests of this session: at most 6000 in 60 s', 60),
}

type ErrorResponses = Record<ErrorStatus, typeof ErrorBody>

/** The error answers of a call behind the guard: its own, besides those that each of them can have. */
export const guardedErrors = (...codes: ErrorCode[]) => openErrors(...OF_GUARDED_CALL, ...codes)

/** The error answers of a call that anybody can make: its own, besides those that any call can have. */
export const openErrors = (...codes: ErrorCode[]): ErrorResponses => errorAnswers(codes, ErrorBody, CHALLENGE)

/** The error answers of a call that only other services can make: its own, besides those that each of them can have. */
export const serviceErrors = (...codes: ErrorCode[]): ErrorResponses =>
  errorAnswers([...OF_SERVICE_CALL, ...codes], ServiceErrorBody, BEARER_CHALLENGE)

function errorAnswers(codes: ErrorCode[], body: typeof ErrorBody, challenge: Headers): ErrorResponses {
  const errors = [...OF_ANY_CALL, ...codes].map((code) => EXAMPLES[code] ?? new ApiError(code))
  const answers = errors.map(({ statusCode }) => [
    statusCode,
    errorAnswer(
      errors.filter((error) => error.statusCode === statusCode),
      body,
      challenge,
    ),
  ])
  return Object.fromEntries(answers) as ErrorResponses
}

/** @param errors of one status */
function errorAnswer(errors: ApiError[], schema: TSchema, challenge: Headers) {
  const examples = Object.fromEntries(errors.map((error) => [error.code, { value: error.toBody() }]))
  const meanings = errors.map(({ code }) => `\`${code}\`: ${new ApiError(code).message}.`)
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
