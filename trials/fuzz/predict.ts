import { bodySchema, matchesRequest, resourceTypes } from './document.js'
import { toBytes } from './encode.js'
import { expectImports } from './imports-model.js'
import { type Call, type Expectation, refusal, type User } from './model.js'
import { expectResources } from './resources-model.js'
import { canonicalOf, SOURCE_TYPES } from './source-paths.js'
import { isStorable } from './values.js'

type Verdict = 'valid' | 'invalid' | 'maybe'

const MAX_ID = 2_147_483_647
const MAX_TEXT_BYTES = 1024 * 1024
const MAX_BODY_BYTES = 2 * 1024 * 1024
const INVALID = '400 INVALID_REQUEST'

/**
 * Predicts the response to a call, in the order of the service's checks: session, validation, user, project, object.
 */
export function predict(call: Call): Expectation {
  const user = call.sessionOf
  if (!user) return refusal('401 UNAUTHORIZED')
  return refuseEarly(call) ?? predictValid(user, call)
}

const SLUGS = ['imports', 'github-repositories', ...resourceTypes.map(({ slug }) => slug)]

function refuseEarly(call: Call): Expectation | undefined {
  const { headers, method, slug, body } = call
  const isWrite = !['GET', 'HEAD'].includes(method)
  if (isWrite && isCrossSite(headers)) return refusal('403 CROSS_SITE_REQUEST')
  if (!SLUGS.includes(slug)) return refusal('400 INVALID_RESOURCE_TYPE')
  const isEmpty = body && 'text' in body && body.text.length === 0
  if (body && !isEmpty && !/^application\/json(;|$)/.test(headers['content-type'] ?? '')) {
    return refusal('415 UNSUPPORTED_MEDIA_TYPE')
  }
  if (body && headers['content-encoding']) return refusal('415 UNSUPPORTED_MEDIA_TYPE')
  if ((toBytes(call)?.length ?? 0) > MAX_BODY_BYTES) return refusal('413 PAYLOAD_TOO_LARGE')
  return undefined
}

function isCrossSite({ origin, 'sec-fetch-site': site }: Record<string, string>): boolean {
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return origin !== undefined
}

function predictValid(user: User, call: Call): Expectation {
  const verdicts = [judgePath(call), judgeQuery(user, call), judgeBody(call)]
  if (verdicts.includes('invalid')) return refusal(INVALID)
  const expectation = predictAuthorized(user, call)
  return verdicts.includes('maybe') ? { ...expectation, allow: [...expectation.allow, INVALID] } : expectation
}

function predictAuthorized(user: User, call: Call): Expectation {
  if (call.userId !== user.id) return refusal('403 USER_MISMATCH')
  const project = user.model.projects.get(call.projectId as number)
  if (!project) return refusal('404 PROJECT_NOT_FOUND')
  if (call.slug === 'imports') return expectImports(user, project, call)
  if (call.slug !== 'github-repositories') return expectResources(user, project, call)
  const isLinked = (project.links['github-installations'] ?? []).length > 0
  // No GitHub App is configured in the trial.
  return refusal(isLinked ? '503 GITHUB_UNAVAILABLE' : '404 NO_GITHUB_INSTALLATION')
}

const isId = (id: string | number) => /^[1-9]\d{0,9}$/.test(String(id)) && Number(id) <= MAX_ID

function judgePath({ method, slug, userId, projectId, item }: Call): Verdict {
  const isPreview = method === 'POST' && slug === 'imports' && item === 'preview'
  return isId(userId) && isId(projectId) && (item === undefined || isPreview || isId(item)) ? 'valid' : 'invalid'
}

function judgeQuery({ nextPages }: User, { method, item, slug, query }: Call): Verdict {
  if (method !== 'GET' && method !== 'HEAD') return 'valid'
  if (item !== undefined || slug === 'github-repositories') return 'valid'
  const values = new URLSearchParams(query)
  const names = ['limit', 'cursor', ...(slug === 'imports' ? ['source_type'] : [])]
  if (names.some((name) => values.getAll(name).length > 1)) return 'invalid'
  const [limit, cursor, type] = names.map((name) => values.get(name) ?? undefined)
  if (limit !== undefined && !(/^[1-9]\d{0,2}$/.test(limit) && Number(limit) <= 100)) return 'invalid'
  if (type !== undefined && !SOURCE_TYPES.some((known) => known === type)) return 'invalid'
  // An invalid cursor may be refused.
  const isKnown = cursor === undefined || nextPages.some((page) => page.query === query)
  return isKnown ? 'valid' : 'maybe'
}

/** Validates a body with its schema, and with rules that the schema cannot express. */
function judgeBody({ operation, body, slug, method }: Call): Verdict {
  if (method !== 'POST' && method !== 'PUT') return 'valid'
  if (!body || 'text' in body) return 'invalid'
  const { value } = body
  if (!matchesRequest(operation, value)) return 'invalid'
  const fields = value as Record<string, unknown>
  const isText = (name: string) => typeof fields[name] === 'string' && Object.hasOwn(propertiesOf(operation), name)
  const texts = Object.keys(fields).filter(isText)
  if (!texts.every((name) => isStorable(fields[name] as string))) return 'invalid'
  return slug === 'imports' ? judgeImport(operation, fields) : judgeResource(operation, fields)
}

/** Returns the properties of all forms of an operation's body. */
export function propertiesOf(operation: string) {
  return { ...bodySchema(operation, 0).properties, ...bodySchema(operation, 1).properties }
}

function judgeImport(operation: string, fields: Record<string, unknown>): Verdict {
  const { source_type = null, source_path = null, title, description } = fields
  const isEmpty = source_type === null && source_path === null && title === undefined && description === undefined
  if (operation === 'updateImport' && isEmpty) return 'invalid'
  if (source_type === null || source_path === null) return 'valid'
  const path = canonicalOf(source_type, source_path)
  return path === null ? 'invalid' : path === undefined ? 'maybe' : 'valid'
}

function judgeResource(operation: string, fields: Record<string, unknown>): Verdict {
  const create = Object.keys(bodySchema(operation, 1).properties ?? {})
  const [idField = ''] = bodySchema(operation, 0).required ?? []
  if (idField in fields && create.some((name) => name in fields)) return 'invalid'
  const { text } = fields
  return typeof text === 'string' && Buffer.byteLength(text) > MAX_TEXT_BYTES ? 'invalid' : 'valid'
}
