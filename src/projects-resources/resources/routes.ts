import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { ApiError } from '../../errors.js'
import { setEntityTag } from '../../plugins/conditional-requests.js'
import { pickKnown } from '../../schemas.js'
import { LARGE, type LargeWork } from '../large-work.js'
import { checkPage, type ListSource, locationOf, sendList } from '../list.js'
import { hasLongText, serializeInPieces, tagLongTexts } from '../long-texts.js'
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
        sendResource(reply.code(201).header('location', locationOf(originalUrl, resource.id)), resource)
      if (idField in body) {
        const linked = await resources.link(owner, body[idField] as number)
        if (!linked) throw new ApiError('RESOURCE_NOT_FOUND')
        return linked.isNew ? sendCreated(linked.resource) : sendResource(reply, linked.resource)
      }
      const values = toColumns(pickKnown(create, body))
      const created = await resources.create(owner, { ...values, ...(await verify?.(owner, values)) })
      return created.isNew ? sendCreated(created.resource) : sendResource(reply, created.resource)
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
    let found = await resources.find(owner, params.resource_id, LARGE)
    if (found === 'too-large') {
      await largeWork.enter(owner.userId, reply.raw)
      found = await resources.find(owner, params.resource_id)
    }
    if (!found || found === 'too-large') throw new ApiError('RESOURCE_NOT_FOUND')
    return sendResource(reply, found)
  })

  app.delete(one, { schema: openapi.unlink }, async ({ owner, params }, reply) => {
    const isRemoved = await resources.unlink(owner, params.resource_id)
    if (!isRemoved) throw new ApiError('RESOURCE_NOT_FOUND')
    return reply.code(204).send(null)
  })
}

/** Sends a resource; one with a long text in pieces. */
function sendResource(reply: FastifyReply, resource: ResourceRow): FastifyReply {
  const serialize = reply.getSerializationFunction(reply.statusCode.toString(), 'application/json')
  if (!serialize || !hasLongText(resource)) return reply.send(resource)
  const toText = ([row]: ResourceRow[]) => serialize(row as ResourceRow)
  setEntityTag(reply, tagLongTexts([resource], toText))
  const pieces = reply.request.method === 'HEAD' ? [] : serializeInPieces([resource], toText)
  return reply.type('application/json; charset=utf-8').send(Readable.from(pieces, { objectMode: false }))
}
