import { conditionalRead } from './conditional.js'
import { type Call, type Expectation, type Problem, type Row, type User, urlOf } from './model.js'

interface List {
  /** All visible items, in the order of the list. */
  items: Row[]
  /** Number of items that the list omits. The header X-Imports-Withheld contains this number. */
  withheld?: number
  isAfter(row: Row, other: Row): boolean
  wrap(items: Row[]): unknown
}

/** Expects a complete list or a page. With an invalid cursor, an error or a page from any position is allowed. */
export function expectList(user: User, call: Call, { items, withheld = 0, isAfter, wrap }: List): Expectation {
  const query = new URLSearchParams(call.query)
  const limit = query.has('limit') ? Number(query.get('limit')) : undefined
  const page = user.nextPages.find((known) => isPage(known, call))
  if (query.has('cursor') && !page) return { allow: ['200', '304'], rule: 'cursor' }
  const rest = page ? items.filter((item) => isAfter(item, page.after)) : items
  const shown = limit === undefined ? rest : rest.slice(0, limit)
  const read = conditionalRead(user, call, wrap(shown), { withheld, hasNext: rest.length > shown.length })
  return {
    ...read,
    apply: (response, body) => {
      const problems: Problem[] = read.apply?.(response, body) ?? []
      if (response.status !== 200) return problems
      const counted = Number(response.headers.get('x-imports-withheld') ?? 0)
      if (counted !== withheld)
        problems.push({ rule: 'state', text: `X-Imports-Withheld is ${counted}, not ${withheld}` })
      const link = response.headers.get('link')
      const after = rest.length > shown.length ? shown.at(-1) : undefined
      if ((link !== undefined) !== (after !== undefined)) {
        problems.push({ rule: 'state', text: `Link is ${link}, but there is ${after ? 'a' : 'no'} next page` })
      } else if (link && after) problems.push(...rememberPage(user, call, link, after))
      return problems
    },
  }
}

const isPage = (page: User['nextPages'][number], { projectId, slug, query }: Call) =>
  page.projectId === projectId && page.slug === slug && page.query === query

function rememberPage(user: User, call: Call, link: string, after: Row): Problem[] {
  const [, reference = ''] = /^<([^>]*)>; rel="next"$/.exec(link) ?? []
  const here = new URL(urlOf(call), 'http://service.example')
  const next = new URL(reference, here)
  const query = next.search.slice(1)
  user.nextPages.push({ projectId: Number(call.projectId), slug: call.slug, query, after })
  if (user.nextPages.length > 20) user.nextPages.shift()
  const problems: Problem[] = []
  if (next.pathname !== here.pathname || !next.searchParams.has('cursor')) {
    problems.push({ rule: 'state', text: `Link has another path or no cursor: ${link}` })
  }
  if (!reference.startsWith('?')) problems.push({ rule: 'relative-link', text: `Link is not relative: ${link}` })
  return problems
}
