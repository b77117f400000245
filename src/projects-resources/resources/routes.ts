import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiError } from '../../errors.js'
import { pickKnown } from '../../schemas.js'
import { checkPage, locationOf, sendList } from '../list.js'
import type { Owner } from '../owner.js'
import { checkLinkOrCreate, linkOrCreateRules } from './body.js'
import { decodeCursor, encodeCursor } from './cursor.js'
import type { ResourceDescriptor } from './descriptor.js'
import { resourceOperations } from './openapi.js'
import type { LinkedRow, ResourceRepository, ResourceRow } from './repository.js'

export interface ResourceRoutesOptions {
  descriptor: ResourceDescriptor
  resources: ResourceRepository
  /** Throws if the user must not create this resource; returns values of further columns. */
  verify?: Verify | undefined
}

export type Verify = (owner: Owner, values: object) => Promise<object>

/** The calls on one type of resource. */
export const resourceRoutes: FastifyPluginAsyncTypebox<ResourceRoutesOptions> = async (app, options) => {
  const { descriptor, resources, verify } = options
  const openapi = resourceOperations(descriptor, verify !== undefined)
  const { slug, idField, create, toColumns } = descriptor
  const one = `/${slug}/:resource_id`

  app.post(
    `/${slug}`,
    {
      schema: { ...openapi.link, body: linkOrCreateRules(descriptor) },
      config: { check: checkLinkOrCreate(descriptor), documented: { body: openapi.link.body } },
    },
    async ({ owner, body, originalUrl }, reply) => {
      const sendCreated = (resource: ResourceRow) =>
        reply.code(201).header('location', locationOf(originalUrl, resource.id)).send(resource)
      if (idField in body) {
        const linked = await resources.link(owner, body[idField] as number)
        if (!linked) throw new ApiError('RESOURCE_NOT_FOUND')
        return linked.isNew ? sendCreated(linked.resource) : linked.resource
      }
      const values = toColumns(pickKnown(create, body))
      const created = await resources.create(owner, { ...values, ...(await verify?.(owner, values)) })
      return created.isNew ? sendCreated(created.resource) : created.resource
    },
  )

  app.get(`/${slug}`, { schema: openapi.list, config: { check: checkPage(decodeCursor) } }, async (request, reply) => {
    const { owner, query } = request
    return await sendList(request, reply, {
      after: (query.cursor && decodeCursor(query.cursor)) || null,
      read: (batch) => resources.list(owner, batch),
      readVersions: (after) => resources.listVersions(owner, after),
      keyOf: (row: LinkedRow) => row.link_id,
      wrap: (rows) => rows,
      encodeCursor,
    })
  })

  app.get(one, { schema: openapi.get }, async ({ owner, params }) => {
    const found = await resources.find(owner, params.resource_id)
    if (!found) throw new ApiError('RESOURCE_NOT_FOUND')
    return found
  })

  app.delete(one, { schema: openapi.unlink }, async ({ owner, params }, reply) => {
    const isRemoved = await resources.unlink(owner, params.resource_id)
    if (!isRemoved) throw new ApiError('RESOURCE_NOT_FOUND')
    return reply.code(204).send(null)
  })
}
