import { type GithubResponse, rateLimitWait } from './responses.js'

/**
 * Receives the outcome of each request to GitHub, for metrics.
 * @param remaining requests left in the current window of GitHub's rate limit
 * @param resource GitHub's name of this rate limit
 */
export type ObserveGithub = (outcome: GithubOutcome, remaining?: number, resource?: string) => void

type GithubOutcome = 'ok' | 'refused' | 'rate_limited' | 'failed' | 'unanswered'

/** Reports the outcome of one request. */
export function report(outcome: GithubResponse | Error, observe: ObserveGithub): void {
  if (outcome instanceof Error) {
    observe('unanswered')
    return
  }
  const remaining = Number(outcome.headers['x-ratelimit-remaining'] ?? Number.NaN)
  observe(kindOf(outcome), Number.isFinite(remaining) ? remaining : undefined, resourceOf(outcome))
}

function kindOf(response: GithubResponse): GithubOutcome {
  if (rateLimitWait(response) !== undefined) return 'rate_limited'
  if (response.status >= 500) return 'failed'
  return response.status < 400 ? 'ok' : 'refused'
}

/** Reads GitHub's name of the rate limit. It becomes a metric label: GitHub has few, so the cardinality is low. */
function resourceOf({ headers }: GithubResponse): string | undefined {
  const resource = headers['x-ratelimit-resource']
  return typeof resource === 'string' && /^[a-z_]{1,40}$/.test(resource) ? resource : undefined
}
