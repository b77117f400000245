import type { ErrorObject } from 'ajv'
import type { FastifyRequest } from 'fastify'
import type { ValidationError } from '../errors.js'
import { joinValidationErrors, toValidationErrors } from './validation-errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Checks rules that a schema cannot express.
     * @param isValid returns whether the value at a path, such as `body.title`, matches its schema, so that its type
     * and maximum length are certain
     */
    check?: (
      parts: Pick<FastifyRequest, 'body' | 'query' | 'headers'>,
      isValid: (path: string) => boolean,
    ) => ValidationError[]
  }
}

const PARTS = [
  ['params', 'path', (request: FastifyRequest) => request.params],
  ['querystring', 'query', (request: FastifyRequest) => request.query],
  ['body', 'body', (request: FastifyRequest) => request.body],
] as const

/**
 * Finds all validation errors of a request. (Fastify itself stops at the first invalid part: path, body or query.)
 * @returns an empty array if the request is valid
 */
export function findValidationErrors(request: FastifyRequest): ValidationError[] {
  const found = request.validationError ? findSchemaValidationErrors(request) : []
  const isValid = (path: string) => !found.some((error) => isWithin(path, error.path) || isWithin(error.path, path))
  return joinValidationErrors(found, request.routeOptions.config.check?.(request, isValid) ?? [])
}

/** The order in which Fastify validates the parts, up to the first invalid one. */
const ORDER = ['params', 'body', 'querystring']

function findSchemaValidationErrors(request: FastifyRequest): ValidationError[] {
  const { validation: known, validationContext = '' } = request.validationError ?? {}
  const failed = ORDER.indexOf(validationContext)
  return PARTS.flatMap(([part, name, read]) => {
    if (ORDER.indexOf(part) < failed) return []
    const errors = ORDER.indexOf(part) === failed ? known : errorsOf(request, part, read(request))
    return toValidationErrors(name, (errors ?? []) as unknown as ErrorObject[])
  })
}

function errorsOf(request: FastifyRequest, part: (typeof PARTS)[number][0], value: unknown) {
  const validate = request.getValidationFunction(part)
  return !validate || validate(value ?? null) ? [] : validate.errors
}

const isWithin = (path: string, parent: string) =>
  path === parent || path.startsWith(`${parent}.`) || path.startsWith(`${parent}[`)
