import { type GithubResponse, rateLimitWait } from './responses.js'

/** Is called for each attempt, with its outcome, and what is left of which of GitHub's rate limits. */
export type ObserveGithub = (outcome: GithubOutcome, remaining?: number, resource?: string) => void

type GithubOutcome = 'ok' | 'refused' | 'rate_limited' | 'failed' | 'unanswered'

/** Reports the outcome of one attempt. */
export function report(outcome: GithubResponse | Error, observe: ObserveGithub): void {
  if (outcome instanceof Error) {
    observe('unanswered')
    return
  }
  const remaining = Number(outcome.headers['x-ratelimit-remaining'] ?? Number.NaN)
  observe(kindOf(outcome), Number.isFinite(remaining) ? remaining : undefined, resourceOf(outcome))
}

function kindOf(answer: GithubResponse): GithubOutcome {
  if (rateLimitWait(answer) !== undefined) return 'rate_limited'
  if (answer.status >= 500) return 'failed'
  return answer.status < 400 ? 'ok' : 'refused'
}

/** GitHub's name for a rate limit. There are few, so it can be a label of a metric. */
function resourceOf({ headers }: GithubResponse): string | undefined {
  const resource = headers['x-ratelimit-resource']
  return typeof resource === 'string' && /^[a-z_]{1,40}$/.test(resource) ? resource : undefined
}
