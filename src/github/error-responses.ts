import type { GithubResponse } from './responses.js'

/** The longest message of GitHub's that is logged, in characters. */
const MAX_LENGTH = 300

/** Tokens of GitHub, JSON web tokens, and anything that follows the word "Bearer". */
const SECRET = /\b(?:gh[a-z]_|github_pat_|v\d\.)[A-Za-z0-9_]+|\beyJ[\w-]+(?:\.[\w-]*)*|\bBearer\s+\S+/gi

/** Reads GitHub's own message, for the log: on one line, bounded, and without secrets. */
export function messageOf({ data }: GithubResponse): string | undefined {
  const message = (data as { message?: unknown } | null | undefined)?.message
  if (typeof message !== 'string') return undefined
  const line = message.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').replace(SECRET, '[redacted]')
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line
}

/**
 * Reasons for which GitHub refuses this service, not the user or the repository: installing the App does not help. By
 * the message of the answer, since GitHub has no code for them.
 */
const POLICIES: [pattern: RegExp, advice: string][] = [
  [/ip allow ?list/i, "The account's IP allow list must permit the address of this service"],
  [/\bSAML\b|single sign-on/i, 'The organization must authorize this service for SAML single sign-on'],
  [
    /\b(?:app|integration|account) (?:is|was|has been) suspended/i,
    'GitHub has suspended the GitHub App of this service',
  ],
  [
    /administrative rules|access .*blocked by|blocked by .*polic/i,
    'A policy of GitHub or of a network blocks this service',
  ],
]

/**
 * Explains a 403 that concerns this service as a whole.
 * @returns what must be done about it; undefined for any other answer
 */
export function policyOf(answer: GithubResponse): string | undefined {
  if (answer.status !== 403) return undefined
  const message = messageOf(answer)
  // GitHub's own refusals have a message; those of a proxy in between do not.
  if (message === undefined) return 'Something between this service and GitHub refuses its requests'
  if (answer.headers['x-github-sso'] !== undefined) return POLICIES[1]?.[1]
  return POLICIES.find(([pattern]) => pattern.test(message))?.[1]
}

/** Whether GitHub complains about the times of a token of the App. */
export const isAboutTime = (answer: GithubResponse): boolean =>
  /\b(?:iat|exp)\b|issued at|expiration time/i.test(messageOf(answer) ?? '')
