import { pathOf } from './calls.js'
import type { Outcome } from './load.js'

/** Counts of the outcomes of a load. */
export interface Tally {
  record(outcome: Outcome): void
  responseCount(): number
  /** Number of requests without a complete response, by reason. */
  lost: Map<string, number>
  /** Number of responses by status and, for errors, code: `201`, `503 DATABASE_UNAVAILABLE`. */
  responses: Map<string, number>
  /** Paths of the imports whose creation was acknowledged with 201. */
  acknowledged: Set<string>
}

export function createTally(): Tally {
  const tally: Tally = {
    record,
    responseCount: () => sum(tally.responses),
    lost: new Map(),
    responses: new Map(),
    acknowledged: new Set(),
  }
  return tally

  function record(outcome: Outcome) {
    const { request, lost, response } = outcome
    if (lost !== undefined) return add(tally.lost, lost)
    add(tally.responses, kindOf(outcome))
    const path = pathOf(request)
    if (path && response?.status === 201) tally.acknowledged.add(path)
  }
}

/** Creates a tally that also keeps all outcomes, in order of completion, for trials that measure times. */
export function createFullTally(): Tally & { outcomes: Outcome[] } {
  const tally = createTally()
  const outcomes: Outcome[] = []
  const record = (outcome: Outcome) => {
    tally.record(outcome)
    outcomes.push(outcome)
  }
  return { ...tally, record, outcomes }
}

/** Formats a response as `201`, or `503 DATABASE_UNAVAILABLE` for an error. */
function kindOf({ response }: Outcome): string {
  if (!response) return 'lost'
  return response.status < 400 ? `${response.status}` : `${response.status} ${JSON.parse(response.body).code}`
}

export const isSuccess = ({ response }: Outcome) => response !== undefined && response.status < 300

const sum = (counts: Map<string, number>) => [...counts.values()].reduce((total, count) => total + count, 0)

/** Formats counts as `3 x 201, 1 x 503 DATABASE_UNAVAILABLE`, or `none`. */
export function describe(counts: Map<string, number>): string {
  return [...counts].map(([kind, count]) => `${count} x ${kind}`).join(', ') || 'none'
}

/** Returns the counts of responses that are neither successful nor listed in `allowed`. */
export function unexpected({ responses }: Tally, ...allowed: string[]): Map<string, number> {
  return new Map([...responses].filter(([kind]) => !/^2/.test(kind) && !allowed.includes(kind)))
}

/** Returns the counts of requests without a complete response, and of responses that are not successful. */
export const failuresOf = (tally: Tally): Map<string, number> => new Map([...unexpected(tally), ...tally.lost])

function add(counts: Map<string, number>, kind: string) {
  counts.set(kind, (counts.get(kind) ?? 0) + 1)
}
