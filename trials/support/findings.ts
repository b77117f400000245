/** One thing that a trial has seen; with `ok`, one that it has judged. */
export interface Finding {
  what: string
  seen: string
  ok?: boolean
}

export interface TrialOptions {
  /** Requests of the memory and fuzz trials. */
  requests: number
  /** From which the fuzz trial draws all that it sends. */
  seed: number
  /** How long the database stays away, in seconds. */
  seconds: number
}

/** What a trial does and finds. It starts whatever it needs, and leaves nothing behind. */
export type Trial = (options: TrialOptions) => Promise<Finding[]>

/** A figure for information. */
export const figure = (what: string, seen: string | number): Finding => ({ what, seen: String(seen) })

/** A figure that must hold. */
export const check = (what: string, seen: string | number, ok: boolean): Finding => ({ what, seen: String(seen), ok })

/** A number of milliseconds that must not be exceeded. */
export function within(what: string, elapsed: number, limit: number): Finding {
  return check(`${what} (limit ${limit} ms)`, ms(elapsed), elapsed <= limit)
}

export const ms = (elapsed: number) => `${elapsed < 10 ? elapsed.toFixed(1) : Math.round(elapsed)} ms`

/** The value below which a share of them lies. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
