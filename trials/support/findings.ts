/** A result of a trial. `ok` is undefined for a figure without a requirement. */
export interface Finding {
  what: string
  seen: string
  ok?: boolean
}

export interface TrialOptions {
  /** Number of requests of the memory and fuzz trials. */
  requests: number
  /** Seed of the fuzz trial's random generator. */
  seed: number
  /** Duration of a database outage, in seconds. */
  seconds: number
}

/** Runs a trial. A trial starts everything it needs, and cleans up afterwards. */
export type Trial = (options: TrialOptions) => Promise<Finding[]>

/** Creates a finding without a requirement. */
export const figure = (what: string, seen: string | number): Finding => ({ what, seen: String(seen) })

/** Creates a finding with a requirement: `ok` says whether it is met. */
export const check = (what: string, seen: string | number, ok: boolean): Finding => ({ what, seen: String(seen), ok })

/** Creates a finding that requires `elapsed` to be at most `limit`, both in milliseconds. */
export function within(what: string, elapsed: number, limit: number): Finding {
  return check(`${what} (limit ${limit} ms)`, ms(elapsed), elapsed <= limit)
}

export const ms = (elapsed: number) => `${elapsed < 10 ? elapsed.toFixed(1) : Math.round(elapsed)} ms`

/** Returns a quantile: `share` is 0.99 for the 99th percentile. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
