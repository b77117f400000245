import type { Headers } from '../../schemas.js'

const count = (description: string, maximum: number) => ({
  type: 'integer',
  format: 'int32',
  minimum: 0,
  maximum,
  description,
})

const text = (description: string, maxLength: number) => ({ type: 'string', maxLength, description })

const UNCOUNTED = 'May be absent if the request was not counted.'

/** Headers of every response to a request that was counted. */
export const RATE_LIMIT: Headers = {
  'RateLimit-Limit': count(`Maximum number of requests per window. ${UNCOUNTED}`, 1_000_000_000),
  'RateLimit-Remaining': count(`Number of requests left in the current window. ${UNCOUNTED}`, 1_000_000_000),
  'RateLimit-Reset': count(`Seconds until the next window begins. ${UNCOUNTED}`, 1_000_000),
}

export const RETRY_AFTER: Headers = { 'Retry-After': count('Seconds to wait before retrying.', 1_000_000) }

export const CHALLENGE: Headers = {
  'WWW-Authenticate': text('The `Cookie` scheme, with the name of the session cookie.', 255),
}

export const BEARER_CHALLENGE: Headers = { 'WWW-Authenticate': text('The `Bearer` scheme.', 255) }

export const ETAG: Headers = {
  ETag: text(
    'Identifies the state of the returned object or list (RFC 9110). Changes whenever that state changes.',
    64,
  ),
}

export const LOCATION: Headers = {
  Location: text('URL of the new object, relative to the URL of the request (RFC 9110).', 64),
}

export const NEXT_PAGE: Headers = {
  Link: text('Relative URL of the next page, if there is one: `<...>; rel="next"` (RFC 8288).', 16_384),
}

/** The example is an entity tag that no object has, so that trying it returns the object. */
export const IF_NONE_MATCH = {
  'If-None-Match': {
    ...text('Entity tags, or `*`. If one matches the current `ETag`, the response is 304 without a body.', 16_384),
    examples: ['"0"'],
  },
}

export const IDEMPOTENCY_KEY = {
  'Idempotency-Key': {
    ...text(
      'Makes the request safe to retry: for 24 hours, the same request with the same key returns the first response, ' +
        'if that was a success or 409 `PROJECT_FULL`. After any other error, a retry is executed.',
      255,
    ),
    minLength: 1,
    pattern: '^[!-~]*$',
    examples: ['8e03978e-40d5-43e8-bc93-6894a57f9324'],
  },
}

export const IDEMPOTENCY_REPLAYED: Headers = {
  'Idempotency-Replayed': text('`true` if this is the stored response to an earlier request with the same key.', 4),
}

export const IF_MATCH = {
  type: 'object',
  properties: {
    'If-Match': {
      ...text(
        'Entity tags, or `*`. If none matches the current `ETag`, nothing is changed and the response is 412.',
        16_384,
      ),
      examples: ['*'],
    },
  },
}
