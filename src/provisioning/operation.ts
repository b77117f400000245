import type { Static, TObject, TSchema } from '@sinclair/typebox'
import type { ErrorCode, ValidationError } from '../errors.js'
import type { UserTransaction } from './transaction.js'

/** Result of an operation. The response schema serializes the body, whose times are still Dates. */
export interface Result {
  status: 200 | 201
  body: object
}

/** A write for one user, requested by its own route or as part of a sync. */
export interface Operation {
  method: 'PUT' | 'POST' | 'DELETE'
  /** Path below `/users/:user_id`, such as `/projects/:project_id`. Empty for the user itself. */
  path: string
  /** Schema of the ids in the path. */
  params: TObject
  body: TObject | undefined
  /**
   * Checks rules that the schema cannot express. Paths of validation errors start with `body`.
   * @param valid the properties that match their schemas
   * @param body all properties
   */
  check: (valid: Record<string, unknown>, body: Record<string, unknown>) => ValidationError[]
  /** Performs the operation. Throws an ApiError only if it has written nothing. */
  run: (work: UserTransaction, params: Record<string, number>, body: Record<string, unknown>) => Promise<Result>
  operationId: string
  tag: string
  summary: string
  description: string
  /** Schemas of successful responses, with their descriptions. */
  responses: { [status in 200 | 201]?: TSchema }
  errors: ErrorCode[]
}

type Definition<Params extends TObject, Body extends TObject> = Pick<
  Operation,
  'method' | 'path' | 'operationId' | 'tag' | 'summary' | 'description' | 'responses'
> & {
  params: Params
  body?: Body
  check?: Operation['check']
  errors?: ErrorCode[]
  run: (work: UserTransaction, params: Static<Params>, body: Static<Body>) => Promise<Result>
}

/** Defines an operation, with types inferred from its schemas. */
export function defineOperation<Params extends TObject, Body extends TObject>({
  body,
  check = () => [],
  errors = [],
  ...definition
}: Definition<Params, Body>): Operation {
  return { ...definition, body, check, errors } as Operation
}
