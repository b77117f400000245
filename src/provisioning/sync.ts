import type { TObject, TSchema } from '@sinclair/typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import { ApiError, type Fault } from '../errors.js'
import { ajvOptions, joinFaults, toFaults } from '../http/validation-errors.js'
import { asRecord } from '../projects-resources/update-body.js'
import { MAX_ID } from '../schemas.js'
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

/** Reads the operations of a sync, whose methods, paths and bodies are those of the single calls. */
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
    const given = segmentsOf(path)
    for (const matcher of matchers) {
      const { operation, segments } = matcher
      if (operation.method !== method || segments.length !== given.length) continue
      if (!segments.every((segment, index) => segment.startsWith(':') || segment === given[index])) continue
      const named = segments.flatMap((segment, index) =>
        segment.startsWith(':') ? [[segment.slice(1), given[index]]] : [],
      )
      return { matcher, params: Object.fromEntries(named) }
    }
    return undefined
  }

  function read(given: SyncOperation, index: number): Call | Fault[] {
    const at = `body.operations[${index}]`
    const found = find(given)
    if (!found) return [{ path: `${at}.path`, message: `is not the path of a ${given.method} below that of a user` }]
    const { operation, validate } = found.matcher
    const params = Object.fromEntries(Object.entries(found.params).map(([name, text]) => [name, readId(text)]))
    const isId = Object.values(params).every((id) => id !== undefined)
    const faults = isId ? [] : [{ path: `${at}.path`, message: `must contain an integer from 1 to ${MAX_ID}` }]
    const values = given.body
    const bodyFaults = validate && !validate(values ?? null) ? toFaults(`${at}.body`, validate.errors ?? []) : []
    const relocate = ({ path, message }: Fault) => ({ path: `${at}.${path}`, message })
    const invalid = new Set(bodyFaults.map(({ path }) => path))
    const body = asRecord(values)
    const valid = (schema: TObject) => pickValid(schema, body, (name) => !invalid.has(`${at}.body.${name}`))
    const others = operation.body ? operation.check(valid(operation.body), body).map(relocate) : []
    const all = [...faults, ...(invalid.has(`${at}.body`) ? bodyFaults : joinFaults(bodyFaults, others))]
    return all.length > 0 ? all : { operation, params: params as Record<string, number>, body }
  }

  return {
    /** Finds the faults of all operations of a body that matches its schema. */
    findFaults: ({ operations: given }: SyncBody): Fault[] =>
      given.flatMap((one, index) => {
        const call = read(one, index)
        return Array.isArray(call) ? call : []
      }),

    /** Reads the operations of a body that has no faults. */
    readCalls: ({ operations: given }: SyncBody): Call[] => given.map((one, index) => read(one, index) as Call),
  }
}

/** The error of a sync of which operations were refused: that of the first one, with all of them. */
export function toSyncError(failures: Failure[]): ApiError {
  const first = failures[0]?.error ?? new ApiError('INTERNAL')
  const faults = failures.map(({ index, error }) => ({
    path: `body.operations[${index}]`,
    message: `${error.code}: ${error.message}`,
  }))
  return new ApiError(first.code, { message: first.message, faults })
}

const segmentsOf = (path: string) => path.split('/').filter(Boolean)

function readId(text = ''): number | undefined {
  return /^[1-9][0-9]{0,9}$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined
}
