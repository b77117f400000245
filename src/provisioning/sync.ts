import type { TObject, TSchema } from '@sinclair/typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import { ApiError, type ValidationError } from '../errors.js'
import { ajvOptions } from '../http/ajv.js'
import { joinValidationErrors, toValidationErrors } from '../http/validation-errors.js'
import { MAX_ID } from '../identity-rules.js'
import { asRecord } from '../projects-resources/update-body.js'
import type { Operation } from './operation.js'
import type { Call, Failure } from './perform.js'
import { pickValid } from './pick-valid.js'
import type { SyncBody } from './schemas.js'

interface Matcher {
  operation: Operation
  segments: string[]
  validate: ValidateFunction | undefined
}

type SyncOperation = SyncBody['operations'][number]

/** Creates a reader of syncs, which matches each entry to an operation by method and path and validates its body. */
export function createSyncReader(operations: Operation[]) {
  const ajv = new Ajv(ajvOptions.customOptions)
  const matchers = operations.map(
    (operation): Matcher => ({
      operation,
      segments: segmentsOf(operation.path),
      validate: operation.body && ajv.compile(operation.body as TSchema),
    }),
  )

  function find({ method, path }: SyncOperation): { matcher: Matcher; params: Record<string, string> } | undefined {
    const actual = segmentsOf(path)
    for (const matcher of matchers) {
      const { operation, segments } = matcher
      if (operation.method !== method || segments.length !== actual.length) continue
      if (!segments.every((segment, index) => segment.startsWith(':') || segment === actual[index])) continue
      const named = segments.flatMap((segment, index) =>
        segment.startsWith(':') ? [[segment.slice(1), actual[index]]] : [],
      )
      return { matcher, params: Object.fromEntries(named) }
    }
    return undefined
  }

  function read(entry: SyncOperation, index: number): Call | ValidationError[] {
    const at = `body.operations[${index}]`
    const found = find(entry)
    if (!found) return [{ path: `${at}.path`, message: `is not the path of a ${entry.method} operation` }]
    const { operation, validate } = found.matcher
    const params = Object.fromEntries(Object.entries(found.params).map(([name, text]) => [name, readId(text)]))
    const isId = Object.values(params).every((id) => id !== undefined)
    const validationErrors = isId
      ? []
      : [{ path: `${at}.path`, message: `must contain an integer from 1 to ${MAX_ID}` }]
    const values = entry.body
    const bodyErrors =
      validate && !validate(values ?? null) ? toValidationErrors(`${at}.body`, validate.errors ?? []) : []
    const relocate = ({ path, message }: ValidationError) => ({ path: `${at}.${path}`, message })
    const invalid = new Set(bodyErrors.map(({ path }) => path))
    const body = asRecord(values)
    const valid = (schema: TObject) => pickValid(schema, body, (name) => !invalid.has(`${at}.body.${name}`))
    const others = operation.body ? operation.check(valid(operation.body), body).map(relocate) : []
    const all = [
      ...validationErrors,
      ...(invalid.has(`${at}.body`) ? bodyErrors : joinValidationErrors(bodyErrors, others)),
    ]
    return all.length > 0 ? all : { operation, params: params as Record<string, number>, body }
  }

  return {
    /** Finds the validation errors of all entries of a body that matches its schema. */
    findValidationErrors: ({ operations: entries }: SyncBody): ValidationError[] =>
      entries.flatMap((entry, index) => {
        const call = read(entry, index)
        return Array.isArray(call) ? call : []
      }),

    /** Reads the operations of a body that has no validation errors. */
    readCalls: ({ operations: entries }: SyncBody): Call[] => entries.map((entry, index) => read(entry, index) as Call),
  }
}

/** Creates the error of a failed sync: that of the first failed operation, with an entry for each failed operation. */
export function toSyncError(failures: Failure[]): ApiError {
  const first = failures[0]?.error ?? new ApiError('INTERNAL')
  const validationErrors = failures.map(({ index, error }) => ({
    path: `body.operations[${index}]`,
    message: `${error.code}: ${error.message}`,
  }))
  return new ApiError(first.code, { message: first.message, validationErrors })
}

const segmentsOf = (path: string) => path.split('/').filter(Boolean)

function readId(text = ''): number | undefined {
  return /^[1-9][0-9]{0,9}$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined
}
