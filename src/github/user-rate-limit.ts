import type { Config } from '../config.js'
import { ApiError, tooManyRequests } from '../errors.js'
import { type RequestCounter, toSeconds } from '../http/request-counter.js'
import type { Owner } from '../projects-resources/owner.js'

/**
 * Counts an API call that needs GitHub, before any request is sent to GitHub.
 * @throws ApiError 429 if the user has exceeded their rate limit, 503 if all users together have exceeded the total
 */
export type CountGithubCall = (owner: Owner) => Promise<void>

export type GithubLimits = Pick<Config, 'GITHUB_RATE_LIMIT_USER' | 'RATE_LIMIT_WINDOW'>

/** The total limit, as a multiple of the limit of one user. */
const TOTAL_FACTOR = 10

/**
 * Creates the rate limiter that shares GitHub's own rate limits among users. A call over its user's limit does not
 * count towards the total.
 */
export function createUserRateLimit(limits: GithubLimits, count: RequestCounter['add']): CountGithubCall {
  const { GITHUB_RATE_LIMIT_USER, RATE_LIMIT_WINDOW } = limits
  return async ({ userId }) => {
    const user = await count(`github-user:${userId}`)
    if (user.count > GITHUB_RATE_LIMIT_USER) {
      const limit = `at most ${GITHUB_RATE_LIMIT_USER} in ${RATE_LIMIT_WINDOW / 1000} s for one user`
      throw tooManyRequests(`Too many requests that need GitHub: ${limit}`, toSeconds(user.endsIn))
    }
    const total = await count('github-total')
    if (total.count > TOTAL_FACTOR * GITHUB_RATE_LIMIT_USER) {
      const message = 'Too many requests that need GitHub, from all users together: nothing was stored'
      throw new ApiError('GITHUB_UNAVAILABLE', { message, retryAfter: toSeconds(total.endsIn) })
    }
  }
}
