import { isDeepStrictEqual } from 'node:util'
import { type Call, type Problem, type Row, rememberVersion, type User, urlOf } from './model.js'
import type { WireResponse } from './wire.js'

const show = (value: unknown) => (JSON.stringify(value) ?? 'undefined').slice(0, 200)

/** Compares a value with the expected one. @returns the first differences, by path */
export function compare(label: string, seen: unknown, expected: unknown, rule = 'state'): Problem[] {
  if (isDeepStrictEqual(seen, expected)) return []
  const differences = [...differ('', seen, expected)].slice(0, 3)
  return [{ rule, text: `${label}: ${differences.join('; ')}` }]
}

function* differ(path: string, seen: unknown, expected: unknown): Generator<string> {
  if (isDeepStrictEqual(seen, expected)) return
  if (!isContainer(seen) || !isContainer(expected)) {
    yield `${path || 'value'} is ${show(seen)}, not ${show(expected)}`
    return
  }
  for (const key of new Set([...Object.keys(seen), ...Object.keys(expected)])) {
    yield* differ(`${path}.${key}`, seen[key], expected[key])
  }
}

const isContainer = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Maximum difference between a new row's time and the current time, in milliseconds. */
const TOLERANCE = 10_000

/** Checks the `Location` and `ETag` of a 201, and the times of an object that was created rather than linked. */
export function requireCreated(user: User, call: Call, { headers }: WireResponse, row: Row, isNew = true): Problem[] {
  const problems = isNew ? judgeNewTimes(row) : []
  const base = new URL(urlOf(call), 'http://service.example')
  const location = headers.get('location')
  const expected = `${base.pathname.replace(/\/$/, '')}/${row.id}`
  if (!location || new URL(location, base).pathname !== expected) {
    problems.push({ rule: 'location', text: `Location is ${location}, not ${expected}` })
  }
  const tag = headers.get('etag')
  if (!tag) problems.push({ rule: 'etag', text: 'a 201 has no ETag' })
  else rememberVersion(user, row, tag)
  return problems
}

/** Checks that a change has increased `updated_at`. */
export function requireTimes(row: Row, before: Row): Problem[] {
  if (row.updated_at > before.updated_at && TIME.test(row.updated_at)) return []
  return [{ rule: 'state', text: `updated_at went from ${before.updated_at} to ${row.updated_at}` }]
}

function judgeNewTimes({ created_at, updated_at }: Row): Problem[] {
  const isNow = TIME.test(created_at) && Math.abs(Date.parse(created_at) - Date.now()) < TOLERANCE
  if (isNow && created_at === updated_at) return []
  const text = `created_at ${created_at} and updated_at ${updated_at} of a new object are not both the current time`
  return [{ rule: 'state', text }]
}
