import type { BaseLogger } from 'pino'
import type { GithubResponse } from './responses.js'

/** The time at GitHub, as its `Date` headers show it. */
export interface GithubClock {
  /** GitHub's time in seconds since 1970. */
  now(): number
  /** How many seconds GitHub's clock is ahead of this machine's; negative if it is behind. */
  offset(): number
  /** Reads the time of an answer, and logs a difference that matters. */
  observe(answer: GithubResponse): void
}

/** A `Date` header is in whole seconds, and takes time to arrive. Smaller differences, in seconds, are noise. */
const TOLERANCE = 10

/**
 * Keeps track of the difference between two clocks. GitHub refuses an App whose token was issued in the future or has
 * expired, by GitHub's clock.
 */
export function createGithubClock(logger: Pick<BaseLogger, 'warn'>): GithubClock {
  let offset = 0
  return {
    now: () => Math.floor(Date.now() / 1000) + offset,
    offset: () => offset,
    observe(answer) {
      const date = Date.parse(String(answer.headers['date']))
      if (Number.isNaN(date)) return
      const difference = Math.round((date - Date.now()) / 1000)
      if (Math.abs(difference - offset) <= TOLERANCE) return
      offset = Math.abs(difference) <= TOLERANCE ? 0 : difference
      const text =
        offset === 0
          ? "this machine's clock agrees with GitHub's again"
          : `this machine's clock is ${Math.abs(offset)} s ${offset < 0 ? 'ahead of' : 'behind'} GitHub's: correct it`
      logger.warn({ clock_offset_s: offset }, text)
    },
  }
}
