import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { STORABLE_TEXT } from '../schemas.js'
import { FULL_NAME } from './names.js'

/** What came back from GitHub, whatever it is: input like any other. */
export interface GithubResponse {
  status: number
  headers: Record<string, string | number | undefined>
  data: unknown
}

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: STORABLE_TEXT })

/**
 * https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app and, the same,
 * #get-a-repository-installation-for-the-authenticated-app. The account of an enterprise has no login.
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

/** https://docs.github.com/en/rest/repos/repos#get-a-repository */
export const Repository = Type.Object({
  id: Type.Optional(id),
  full_name: Type.String({ pattern: `^${FULL_NAME}$` }),
  private: Type.Optional(Type.Boolean()),
  owner: Type.Optional(Type.Object({ id: Type.Optional(id) })),
  updated_at: Type.Optional(Type.Union([text(64), Type.Null()])),
})
export type Repository = Static<typeof Repository>

/**
 * https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app. A token of any other
 * characters could not stand in a header, and the error about that would quote it.
 */
export const AccessToken = Type.Object({
  token: Type.String({ pattern: '^[!-~]{1,4096}$' }),
  expires_at: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$' }),
})

/** The data of an answer, if it is what it should be. */
export function readData<T extends TSchema>(schema: T, { data }: GithubResponse): Static<T> | undefined {
  return Value.Check(schema, data) ? data : undefined
}

/** The wait, in seconds, if GitHub does not say how long. */
const DEFAULT_LIMIT_WAIT = 60

/** The primary rate limit is reset after an hour at most. */
const MAX_WAIT = 3600

/**
 * Reads how long to wait because of one of GitHub's rate limits. The time of the reset is in GitHub's clock.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 * @returns seconds, at least 1; undefined if the answer is not about a limit
 */
export function rateLimitWait(answer: GithubResponse): number | undefined {
  const { status, headers, data } = answer
  const isSpent = headers['x-ratelimit-remaining'] === '0'
  const message = (data as { message?: unknown } | null)?.message
  const saysSo = typeof message === 'string' && /rate limit|abuse detection/i.test(message)
  const isLimit = status === 429 || (status === 403 && (isSpent || saysSo || headers['retry-after'] !== undefined))
  if (!isLimit) return undefined
  const now = Date.parse(String(headers['date'])) || Date.now()
  const untilReset = isSpent ? Number(headers['x-ratelimit-reset']) - now / 1000 : Number.NaN
  return retryAfterOf(answer) ?? inBounds(untilReset) ?? DEFAULT_LIMIT_WAIT
}

/** Reads the seconds of a Retry-After header, within bounds. */
export function retryAfterOf({ headers }: GithubResponse): number | undefined {
  const value = headers['retry-after']
  return value === undefined ? undefined : inBounds(Number(value))
}

function inBounds(seconds: number): number | undefined {
  return Number.isFinite(seconds) ? Math.min(MAX_WAIT, Math.max(1, Math.ceil(seconds))) : undefined
}
