import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiError } from '../../errors.js'
import { sendJsonText } from '../../plugins/json-text.js'
import { admit } from '../access.js'
import { checkPage, linkToNextPage } from '../paging.js'
import { checkLinkOrCreate } from './body.js'
import type { LinkDescriptor } from './descriptor.js'
import { linkOperations } from './operations.js'
import { createLinkRepository, type LinkOutcome } from './repository.js'

export interface LinkRoutesOptions {
  descriptor: LinkDescriptor
  /** Throws if a user must not create this one; returns what else is known of it: the descriptor's `verified`. */
  verify?: Verify | undefined
}

export type Verify = (userId: number, values: Record<string, unknown>) => Promise<Record<string, unknown>>

/** The calls on one type of resource. The plugin that registers this one guards them. */
export const linkRoutes: FastifyPluginAsyncTypebox<LinkRoutesOptions> = async (app, { descriptor, verify }) => {
  const repository = createLinkRepository(app, descriptor)
  const operations = linkOperations(descriptor, verify !== undefined)
  const { slug, idField } = descriptor
  const one = `/${slug}/:resource_id`

  app.post(
    `/${slug}`,
    {
      schema: operations.link,
      config: { check: checkLinkOrCreate(descriptor) },
    },
    async (request, reply) => {
      const { claim, body } = request
      const outcome =
        idField in body
          ? await repository.link(claim, body[idField] as number)
          : await repository.create(claim, body, await verify?.(claim.userId, body))
      const { json, isNew } = requireResource(outcome)
      return sendJsonText(reply.code(isNew ? 201 : 200), json)
    },
  )

  app.get(
    `/${slug}`,
    {
      schema: operations.list,
      config: { check: checkPage(decodeCursor) },
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      const before = (cursor && decodeCursor(cursor)) || null
      const list = await repository.list(request.claim, limit === undefined ? undefined : { limit, before })
      admit(request, list.caller)
      if (list.next) reply.header('link', linkToNextPage(request.url, encodeCursor(list.next)))
      return sendJsonText(reply, `[${list.resources.join(',')}]`)
    },
  )

  app.get(one, { schema: operations.get }, async (request, reply) => {
    const { caller, json } = await repository.find(request.claim, request.params.resource_id)
    admit(request, caller)
    if (json === null) throw new ApiError('RESOURCE_NOT_FOUND')
    return sendJsonText(reply, json)
  })

  app.delete(one, { schema: operations.unlink }, async (request, reply) => {
    const { caller, removed } = await repository.unlink(request.claim, request.params.resource_id)
    admit(request, caller)
    if (!removed) throw new ApiError('RESOURCE_NOT_FOUND')
    return reply.code(204).send(null)
  })
}

/** The number of a link as the opaque `cursor` of a URL. */
function encodeCursor(link: string): string {
  return Buffer.from(link).toString('base64url')
}

/** @returns undefined if this was never a cursor */
function decodeCursor(cursor: string): string | undefined {
  const link = Buffer.from(cursor, 'base64url').toString('latin1')
  return /^[1-9][0-9]{0,17}$/.test(link) && encodeCursor(link) === cursor ? link : undefined
}

function requireResource(outcome: LinkOutcome) {
  if (outcome === 'no-project') throw new ApiError('PROJECT_NOT_FOUND')
  if (outcome === 'no-resource') throw new ApiError('RESOURCE_NOT_FOUND')
  return outcome
}
