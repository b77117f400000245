import type { FastifyError, FastifyInstance } from 'fastify'
import type { ErrorBody } from './schemas.js'

/** An error with a status and code for the client. */
export class HttpError extends Error {
  readonly statusCode: number
  readonly code: string

  constructor(statusCode: number, code: string, message: string) {
    super(message)
    this.statusCode = statusCode
    this.code = code
  }
}

/** SQLSTATEs that are caused by the request. */
const SQL_ERRORS: Record<string, HttpError> = {
  NP001: new HttpError(409, 'PROJECT_FULL', 'The project is full'),
  '23503': new HttpError(404, 'PROJECT_NOT_FOUND', 'Project not found'),
  '23514': new HttpError(400, 'INVALID_REQUEST', 'The source_path does not match the source_type'),
}

const INTERNAL = new HttpError(500, 'INTERNAL', 'Internal Server Error')

export interface ErrorOptions {
  /** Returns the SQLSTATE of an error; undefined if it is not from PostgreSQL. */
  sqlStateOf(error: unknown): string | undefined
}

/** Sends all errors in the same format. */
export async function errors(app: FastifyInstance, { sqlStateOf }: ErrorOptions) {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { statusCode, code, message } = SQL_ERRORS[sqlStateOf(error) ?? ''] ?? toHttpError(error)
    if (statusCode >= 500) request.log.error({ err: error }, message)
    const body: ErrorBody = {
      statusCode,
      code,
      message,
      ...(error.validation && { errors: listValidationErrors(error) }),
    }
    return reply.code(statusCode).send(body)
  })
  app.setNotFoundHandler(() => {
    throw new HttpError(404, 'ROUTE_NOT_FOUND', 'Route not found')
  })
}

function toHttpError(error: FastifyError): HttpError {
  if (error.validation) return new HttpError(400, 'INVALID_REQUEST', 'Invalid request parameters')
  const { statusCode = 500, code, message } = error
  return statusCode < 500 ? new HttpError(statusCode, code, message) : INTERNAL
}

function listValidationErrors({ validation = [], validationContext }: FastifyError) {
  return validation.map(({ instancePath, message = 'is not valid' }) => ({
    path: `${validationContext}${instancePath.replaceAll('/', '.')}`,
    message,
  }))
}
