import { type ResourceType, resourceTypes } from './document.js'
import { type Base, drawItem, drawPage, withJson, withTag } from './draw-parts.js'
import type { Call, Project, User } from './model.js'
import { installationId } from './users.js'
import { drawValue } from './values.js'

/** Draws a call on the linked resources of a project. */
export function drawResourceCall(user: User, project: Project, base: Base): Call {
  const { random } = user
  const type = random.pick(resourceTypes)
  const call = { ...base, slug: type.slug }
  const linked = project.links[type.slug] ?? []
  const item = drawItem(user, type.slug, linked)
  switch (random.weighted({ link: 22, create: 16, list: 20, get: 20, unlink: 22 })) {
    case 'link':
      return withJson(
        { ...call, operation: `link${type.name}`, method: 'POST' },
        { [type.idField]: drawOwned(user, type) },
      )
    case 'create':
      return withJson({ ...call, operation: `link${type.name}`, method: 'POST' }, drawResource(user, type))
    case 'list':
      return drawPage(user, { ...call, operation: `list${type.name}s`, method: 'GET' })
    case 'get':
      return withTag(user, { ...call, operation: `get${type.name}`, method: 'GET', item })
    case 'unlink':
      return { ...call, operation: `unlink${type.name}`, method: 'DELETE', item }
  }
}

function drawResource(user: User, { create }: ResourceType): Record<string, unknown> {
  const body = Object.fromEntries(Object.entries(create).map(([name, schema]) => [name, drawValue(user, schema)]))
  if ('account_name' in body) {
    body['account_name'] = user.random.pick(user.accounts)
    body['installation_id'] = installationId(user.index, user.random.int(0, 40))
  }
  return body
}

function drawOwned(user: User, { slug }: ResourceType): number {
  return drawItem(user, slug, [...(user.model.resources[slug]?.keys() ?? [])])
}
