import { type TSchema, Type } from '@sinclair/typebox'
import { guardedErrors, WRITE_ERRORS } from '../../error-responses.js'
import { answer, Id, NEXT_PAGE, NoContent, PageQuery } from '../../schemas.js'
import { linkOrCreateSchema } from './body.js'
import type { ResourceDescriptor } from './descriptor.js'

const ResourceParams = Type.Object({ resource_id: Id({ examples: [123] }) })

/**
 * The calls on one type of resource, as the document describes them.
 * @param isVerified whether GitHub must confirm a new one
 */
export function resourceOperations(descriptor: ResourceDescriptor, isVerified: boolean) {
  const { noun, name, exampleResponse: example } = descriptor
  const resource: TSchema = { ...descriptor.resource, title: name }
  const tags = ['Project resources']
  const verified = isVerified ? (['GITHUB_ACCESS_DENIED', 'GITHUB_UNAVAILABLE'] as const) : []

  const link = {
    operationId: `link${name}`,
    tags,
    summary: `Link a ${noun}, or create one and link it`,
    description: `A body with \`${descriptor.idField}\` links a ${noun} that the user has; one with the other fields creates it and links it atomically.`,
    body: linkOrCreateSchema(descriptor),
    response: {
      200: answer('It was linked already.', resource, { example }),
      201: answer('It is linked now.', resource, { example }),
      ...guardedErrors('RESOURCE_NOT_FOUND', ...WRITE_ERRORS, ...verified),
    },
  }
  const list = {
    operationId: `list${name}s`,
    tags,
    summary: `List linked ${noun}s`,
    description: 'All of them, newest link first, or with `limit` a page of them.',
    querystring: Type.Object(PageQuery),
    response: {
      200: answer(`The project's ${noun}s.`, Type.Array(resource), { example: [example], headers: NEXT_PAGE }),
      ...guardedErrors(),
    },
  }
  const get = {
    operationId: `get${name}`,
    tags,
    summary: `Read a linked ${noun}`,
    params: ResourceParams,
    response: { 200: answer(`The ${noun}.`, resource, { example }), ...guardedErrors('RESOURCE_NOT_FOUND') },
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
