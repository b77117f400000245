import { isDeepStrictEqual } from 'node:util'
import {
  type Call,
  type Expectation,
  type Row,
  remember,
  rememberVersion,
  type User,
  urlOf,
  versionOf,
} from './model.js'
import { compare } from './rows.js'

const TAG = /^(W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/

/**
 * Expects a read of one object or list to return 200 with the body in the model, or 304 if `If-None-Match` contains the
 * current ETag (RFC 9110, section 13.1.2).
 *
 * @param value the complete body
 * @param also values of response headers that the ETag covers
 */
export function conditionalRead(user: User, call: Call, value: unknown, also?: unknown): Expectation {
  const url = urlOf(call)
  return {
    allow: judgeTags(user, call, { value, also }),
    rule: call.headers['if-none-match'] === undefined ? undefined : 'etag',
    apply: ({ headers, status }, body) => {
      const tag = headers.get('etag')
      if (!tag || !TAG.test(tag)) return [{ rule: 'etag', text: `ETag of a read is ${tag}` }]
      if (status === 304) return []
      const seen = { tag, value: structuredClone(value), also }
      remember(user, url, seen)
      remember(user, tag, seen)
      if (call.item !== undefined) rememberVersion(user, rowOf(value), tag)
      return call.method === 'HEAD' ? [] : compare('read', body, value)
    },
  }
}

/**
 * Expects 304 for `*`, and for the current ETag of an object. Allows both 200 and 304 for the last ETag of an unchanged
 * list, and for an ETag from any other response with the same body.
 */
function judgeTags({ seen }: User, call: Call, { value, also }: { value: unknown; also: unknown }): string[] {
  const header = call.headers['if-none-match']
  if (header === undefined) return ['200']
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  const here = seen.get(urlOf(call))
  const isSame = here && isDeepStrictEqual([here.value, here.also], [value, also])
  // First compare with the ETag of this object's current version. Looking up an ETag in `seen` can find another object:
  // imports that were changed at the same time, for example by one webhook, can have equal ETags.
  const version = call.item === undefined ? undefined : tagOfVersion(seen, rowOf(value))
  if (version !== undefined && tags.includes(version)) return ['304']
  if (header === '*') return ['304']
  // An unchanged page or filtered list can get a new ETag. When the project's complete list becomes large, pages and
  // filtered lists are streamed, too. The ETag of a streamed response is computed from the versions of its rows, so it
  // changes with every update of one of them, even if the body stays the same (docs/decisions/019).
  if (isSame && tags.includes(here.tag)) return call.item === undefined ? ['200', '304'] : ['304']
  const isKnown = tags.some((tag) => isDeepStrictEqual(seen.get(tag)?.value, value))
  return isKnown ? ['200', '304'] : ['200']
}

/**
 * Returns the ETag of a version: `updated_at` for an import; for a resource, the ETag of an earlier response, if any.
 */
const tagOfVersion = (seen: User['seen'], row: Row) =>
  'source_type' in row ? `"${row['updated_at']}"` : seen.get(versionOf(row))?.tag

const rowOf = (value: unknown) => (value as { import?: Row }).import ?? (value as Row)
