import type { Headers } from '../../schemas.js'

const count = (description: string, maximum: number) => ({
  type: 'integer',
  format: 'int32',
  minimum: 0,
  maximum,
  description,
})

const text = (description: string, maxLength: number) => ({ type: 'string', maxLength, description })

const UNCOUNTED = 'Not sent if the request was refused before it was counted.'

/** Every response to a request that is counted has them. */
export const RATE_LIMIT: Headers = {
  'RateLimit-Limit': count(`How many requests are allowed in a window. ${UNCOUNTED}`, 1_000_000_000),
  'RateLimit-Remaining': count(`How many of them are left. ${UNCOUNTED}`, 1_000_000_000),
  'RateLimit-Reset': count(`In how many seconds the next window begins. ${UNCOUNTED}`, 1_000_000),
}

export const RETRY_AFTER: Headers = { 'Retry-After': count('In how many seconds to try again.', 1_000_000) }

export const CHALLENGE: Headers = {
  'WWW-Authenticate': text('The scheme `Cookie`, with the name of the session cookie.', 255),
}

export const BEARER_CHALLENGE: Headers = { 'WWW-Authenticate': text('The scheme `Bearer`.', 255) }

export const ETAG: Headers = {
  ETag: text('Identifies the state of what the response shows (RFC 9110). Every change moves it.', 64),
}

export const LOCATION: Headers = {
  Location: text('Where the new object is, relative to the URL of the request (RFC 9110).', 64),
}

export const NEXT_PAGE: Headers = {
  Link: text('Where the next page is, if there is one: `<...>; rel="next"` (RFC 8288).', 16_384),
}

/** A tag that no object has, so that the example of a read returns the object. */
export const IF_NONE_MATCH = {
  'If-None-Match': {
    ...text('Returns 304 without a body if one of these tags is the current `ETag`, or for `*`.', 16_384),
    examples: ['"0"'],
  },
}

export const IDEMPOTENCY_KEY = {
  'Idempotency-Key': {
    ...text('A retry with the same key and the same request, within 24 hours, returns the first response.', 255),
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
      ...text('Only if one of these tags is the current `ETag`, or for `*`; otherwise 412.', 16_384),
      examples: ['*'],
    },
  },
}
