import { type TSchema, Type } from '@sinclair/typebox'
import { CREATE_ERRORS, guardedErrors, WRITE_ERRORS } from '../../http/openapi/error-responses.js'
import { NEXT_PAGE } from '../../http/openapi/headers.js'
import { Id, MAX_LIST_ITEMS, NoContent, pageQuery, response } from '../../schemas.js'
import { linkOrCreateSchema } from './body.js'
import type { ResourceDescriptor } from './descriptor.js'
import { linkCursor } from './link-cursor.js'

const ResourceParams = Type.Object({ resource_id: Id({ examples: [123] }) })

/**
 * Builds the OpenAPI descriptions of the operations on one resource type.
 * @param isVerified whether GitHub must confirm a new resource
 */
export function resourceOperations(descriptor: ResourceDescriptor, isVerified: boolean) {
  const { noun, name, exampleResponse: example, naturalKey } = descriptor
  const verb = descriptor.verb.toLowerCase()
  const updates = naturalKey
    ? ` If the user already has one with the same \`${naturalKey}\`, that one is updated and linked instead.`
    : ''
  const resource: TSchema = { ...descriptor.resource, title: name }
  const tags = ['Project resources']
  const verified = isVerified ? (['GITHUB_ACCESS_DENIED', 'GITHUB_UNAVAILABLE'] as const) : []

  const link = {
    operationId: `link${name}`,
    tags,
    summary: `Link a ${noun}, or ${verb} one and link it`,
    description:
      `A body with \`${descriptor.idField}\` links a ${noun} that the user owns. A body with the other fields ` +
      `${verb}s a ${noun} and links it atomically.${updates}`,
    body: linkOrCreateSchema(descriptor),
    response: {
      200: response(`The ${noun} was already linked${naturalKey ? ' or recorded' : ''}.`, resource, { example }),
      201: response(`The ${noun} has been linked.`, resource, { example }),
      ...guardedErrors('RESOURCE_NOT_FOUND', 'PROJECT_FULL', ...CREATE_ERRORS, ...verified),
    },
  }
  const list = {
    operationId: `list${name}s`,
    tags,
    summary: `List linked ${noun}s`,
    description: `Returns all linked ${noun}s, newest link first, or one page of them if \`limit\` is set.`,
    querystring: Type.Object(pageQuery(linkCursor.first)),
    response: {
      200: response(`The project's ${noun}s.`, Type.Array(resource, { maxItems: MAX_LIST_ITEMS }), {
        example: [example],
        headers: NEXT_PAGE,
      }),
      ...guardedErrors(),
    },
  }
  const get = {
    operationId: `get${name}`,
    tags,
    summary: `Get a linked ${noun}`,
    description: `Returns a ${noun} that is linked to this project.`,
    params: ResourceParams,
    response: { 200: response(`The ${noun}.`, resource, { example }), ...guardedErrors('RESOURCE_NOT_FOUND') },
  }
  const unlink = {
    operationId: `unlink${name}`,
    tags,
    summary: `Unlink a ${noun}`,
    description: `Removes the link from this project. The user keeps the ${noun}.`,
    params: ResourceParams,
    response: { 204: NoContent, ...guardedErrors('RESOURCE_NOT_FOUND', ...WRITE_ERRORS) },
  }
  return { link, list, get, unlink }
}
