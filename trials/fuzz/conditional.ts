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
 * A read of one object or list: 200 with the body that the model has, or 304 if `If-None-Match` names its current tag (RFC 9110,
 * section 13.1.2).
 *
 * @param value the whole body
 * @param also headers that the tag stands for too
 */
export function conditionalRead(user: User, call: Call, value: unknown, also?: unknown): Expectation {
  const url = urlOf(call)
  return {
    allow: judgeTags(user, call, { value, also }),
    rule: call.headers['if-none-match'] === undefined ? undefined : 'etag',
    settle: ({ headers, status }, body) => {
      const tag = headers.get('etag')
      if (!tag || !TAG.test(tag)) return [{ rule: 'etag', text: `the ETag of a read is ${tag}` }]
      if (status === 304) return []
      const seen = { tag, value: structuredClone(value), also }
      remember(user, url, seen)
      remember(user, tag, seen)
      if (call.item !== undefined) rememberVersion(user, rowOf(value), tag)
      return call.method === 'HEAD' ? [] : compare('read', body, value)
    },
  }
}

/** 304 if the current tag of this URL is named; it may be if a tag is named that stood for the same body elsewhere. */
function judgeTags({ seen }: User, call: Call, { value, also }: { value: unknown; also: unknown }): string[] {
  const header = call.headers['if-none-match']
  if (header === undefined) return ['200']
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  const here = seen.get(urlOf(call))
  const isSame = here && isDeepStrictEqual([here.value, here.also], [value, also])
  // Objects that were changed at the same time, by a webhook for example, can have the same tag.
  const version = call.item === undefined ? undefined : tagOfVersion(seen, rowOf(value))
  if (version !== undefined && tags.includes(version)) return ['304']
  if (header === '*') return ['304']
  // The tag of a page is another one once the list is large, or if a change cannot be seen in it.
  if (isSame && tags.includes(here.tag)) return call.item === undefined ? ['200', '304'] : ['304']
  const isKnown = tags.some((tag) => isDeepStrictEqual(seen.get(tag)?.value, value))
  return isKnown ? ['200', '304'] : ['200']
}

/** The tag of an import is its `updated_at`; that of a resource is known once it has been seen. */
const tagOfVersion = (seen: User['seen'], row: Row) =>
  'source_type' in row ? `"${row['updated_at']}"` : seen.get(versionOf(row))?.tag

const rowOf = (value: unknown) => (value as { import?: Row }).import ?? (value as Row)
