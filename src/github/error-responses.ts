import type { GithubResponse } from './responses.js'

/** Maximum length of a logged GitHub message, in characters. */
const MAX_LENGTH = 300

/** GitHub tokens, JSON web tokens, and "Bearer" with the text up to the next white space. */
const SECRET = /\b(?:gh[a-z]_|github_pat_|v\d\.)[A-Za-z0-9_]+|\beyJ[\w-]+(?:\.[\w-]*)*|\bBearer\s+\S+/gi

/** Formats the message of an error response for the log: on one line, truncated, with secrets redacted. */
export function messageOf({ data }: GithubResponse): string | undefined {
  const message = (data as { message?: unknown } | null | undefined)?.message
  if (typeof message !== 'string') return undefined
  const line = message.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').replace(SECRET, '[redacted]')
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line
}

/**
 * Policies by which GitHub blocks this service, whichever user sends the request. The first two block the repositories
 * of one account, the others block all requests. Installing the App does not help against them. They are recognized by
 * GitHub's message (SAML also by the header X-GitHub-SSO), because GitHub sends no error codes.
 */
const POLICIES: [pattern: RegExp, advice: string][] = [
  [/ip allow ?list/i, "The account's IP allow list must include the address of this service"],
  [/\bSAML\b|single sign-on/i, 'The organization must authorize this service for SAML single sign-on'],
  [
    /\b(?:app|integration|account) (?:is|was|has been) suspended/i,
    'GitHub has suspended the GitHub App of this service',
  ],
  [
    /administrative rules|access .*blocked by|blocked by .*polic/i,
    'A policy of GitHub or of the network blocks this service',
  ],
]

/**
 * Recognizes a 403 by which a policy blocks this service, whichever user sends the request.
 * @returns the reason, which suggests who can resolve it; undefined for any other response
 */
export function policyOf(response: GithubResponse): string | undefined {
  if (response.status !== 403) return undefined
  const message = messageOf(response)
  // GitHub's own error responses have a message; those of a proxy do not.
  if (message === undefined) return 'A proxy or firewall between this service and GitHub blocks its requests'
  if (response.headers['x-github-sso'] !== undefined) return POLICIES[1]?.[1]
  return POLICIES.find(([pattern]) => pattern.test(message))?.[1]
}

/** Whether GitHub rejected the App's token (a JWT) because of its time of issue or expiration. */
export const isAboutTime = (response: GithubResponse): boolean =>
  /\b(?:iat|exp)\b|issued at|expiration time/i.test(messageOf(response) ?? '')
