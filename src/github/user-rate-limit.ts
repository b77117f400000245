import type { Config } from '../config.js'
import { ApiError, tooManyRequests } from '../errors.js'
import { type RequestCounter, toSeconds } from '../http/request-counter.js'
import type { Owner } from '../projects-resources/owner.js'

/**
 * Counts a call that is about to send requests to GitHub.
 * @throws ApiError 429 if the user has exceeded their limit, 503 if all users together have exceeded the total
 */
export type CountGithubCall = (owner: Owner) => Promise<void>

export type GithubLimits = Pick<Config, 'GITHUB_RATE_LIMIT_USER' | 'RATE_LIMIT_WINDOW'>

/** How many users can reach their limit at the same time. */
const USERS = 10

/** Shares GitHub's rate limits among users. A call that is refused does not count towards the total. */
export function createUserRateLimit(limits: GithubLimits, count: RequestCounter['add']): CountGithubCall {
  const { GITHUB_RATE_LIMIT_USER, RATE_LIMIT_WINDOW } = limits
  return async ({ userId }) => {
    const user = await count(`github-user:${userId}`)
    if (user.count > GITHUB_RATE_LIMIT_USER) {
      const most = `at most ${GITHUB_RATE_LIMIT_USER} in ${RATE_LIMIT_WINDOW / 1000} s for one user`
      throw tooManyRequests(`Too many requests that need GitHub: ${most}`, toSeconds(user.endsIn))
    }
    const total = await count('github-total')
    if (total.count > USERS * GITHUB_RATE_LIMIT_USER) {
      const message = 'Too many requests of all users need GitHub at the moment: nothing was stored'
      throw new ApiError('GITHUB_UNAVAILABLE', { message, retryAfter: toSeconds(total.endsIn) })
    }
  }
}
