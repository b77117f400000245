import { type TSchema, Type } from '@sinclair/typebox'
import { CREATE_ERRORS, guardedErrors, WRITE_ERRORS } from '../../http/openapi/error-responses.js'
import { NEXT_PAGE } from '../../http/openapi/headers.js'
import { Id, MAX_LIST_ITEMS, NoContent, pageQuery, response } from '../../schemas.js'
import { linkOrCreateSchema } from './body.js'
import type { ResourceDescriptor } from './descriptor.js'
import { linkCursor } from './link-cursor.js'

const ResourceParams = Type.Object({ resource_id: Id({ examples: [123] }) })

/**
 * The calls on one type of resource, as the document describes them.
 * @param isVerified whether GitHub must confirm a new one
 */
export function resourceOperations(descriptor: ResourceDescriptor, isVerified: boolean) {
  const { noun, name, exampleResponse: example, naturalKey } = descriptor
  const again = naturalKey ? ` One with the same \`${naturalKey}\` is updated instead, and linked if it was not.` : ''
  const resource: TSchema = { ...descriptor.resource, title: name }
  const tags = ['Project resources']
  const verified = isVerified ? (['GITHUB_ACCESS_DENIED', 'GITHUB_UNAVAILABLE'] as const) : []

  const link = {
    operationId: `link${name}`,
    tags,
    summary: `Link a ${noun}, or create one and link it`,
    description: `A body with \`${descriptor.idField}\` links a ${noun} that the user has; one with the other fields creates it and links it atomically.${again}`,
    body: linkOrCreateSchema(descriptor),
    response: {
      200: response(`It was linked already${naturalKey ? ', or recorded already' : ''}.`, resource, { example }),
      201: response('It is linked now.', resource, { example }),
      ...guardedErrors('RESOURCE_NOT_FOUND', 'PROJECT_FULL', ...CREATE_ERRORS, ...verified),
    },
  }
  const list = {
    operationId: `list${name}s`,
    tags,
    summary: `List linked ${noun}s`,
    description: 'All of them, newest link first, or with `limit` a page of them.',
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
    summary: `Read a linked ${noun}`,
    description: `One of the user's ${noun}s, if this project links it.`,
    params: ResourceParams,
    response: { 200: response(`The ${noun}.`, resource, { example }), ...guardedErrors('RESOURCE_NOT_FOUND') },
  }
  const unlink = {
    operationId: `unlink${name}`,
    tags,
    summary: `Unlink a ${noun}`,
    description: `Removes the link from this project. The ${noun} itself stays the user's.`,
    params: ResourceParams,
    response: { 204: NoContent, ...guardedErrors('RESOURCE_NOT_FOUND', ...WRITE_ERRORS) },
  }
  return { link, list, get, unlink }
}
