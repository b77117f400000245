import { type Call, type User, urlOf } from './model.js'

/** The common part of all calls of a user on one of their projects. */
export type Base = Pick<Call, 'userId' | 'projectId' | 'query' | 'headers' | 'sessionOf'>

/**
 * Draws an id: usually one of `ids`, otherwise one that has been deleted, belongs to another object or never existed.
 */
export function drawItem({ random, deleted }: User, slug: string, ids: number[]): number {
  if (ids.length > 0 && random.chance(88)) return random.pick(ids)
  const former = deleted.items[slug] ?? []
  return former.length > 0 && random.chance(70) ? random.pick(former) : random.int(1, 2_147_483_647)
}

/** Adds a JSON body. */
export function withJson(call: Call, value: unknown): Call {
  return { ...call, headers: { ...call.headers, 'content-type': 'application/json' }, body: { value } }
}

/** Draws the query of a list: all items, a page of a random size, or the next page from an earlier `Link` header. */
export function drawPage(user: User, call: Call): Call {
  const { random, nextPages } = user
  const pages = nextPages.filter(({ slug, projectId }) => slug === call.slug && user.model.projects.has(projectId))
  if (pages.length > 0 && random.chance(30)) {
    const { projectId, query } = random.pick(pages)
    return { ...call, projectId, query }
  }
  const limit = String(random.pick([1, 2, 5, 20, 100]))
  return withTag(user, random.chance(60) ? call : { ...call, query: `${call.query}&limit=${limit}`.replace(/^&/, '') })
}

/** Sometimes adds an `If-None-Match` with an ETag of an earlier response, of this object or another. */
export function withTag(user: User, call: Call): Call {
  const { random } = user
  const tag = user.seen.get(urlOf(call))?.tag ?? [...user.seen.values()].at(-1)?.tag
  if (tag === undefined || random.chance(60)) return call
  return { ...call, headers: { ...call.headers, 'if-none-match': drawTags(user, tag) } }
}

/** Draws the value of `If-Match` or `If-None-Match`, usually one that contains `tag`. */
export function drawTags({ random }: User, tag: string): string {
  const weak = tag.replace(/^(W\/)?/, 'W/')
  return random.pick([tag, tag, tag, weak, `"x", ${tag}`, `${tag},"y"`, '*', '"x"', 'W/"x"'])
}
