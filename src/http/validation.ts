import type { ErrorObject } from 'ajv'
import type { FastifyRequest } from 'fastify'
import type { ValidationError } from '../errors.js'
import { joinValidationErrors, toValidationErrors } from './validation-errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Validates what a schema cannot express.
     * @param isValid whether the value at a path, such as `body.title`, has passed its schema; only such a value has a
     * bounded length
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
 * Finds every validation error of a request, in all its parts. (Fastify itself stops at the first part that has one.)
 * @returns none if the request is as its route's schemas require
 */
export function findValidationErrors(request: FastifyRequest): ValidationError[] {
  const found = request.validationError ? findSchemaValidationErrors(request) : []
  const isValid = (path: string) =>
    !found.some((problem) => isWithin(path, problem.path) || isWithin(problem.path, path))
  return joinValidationErrors(found, request.routeOptions.config.check?.(request, isValid) ?? [])
}

/** Fastify has validated the parts in this order, up to the first that failed. */
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
