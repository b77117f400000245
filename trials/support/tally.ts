import { pathOf } from './calls.js'
import type { Outcome } from './load.js'

/** What is kept of all the outcomes of a load. */
export interface Tally {
  record(outcome: Outcome): void
  answered(): number
  /** Requests that were sent on an open connection and never answered whole, by what happened to them. */
  lost: Map<string, number>
  /** Answers by status and, of an error, its code: `201`, `503 DATABASE_UNAVAILABLE`. */
  answers: Map<string, number>
  /** Paths of the imports that a client was told are stored. */
  acknowledged: Set<string>
}

export function createTally(): Tally {
  const tally: Tally = {
    record,
    answered: () => sum(tally.answers),
    lost: new Map(),
    answers: new Map(),
    acknowledged: new Set(),
  }
  return tally

  function record(outcome: Outcome) {
    const { request, lost, answer } = outcome
    if (lost !== undefined) return add(tally.lost, lost)
    add(tally.answers, kindOf(outcome))
    const path = pathOf(request)
    if (path && answer?.status === 201) tally.acknowledged.add(path)
  }
}

/** The same, with the outcomes themselves, as they came: for trials that look at times. */
export function createFullTally(): Tally & { outcomes: Outcome[] } {
  const tally = createTally()
  const outcomes: Outcome[] = []
  const record = (outcome: Outcome) => {
    tally.record(outcome)
    outcomes.push(outcome)
  }
  return { ...tally, record, outcomes }
}

/** `201`; of an error also its code. */
function kindOf({ answer }: Outcome): string {
  if (!answer) return 'lost'
  return answer.status < 400 ? `${answer.status}` : `${answer.status} ${JSON.parse(answer.body).code}`
}

export const isSuccess = ({ answer }: Outcome) => answer !== undefined && answer.status < 300

export const sum = (counts: Map<string, number>) => [...counts.values()].reduce((total, count) => total + count, 0)

/** `3 x 201, 1 x 503 DATABASE_UNAVAILABLE`, or `none`. */
export function describe(counts: Map<string, number>): string {
  return [...counts].map(([kind, count]) => `${count} x ${kind}`).join(', ') || 'none'
}

/** Every answer that is neither a success nor one of `allowed`. */
export function unexpected({ answers }: Tally, ...allowed: string[]): Map<string, number> {
  return new Map([...answers].filter(([kind]) => !/^2/.test(kind) && !allowed.includes(kind)))
}

function add(counts: Map<string, number>, kind: string) {
  counts.set(kind, (counts.get(kind) ?? 0) + 1)
}
