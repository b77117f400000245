import type { Call, User } from './model.js'
import { propertiesOf } from './predict.js'
import { drawWrongText, mutateBody } from './values.js'
import { HEADERS, HEADERS_WITH_BODY, WRONG_IDS, WRONG_QUERIES, WRONG_SLUGS, wrongCookies } from './wrong-parts.js'

/**
 * Perturbs a call like RESTler's checkers (Atlidakis et al., "Checking Security Properties of Cloud Service REST
 * APIs"): ids that were deleted or belong to another project or user, another user's session, mangled ids, mutated
 * bodies.
 */
export function perturb(user: User, others: User[], call: Call): Call {
  const { random } = user
  if (call.method === 'GET' && call.slug !== 'github-repositories' && random.chance(3))
    return { ...call, method: 'HEAD' }
  if (random.chance(2)) return { ...call, slash: true }
  if (random.chance(55)) return call
  const perturbed = perturbOnce(user, others, call)
  // Two errors in one request reveal the order of the checks.
  return random.chance(25) ? perturbOnce(user, others, perturbed) : perturbed
}

function perturbOnce(user: User, others: User[], call: Call): Call {
  const { random } = user
  const weights = { hierarchy: 22, namespace: 6, cookie: 14, mangledId: 14, slug: 2, query: 8, body: 30, headers: 8 }
  switch (random.weighted(weights)) {
    case 'hierarchy':
      return withForeignId(user, random.pick(others), call)
    case 'namespace': {
      const other = random.pick(others)
      return { ...withCookie(call, `neptun-session=${other.sessions[0]?.token}`), sessionOf: other }
    }
    case 'cookie':
      return withOtherCookie(user, call)
    case 'mangledId': {
      const part = random.pick(['userId', 'projectId', ...(typeof call.item === 'number' ? ['item', 'item'] : [])])
      return { ...call, [part]: random.pick(WRONG_IDS) }
    }
    case 'slug':
      return call.item === 'preview' ? call : { ...call, slug: random.pick(WRONG_SLUGS) }
    case 'query':
      return call.method === 'GET' ? { ...call, query: random.pick(WRONG_QUERIES) } : call
    case 'body':
      return withOtherBody(user, call)
    case 'headers': {
      const types = ['text/plain', 'x'].map((type) => ({ 'content-type': type }))
      const headers = random.pick([...HEADERS, ...(call.body ? HEADERS_WITH_BODY : types)])
      return { ...call, headers: { ...call.headers, ...headers } }
    }
  }
}

/** Replaces an id: RESTler's resource-hierarchy checker and use-after-free checker. */
function withForeignId(user: User, other: User, call: Call): Call {
  const { random, model, deleted } = user
  const foreign = random.pick([...other.model.projects.values()])
  switch (
    random.weighted({ otherProject: 30, foreignProject: 20, goneProject: 15, foreignUser: 15, foreignItem: 30 })
  ) {
    case 'otherProject':
      return { ...call, projectId: random.pick([...model.projects.keys()]) }
    case 'foreignProject':
      return { ...call, projectId: foreign.id }
    case 'goneProject':
      return { ...call, projectId: deleted.projects.length > 0 ? random.pick(deleted.projects) : 2_147_483_647 }
    case 'foreignUser':
      return { ...call, userId: random.chance(80) ? other.id : 2_147_483_647 }
    case 'foreignItem': {
      const linked = Object.hasOwn(foreign.links, call.slug) ? foreign.links[call.slug] : undefined
      const item = call.slug === 'imports' ? foreign.imports[0]?.id : linked?.[0]
      return typeof call.item === 'number' && item !== undefined ? { ...call, item } : linkForeign(other, call)
    }
  }
}

/** Links a resource that belongs to another user. */
function linkForeign({ model }: User, call: Call): Call {
  const [id] = (Object.hasOwn(model.resources, call.slug) && model.resources[call.slug]?.keys()) || []
  const fields = call.body && 'value' in call.body ? Object.keys(call.body.value ?? {}) : []
  const [idField = ''] = fields
  if (id === undefined || fields.length !== 1 || !idField.endsWith('_id')) return call
  return { ...call, body: { value: { [idField]: id } } }
}

function withCookie(call: Call, cookie: string): Call {
  const { cookie: _, ...headers } = call.headers
  return { ...call, headers: cookie === '' ? headers : { ...headers, cookie } }
}

function withOtherCookie(user: User, call: Call): Call {
  const { random, sessions } = user
  const valid = sessions[0]?.token
  const accepted = (cookie: string) => ({ ...withCookie(call, cookie), sessionOf: user })
  switch (random.weighted({ refused: 70, among: 10, quoted: 10, sealed: 10 })) {
    case 'refused':
      return { ...withCookie(call, random.pick(wrongCookies(user))), sessionOf: undefined }
    case 'among':
      return accepted(`a=b; neptun-session=${valid};c="d"; theme=dark`)
    case 'quoted':
      return accepted(`neptun-session="${valid}"`)
    case 'sealed':
      return accepted(`neptun-session=${sessions.at(-1)?.token}`)
  }
}

/** Mutates the body: RESTler's payload body checker. */
function withOtherBody(user: User, call: Call): Call {
  if (!call.body || !('value' in call.body)) return call
  const { value } = call.body
  const isObject = typeof value === 'object' && value !== null && Object.keys(value).length > 0
  if (isObject && user.random.chance(15)) return { ...call, body: { text: drawWrongText(user, value) } }
  return { ...call, body: { value: mutateBody(user, value, propertiesOf(call.operation)) } }
}
