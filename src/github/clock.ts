import type { BaseLogger } from 'pino'
import type { GithubResponse } from './responses.js'

/** GitHub's clock, derived from the `Date` headers of its responses. */
export interface GithubClock {
  /** Returns GitHub's time, in seconds since 1970. */
  now(): number
  /** Returns by how many seconds GitHub's clock is ahead of this machine's; negative if it is behind. */
  offset(): number
  /** Updates the offset from a response, and logs a warning when it changes significantly. */
  observe(response: GithubResponse): void
}

/** Largest difference that is ignored, in seconds. `Date` has a resolution of one second, and responses take time. */
const TOLERANCE = 10

/**
 * Tracks the offset between GitHub's clock and this machine's. GitHub rejects an App's token (a JWT) that, by GitHub's
 * clock, was issued in the future or has expired.
 */
export function createGithubClock(logger: Pick<BaseLogger, 'warn'>): GithubClock {
  let offset = 0
  return {
    now: () => Math.floor(Date.now() / 1000) + offset,
    offset: () => offset,
    observe(response) {
      const date = Date.parse(String(response.headers['date']))
      if (Number.isNaN(date)) return
      const difference = Math.round((date - Date.now()) / 1000)
      if (Math.abs(difference - offset) <= TOLERANCE) return
      offset = Math.abs(difference) <= TOLERANCE ? 0 : difference
      const text =
        offset === 0
          ? "This machine's clock is in sync with GitHub's again"
          : `This machine's clock is ${Math.abs(offset)} s ${offset < 0 ? 'ahead of' : 'behind'} GitHub's: correct it`
      logger.warn({ clock_offset_s: offset }, text)
    },
  }
}
