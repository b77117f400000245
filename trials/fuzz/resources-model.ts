import { conditionalRead } from './conditional.js'
import { type ResourceType, resourceTypes } from './document.js'
import { expectList } from './lists-model.js'
import { type Call, type Expectation, type Problem, type Project, type Row, refusal, type User } from './model.js'
import { generatedOf, judgeRoom, planRow } from './room.js'
import { compare, requireCreated } from './rows.js'

const NOT_FOUND = '404 RESOURCE_NOT_FOUND'

/** Predicts the response to a valid and authorized call on linked resources. */
export function expectResources(user: User, project: Project, call: Call): Expectation {
  const type = resourceTypes.find(({ slug }) => slug === call.slug) as ResourceType
  const links = project.links[call.slug] ?? []
  const rows = user.model.resources[call.slug] as Map<number, Row>
  if (call.method === 'POST') return expectPost({ call, user, project, type, rows })
  if (call.item === undefined) return expectResourceList(user, call, links, rows)
  const isLinked = links.includes(call.item as number)
  const row = rows.get(call.item as number)
  if (!isLinked || !row) return refusal(NOT_FOUND)
  if (call.method !== 'DELETE') return conditionalRead(user, call, row)
  const apply = () => {
    links.splice(links.indexOf(row.id), 1)
    // If the resource is linked again, its position changes.
    user.nextPages = user.nextPages.filter(({ slug, after }) => slug !== call.slug || after.id !== row.id)
    return []
  }
  return { allow: ['204'], apply }
}

function expectResourceList(user: User, call: Call, links: number[], rows: Map<number, Row>): Expectation {
  const items = rowsOf(links, rows)
  const positions = new Map(links.map((id, position) => [id, position]))
  const isAfter = (row: Row, other: Row) => (positions.get(row.id) ?? -1) > (positions.get(other.id) ?? -1)
  return expectList(user, call, { items, isAfter, wrap: (shown) => shown })
}

interface Context {
  call: Call
  user: User
  project: Project
  type: ResourceType
  rows: Map<number, Row>
}

function expectPost(context: Context): Expectation {
  const { user, type, rows } = context
  const { body } = context.call
  const value = (body && 'value' in body ? body.value : {}) as Record<string, unknown>
  if (!(type.idField in value)) {
    const again = findInstallation(user, type, value)
    return again ? expectLink(context, again, value) : expectCreate(context, value)
  }
  const row = rows.get(value[type.idField] as number)
  return row ? expectLink(context, row) : refusal(NOT_FOUND)
}

/** Finds the existing row of an installation, since each is recorded once per user. */
function findInstallation({ model }: User, { slug }: ResourceType, value: Record<string, unknown>): Row | undefined {
  if (slug !== 'github-installations') return undefined
  const rows = [...(model.resources[slug]?.values() ?? [])]
  return rows.find(({ installation_id }) => String(installation_id) === String(value['installation_id']))
}

/**
 * Expects a resource to be linked.
 * @param values new values if an installation is recorded again
 */
function expectLink(
  { call, user, project, type, rows }: Context,
  row: Row,
  values?: Record<string, unknown>,
): Expectation {
  const links = project.links[type.slug] as number[]
  const isNew = !links.includes(row.id)
  const { account_name, repository_selection } = values ?? row
  const stored = values ? { ...row, account_name, github_account_name: account_name, repository_selection } : row
  const { refused } = judgeRoom(type.slug, rowsOf(links, rows), stored, true)
  if (isNew && refused.length > 0) return refusal(...refused)
  return {
    allow: values ? ['200'] : [isNew ? '201' : '200'],
    rule: values && 'installation-again',
    apply: (response, received) => {
      const seen = received as Row
      const expected = values ? { ...stored, updated_at: seen.updated_at } : row
      if (isNew) links.unshift(row.id)
      rows.set(row.id, seen)
      const problems = compare('linked resource', seen, expected)
      if (response.status === 201) problems.push(...requireCreated(user, call, response, seen, false))
      return problems
    },
  }
}

function expectCreate({ call, user, project, type, rows }: Context, value: Record<string, unknown>): Expectation {
  const sent = Object.fromEntries(Object.keys(type.create).map((name) => [name, value[name]]))
  // Requests may contain a number or a string; responses contain a string.
  if ('installation_id' in sent) sent['installation_id'] = String(sent['installation_id'])
  if ('account_name' in sent) sent['github_account_name'] = sent['account_name']
  const model = `${value['model_publisher']}/${value['model_name']}`
  const plan = planRow(`get${type.name}`, { ...sent, model, neptun_user_id: user.id })
  const links = project.links[type.slug] as number[]
  const { refused, maybe } = judgeRoom(type.slug, rowsOf(links, rows), plan, false)
  if (refused.length > 0) return refusal(...refused)
  return {
    allow: ['201', ...maybe],
    apply: (response, received): Problem[] => {
      const row = received as Row
      if (rows.has(row.id)) return [{ rule: 'state', text: `the new id ${row.id} exists already` }]
      rows.set(row.id, row)
      links.unshift(row.id)
      const problems = compare('created resource', row, { ...plan, ...generatedOf(row) })
      return [...problems, ...requireCreated(user, call, response, row)]
    },
  }
}

const rowsOf = (ids: number[], rows: Map<number, Row>) => ids.flatMap((id) => rows.get(id) ?? [])
