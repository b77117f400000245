import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiError } from '../../errors.js'
import { pickKnown } from '../../schemas.js'
import { checkPage, linkToNextPage, streamList } from '../list.js'
import type { Owner } from '../owner.js'
import { checkLinkOrCreate } from './body.js'
import type { ResourceDescriptor } from './descriptor.js'
import { resourceOperations } from './openapi.js'
import type { LinkPosition, ResourceRepository } from './repository.js'

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
  const { slug, idField, create } = descriptor
  const one = `/${slug}/:resource_id`

  app.post(
    `/${slug}`,
    { schema: openapi.link, config: { check: checkLinkOrCreate(descriptor) } },
    async ({ owner, body }, reply) => {
      if (idField in body) {
        const linked = await resources.link(owner, body[idField] as number)
        if (!linked) throw new ApiError('RESOURCE_NOT_FOUND')
        return reply.code(linked.isNew ? 201 : 200).send(linked.resource)
      }
      const values = pickKnown(create, body)
      const created = await resources.create(owner, { ...values, ...(await verify?.(owner, values)) })
      return reply.code(201).send(created)
    },
  )

  app.get(
    `/${slug}`,
    { schema: openapi.list, config: { check: checkPage(decodeCursor) } },
    async ({ owner, query, url }, reply) => {
      const { limit, cursor } = query
      const request = { after: (cursor && decodeCursor(cursor)) || null, limit }
      const list = await resources.list(owner, request)
      if (list.next === null) return list.rows
      if (limit === undefined) {
        return streamList(
          reply,
          list,
          (after) => resources.list(owner, { ...request, after }),
          (rows) => rows,
        )
      }
      reply.header('link', linkToNextPage(url, encodeCursor(list.next)))
      return list.rows
    },
  )

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

/** Encodes the id of a link as the opaque `cursor` of a URL. */
function encodeCursor(link: LinkPosition): string {
  return Buffer.from(link).toString('base64url')
}

/** @returns undefined if it is not a cursor */
function decodeCursor(cursor: string): LinkPosition | undefined {
  const link = Buffer.from(cursor, 'base64url').toString('latin1')
  return /^[1-9][0-9]{0,17}$/.test(link) && encodeCursor(link) === cursor ? link : undefined
}
