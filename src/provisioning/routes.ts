import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { Database } from '../database/database.js'
import { ApiError } from '../errors.js'
import { BODY_ERRORS, serviceErrors } from '../http/openapi/error-responses.js'
import { NEXT_PAGE } from '../http/openapi/headers.js'
import { MAX_ID } from '../identity-rules.js'
import { RESOURCE_DESCRIPTORS } from '../projects-resources/resources/index.js'
import { asRecord } from '../projects-resources/update-body.js'
import { pickKnown, response } from '../schemas.js'
import type { Operation } from './operation.js'
import { OPERATIONS } from './operations.js'
import type { Failure, Perform } from './perform.js'
import { pickValid } from './pick-valid.js'
import { presentSession } from './present-session.js'
import { Sessions, SessionsQuery, SyncBody, SyncResults, UserParams } from './schemas.js'
import { listSessions } from './sessions-repository.js'
import { createSyncReader, toSyncError } from './sync.js'

interface RoutesOptions {
  database: Database
  perform: Perform
}

const USER = '/users/:user_id'

/** Limits of the body of a sync: its size in bytes, and its number of JSON values (40 for each of 1000 operations). */
const SYNC_LIMIT = 8 * 1024 * 1024
const SYNC_VALUES = 40_000

/** Registers the routes of all operations, the list of sessions and the sync. */
export const routes: FastifyPluginAsyncTypebox<RoutesOptions> = async (app, { database, perform }) => {
  for (const operation of OPERATIONS) addOperation(app as unknown as FastifyInstance, operation, perform)
  addUnknownTypes(app as unknown as FastifyInstance)

  const list = {
    operationId: 'listSessions',
    tags: ['Sessions'],
    summary: 'List the sessions of a user',
    description:
      'Paginated, newest first. Includes sessions that ended within the last 30 days. Tokens are not stored.',
    params: UserParams,
    querystring: SessionsQuery,
    response: {
      200: response('A page of sessions.', Sessions, { headers: NEXT_PAGE }),
      ...serviceErrors('USER_NOT_FOUND'),
    },
  }
  const checkCursor = ({ query }: { query: unknown }) => {
    const { cursor } = asRecord(query)
    const isCursor = cursor === undefined || (/^[1-9]\d{0,9}$/.test(String(cursor)) && Number(cursor) <= MAX_ID)
    return isCursor ? [] : [{ path: 'query.cursor', message: 'is not a cursor of this list' }]
  }
  app.get(`${USER}/sessions`, { schema: list, config: { check: checkCursor } }, async ({ params, query }, reply) => {
    const { limit = 100, cursor } = query
    const before = cursor === undefined ? MAX_ID + 1 : Number(cursor)
    const found = await listSessions(database, params.user_id, { before, limit: limit + 1 })
    if (found.length === 0 && (await database.prisma.user.count({ where: { id: params.user_id } })) === 0) {
      throw new ApiError('USER_NOT_FOUND')
    }
    const sessions = found.slice(0, limit)
    if (found.length > limit) reply.header('link', `<?limit=${limit}&cursor=${sessions.at(-1)?.id}>; rel="next"`)
    return { sessions: sessions.map(presentSession) }
  })

  const sync = {
    operationId: 'syncUser',
    tags: ['Sync'],
    summary: 'Perform up to 1000 operations in one transaction',
    description:
      'Each entry of `operations` is a request to another write endpoint: its method, its path below ' +
      '`/users/{user_id}/` and its body. The entries are performed atomically and in order. If entries fail, `errors` ' +
      'in the response names the index of each. The body is limited to 8 MiB.',
    params: UserParams,
    body: SyncBody,
    response: {
      200: response('All operations were performed.', SyncResults, {
        example: { results: [{ status: 200, body: { revoked: 1 } }] },
      }),
      ...serviceErrors('USER_NOT_FOUND', 'ID_TAKEN', ...BODY_ERRORS),
    },
  }
  const { findValidationErrors, readCalls } = createSyncReader(OPERATIONS)
  const config = {
    maxBodyValues: SYNC_VALUES,
    check: ({ body }: { body: unknown }, isValid: (path: string) => boolean) =>
      isValid('body') ? findValidationErrors(body as SyncBody) : [],
  }
  app.post(`${USER}/sync`, { schema: sync, config, bodyLimit: SYNC_LIMIT }, async ({ params, body }) => {
    return { results: await perform(params.user_id, readCalls(body), toSyncError) }
  })
}

/** Registers the route of an operation. */
function addOperation(app: FastifyInstance, operation: Operation, perform: Perform): void {
  const { method, path, params, body, check, responses, errors, tag, operationId, summary, description } = operation
  const { properties } = UserParams
  const response = { ...responses, ...serviceErrors(...errors, ...BODY_ERRORS) }
  app.route<{ Params: { user_id: number } & Record<string, number>; Body: unknown }>({
    method,
    url: USER + path,
    schema: {
      operationId,
      tags: [tag],
      summary,
      description,
      params: Type.Object({ ...properties, ...params.properties }),
      ...(body ? { body } : {}),
      response,
    },
    config: {
      check: (parts, isValid) => {
        const values = asRecord(parts.body)
        return body
          ? check(
              pickValid(body, values, (name) => isValid(`body.${name}`)),
              values,
            )
          : []
      },
    },
    handler: async (request, reply) => {
      const { user_id, ...ids } = request.params
      const values = body ? pickKnown(body, asRecord(request.body)) : {}
      const [result] = await perform(user_id, [{ operation, params: ids, body: values }], ([failure]) =>
        errorOf(failure),
      )
      return await reply.code(result?.status ?? 200).send(result?.body)
    },
  })
}

const errorOf = (failure: Failure | undefined) => failure?.error ?? new ApiError('INTERNAL')

/** Registers a route that rejects unknown resource types. */
function addUnknownTypes(app: FastifyInstance): void {
  const known = ['projects', 'sessions', 'sync', ...RESOURCE_DESCRIPTORS.map(({ slug }) => slug)]
  app.route({
    method: ['PUT', 'DELETE'],
    url: `${USER}/:resource_type(^(?!(?:${known.join('|')})$).*$)/:resource_id`,
    schema: { hide: true },
    handler: async () => {
      throw new ApiError('INVALID_RESOURCE_TYPE')
    },
  })
}
