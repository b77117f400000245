import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiError } from '../../errors.js'
import { pickKnown } from '../../schemas.js'
import { findAdmitted, LARGE, type LargeWork } from '../large-work.js'
import { checkPage, type ListSource, locationOf, sendList } from '../list.js'
import { sendObject } from '../object.js'
import type { Owner } from '../owner.js'
import { checkLinkOrCreate, linkOrCreateRules } from './body.js'
import { decodeCursor, encodeCursor } from './cursor.js'
import type { ResourceDescriptor } from './descriptor.js'
import { resourceOperations } from './openapi.js'
import type { LinkedRow, LinkPosition, ResourceRepository, ResourceRow } from './repository.js'

export interface ResourceRoutesOptions {
  descriptor: ResourceDescriptor
  resources: ResourceRepository
  largeWork: LargeWork
  /** Throws if the user must not create this resource; returns values of further columns. */
  verify?: Verify | undefined
}

export type Verify = (owner: Owner, values: object) => Promise<object>

const bare = (resource: ResourceRow) => resource

/** The calls on one type of resource. */
export const resourceRoutes: FastifyPluginAsyncTypebox<ResourceRoutesOptions> = async (app, options) => {
  const { descriptor, resources, largeWork, verify } = options
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
        sendObject(reply.code(201).header('location', locationOf(originalUrl, resource.id)), resource, bare)
      if (idField in body) {
        const linked = await resources.link(owner, body[idField] as number)
        if (!linked) throw new ApiError('RESOURCE_NOT_FOUND')
        return linked.isNew ? sendCreated(linked.resource) : sendObject(reply, linked.resource, bare)
      }
      const values = toColumns(pickKnown(create, body))
      const created = await resources.create(owner, { ...values, ...(await verify?.(owner, values)) })
      return created.isNew ? sendCreated(created.resource) : sendObject(reply, created.resource, bare)
    },
  )

  const listConfig = { check: checkPage(decodeCursor), listCounter: descriptor.counter }
  app.get(`/${slug}`, { schema: openapi.list, config: listConfig }, async (request, reply) => {
    const { owner, query } = request
    const source: ListSource<LinkedRow, LinkPosition> = {
      after: (query.cursor && decodeCursor(query.cursor)) || null,
      read: (batch) => resources.list(owner, batch),
      findPageEnd: (after, limit) => resources.findPageEnd(owner, after, limit),
      readBatch: (range) => resources.readBatch(owner, range),
      readVersions: (range) => resources.listVersions(owner, range),
      keyOf: (row) => row.link_id,
      wrap: (rows) => rows,
      encodeCursor,
    }
    await sendList(request, reply, source, largeWork)
    return reply
  })

  app.get(one, { schema: openapi.get }, async ({ owner, params }, reply) => {
    const find = (maxBytes?: number) => resources.find(owner, params.resource_id, maxBytes)
    const found = await findAdmitted(find, LARGE, () => largeWork.enter(owner.userId, reply.raw))
    if (!found) throw new ApiError('RESOURCE_NOT_FOUND')
    return sendObject(reply, found, bare)
  })

  app.delete(one, { schema: openapi.unlink }, async ({ owner, params }, reply) => {
    const isRemoved = await resources.unlink(owner, params.resource_id)
    if (!isRemoved) throw new ApiError('RESOURCE_NOT_FOUND')
    return reply.code(204).send(null)
  })
}
