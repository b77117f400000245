import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiError } from '../../errors.js'
import { pickKnown } from '../../schemas.js'
import { findAdmitted, LARGE, type LargeWork } from '../large-work.js'
import { checkPage, type ListSource, listBody, locationOf, type PageQuery } from '../list-response.js'
import { objectBody } from '../object-response.js'
import type { Owner } from '../owner.js'
import { checkLinkOrCreate, linkOrCreateRules } from './body.js'
import type { ResourceDescriptor } from './descriptor.js'
import { linkCursor } from './link-cursor.js'
import { resourceOperations } from './openapi.js'
import type { LinkedRow, LinkPosition, ResourceRepository, ResourceRow, WrittenResource } from './repository.js'

export interface ResourceRoutesOptions {
  descriptor: ResourceDescriptor
  resources: ResourceRepository
  largeWork: LargeWork
  /** Throws if the user must not create this resource. Returns values of additional columns. */
  verify?: Verify | undefined
}

export type Verify = (owner: Owner, values: object) => Promise<object>

const bare = (resource: ResourceRow) => resource

/** Routes of one resource type. */
export const resourceRoutes: FastifyPluginAsyncTypebox<ResourceRoutesOptions> = async (app, options) => {
  const { descriptor, resources, largeWork, verify } = options
  const openapi = resourceOperations(descriptor, verify !== undefined)
  const { slug, idField, create, toColumns } = descriptor
  const itemPath = `/${slug}/:resource_id`
  const hasText = 'text' in descriptor.resource.properties

  app.post(
    `/${slug}`,
    {
      schema: { ...openapi.link, body: linkOrCreateRules(descriptor) },
      config: { check: checkLinkOrCreate(descriptor), documented: { body: openapi.link.body } },
    },
    async ({ owner, body, originalUrl }, reply) => {
      const linkedId = idField in body ? (body[idField] as number) : undefined
      return await reply.writeOnce<WrittenResource, ResourceRow>({
        async write(once) {
          const values = linkedId === undefined ? toColumns(pickKnown(create, body)) : {}
          const written =
            linkedId === undefined
              ? await resources.create(owner, { ...values, ...(await verify?.(owner, values)) }, once)
              : await resources.link(owner, linkedId, once)
          if (!written) throw new ApiError('RESOURCE_NOT_FOUND')
          return written
        },
        respond({ resource, isNew }) {
          if (isNew) reply.code(201).header('location', locationOf(originalUrl, resource.id))
          return objectBody(reply, resource, bare)
        },
        async restore(stored) {
          if (!hasText || stored.resource['text'] !== undefined) return stored
          const source = linkedId === undefined ? body : await resources.findOwn(owner, linkedId)
          if (!source) throw new ApiError('RESOURCE_NOT_FOUND')
          return { ...stored, resource: { ...stored.resource, text: source['text'] } }
        },
      })
    },
  )

  const list: ListSource<LinkedRow, LinkPosition, PageQuery, LinkedRow[]> = {
    read: ({ owner }, request) => resources.list(owner, request),
    findPageEnd: ({ owner }, after, limit) => resources.findPageEnd(owner, after, limit),
    readBatch: ({ owner }, range) => resources.readBatch(owner, range),
    readVersions: ({ owner }, range) => resources.listVersions(owner, range),
    keyOf: (row) => row.link_id,
    wrap: (rows) => rows,
    cursor: linkCursor,
  }
  const listConfig = { check: checkPage(linkCursor), listCounter: descriptor.counter }
  app.get(`/${slug}`, { schema: openapi.list, config: listConfig }, (request, reply) =>
    listBody(request, reply, list, largeWork),
  )

  app.get(itemPath, { schema: openapi.get }, async ({ owner, params }, reply) => {
    const find = (maxBytes?: number) => resources.find(owner, params.resource_id, maxBytes)
    const found = await findAdmitted(find, LARGE, () => largeWork.enter(owner.userId, reply.raw))
    if (!found) throw new ApiError('RESOURCE_NOT_FOUND')
    return objectBody(reply, found, bare)
  })

  app.delete(itemPath, { schema: openapi.unlink }, async ({ owner, params }, reply) => {
    const isRemoved = await resources.unlink(owner, params.resource_id)
    if (!isRemoved) throw new ApiError('RESOURCE_NOT_FOUND')
    reply.code(204)
    return null
  })
}
