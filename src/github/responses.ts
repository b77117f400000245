import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { STORABLE_TEXT } from '../schemas.js'
import { FULL_NAME } from './names.js'

/** A response from GitHub. Its content is untrusted input: validate it. */
export interface GithubResponse {
  status: number
  headers: Record<string, string | number | undefined>
  data: unknown
}

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: STORABLE_TEXT })

/**
 * An installation of the App. An enterprise account has no login.
 * @see https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app
 * @see https://docs.github.com/en/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app
 */
export const Installation = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  suspended_at: Type.Optional(Type.Union([text(64), Type.Null()])),
  repository_selection: Type.Optional(text(64)),
  account: Type.Optional(
    Type.Union([
      Type.Object({
        id: Type.Integer({ minimum: 1 }),
        login: Type.Optional(text(255)),
        type: Type.Optional(text(64)),
        avatar_url: Type.Optional(text(2048)),
      }),
      Type.Null(),
    ]),
  ),
})
export type Installation = Static<typeof Installation>

const id = Type.Integer({ minimum: 1 })

/** A repository. @see https://docs.github.com/en/rest/repos/repos#get-a-repository */
export const Repo = Type.Object({
  id: Type.Optional(id),
  full_name: Type.String({ pattern: `^${FULL_NAME}$` }),
  private: Type.Optional(Type.Boolean()),
  owner: Type.Optional(Type.Object({ id: Type.Optional(id) })),
  updated_at: Type.Optional(Type.Union([text(64), Type.Null()])),
})
export type Repo = Static<typeof Repo>

/**
 * An installation access token. The pattern allows only visible ASCII: other characters are invalid in a header, and
 * the error message for an invalid header would contain the token.
 * @see https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
 */
export const AccessToken = Type.Object({
  token: Type.String({ pattern: '^[!-~]{1,4096}$' }),
  expires_at: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$' }),
})

/** Validates the data of a response. @returns undefined if it does not match the schema */
export function readData<T extends TSchema>(schema: T, { data }: GithubResponse): Static<T> | undefined {
  return Value.Check(schema, data) ? data : undefined
}

/** Default wait after a rate limit, in seconds, if the response does not state how long to wait. */
const DEFAULT_LIMIT_WAIT = 60

/** Maximum wait, in seconds. The primary rate limit is reset every hour. */
const MAX_WAIT = 3600

/**
 * Reads how long to wait after a response that reports a rate limit. `x-ratelimit-reset` is a time on GitHub's clock,
 * so it is compared with the `Date` header.
 * @returns seconds, at least 1; undefined if the response does not report a rate limit
 * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
export function rateLimitWait(response: GithubResponse): number | undefined {
  const { status, headers, data } = response
  const isExhausted = headers['x-ratelimit-remaining'] === '0'
  const message = (data as { message?: unknown } | null)?.message
  const isNamed = typeof message === 'string' && /rate limit|abuse detection/i.test(message)
  const isLimit = status === 429 || (status === 403 && (isExhausted || isNamed || headers['retry-after'] !== undefined))
  if (!isLimit) return undefined
  const now = Date.parse(String(headers['date'])) || Date.now()
  const untilReset = isExhausted ? Number(headers['x-ratelimit-reset']) - now / 1000 : Number.NaN
  return retryAfterOf(response) ?? inBounds(untilReset) ?? DEFAULT_LIMIT_WAIT
}

/**
 * Reads a Retry-After header in seconds, clamped to the range from 1 to MAX_WAIT.
 * @returns undefined if it is missing or not a number
 */
export function retryAfterOf({ headers }: GithubResponse): number | undefined {
  const value = headers['retry-after']
  return value === undefined ? undefined : inBounds(Number(value))
}

function inBounds(seconds: number): number | undefined {
  return Number.isFinite(seconds) ? Math.min(MAX_WAIT, Math.max(1, Math.ceil(seconds))) : undefined
}
