import { check, type Finding, figure } from '../support/findings.js'
import type { Problem, User } from './model.js'

/** Counts requests and responses, and collects differences from the model. */
export interface Report {
  count(kind: string, outcome: string): void
  requests(): number
  /** @param describeRequest returns the first bytes of the request; for a comparison of stored rows, a short note */
  add(user: User | undefined, problems: Problem[], describeRequest: () => string): void
  findings(): Finding[]
}

/** Number of differences that are shown in full, per rule. */
const SHOWN = 3

export function createReport(seed: number): Report {
  const kinds = new Map<string, number>()
  const outcomes = new Map<string, number>()
  const problems = new Map<string, { count: number; first: string[] }>()
  let requests = 0
  const increment = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
  return {
    requests: () => requests,
    count(kind, outcome) {
      requests += 1
      increment(kinds, kind)
      increment(outcomes, outcome)
    },
    add(user, found, describeRequest) {
      for (const { rule, text } of found) {
        const known = problems.get(rule) ?? { count: 0, first: [] }
        known.count += 1
        const source = user ? `user ${user.index}` : 'all users'
        if (known.first.length < SHOWN)
          known.first.push(`seed ${seed}, ${source}, after ${requests} requests: ${text}\n      ${describeRequest()}`)
        problems.set(rule, known)
      }
    },
    findings() {
      const errors = [...outcomes].filter(([outcome]) => /^5(?!03 GITHUB_UNAVAILABLE)/.test(outcome))
      return [
        figure('requests by kind', describe(kinds)),
        figure('responses', describe(outcomes)),
        check('5xx other than 503 GITHUB_UNAVAILABLE', describe(errors), errors.length === 0),
        check(
          'differences from the model',
          describe([...problems].map(([rule, { count }]) => [rule, count])),
          problems.size === 0,
        ),
        ...[...problems].flatMap(([rule, { first }]) => first.map((text) => check(rule, `\n      ${text}`, false))),
      ]
    },
  }
}

const describe = (counts: Iterable<readonly [string, number]>) =>
  [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} x ${name}`)
    .join(', ') || 'none'
