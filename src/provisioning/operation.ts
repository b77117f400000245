import type { Static, TObject, TSchema } from '@sinclair/typebox'
import type { ErrorCode, ValidationError } from '../errors.js'
import type { UserTransaction } from './transaction.js'

/** What a call returns: the body is as it is sent, except that times are Dates. */
export interface Result {
  status: 200 | 201
  body: object
}

/** A call that writes for one user: by itself, or as an operation of a sync. */
export interface Operation {
  method: 'PUT' | 'POST' | 'DELETE'
  /** Below the path of the user: `/projects/:project_id`; empty for the user. */
  path: string
  /** The ids in the path. */
  params: TObject
  body: TObject | undefined
  /**
   * Validates what the schema cannot express. Paths begin with `body`.
   * @param valid the properties that have passed their schemas
   * @param given all properties
   */
  check: (valid: Record<string, unknown>, given: Record<string, unknown>) => ValidationError[]
  /** Throws ApiError, without having written anything. */
  run: (work: UserTransaction, params: Record<string, number>, body: Record<string, unknown>) => Promise<Result>
  operationId: string
  tag: string
  summary: string
  description: string
  /** The schemas of successful responses, with their descriptions. */
  answers: { [status in 200 | 201]?: TSchema }
  errors: ErrorCode[]
}

type Definition<Params extends TObject, Body extends TObject> = Pick<
  Operation,
  'method' | 'path' | 'operationId' | 'tag' | 'summary' | 'description' | 'answers'
> & {
  params: Params
  body?: Body
  check?: Operation['check']
  errors?: ErrorCode[]
  run: (work: UserTransaction, params: Static<Params>, body: Static<Body>) => Promise<Result>
}

export function defineOperation<Params extends TObject, Body extends TObject>({
  body,
  check = () => [],
  errors = [],
  ...definition
}: Definition<Params, Body>): Operation {
  return { ...definition, body, check, errors } as Operation
}
