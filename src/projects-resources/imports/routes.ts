import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { ApiError } from '../../errors.js'
import { type GithubPermission, githubAccessDenied } from '../../github/permission.js'
import { sendJsonText } from '../../plugins/json-text.js'
import { admit } from '../access.js'
import { checkPage, linkToNextPage } from '../paging.js'
import { checkSourcePair, checkUpdate, requireSourcePath } from './body.js'
import { decodeCursor, encodeCursor } from './cursor.js'
import * as operations from './operations.js'
import { etagOf, IF_MATCH, requireMatch } from './precondition.js'
import { type Preview, previewCreate, previewUpdate } from './preview-repository.js'
import { findImport, listImports, listImportsPage, removeImport } from './read-repository.js'
import { changeImport, type WriteChange } from './update.js'
import { type CreateOutcome, createImport, updateImport } from './write-repository.js'

export interface ImportRoutesOptions {
  permission: GithubPermission
  maxImports: number
}

/** The calls on a project's imports. The plugin that registers this one guards them. */
export const importRoutes: FastifyPluginAsyncTypebox<ImportRoutesOptions> = async (app, options) => {
  const { reads, writes } = app
  const { permission, maxImports } = options
  const storeUpdate: WriteChange<string> = (...change) => updateImport(writes, ...change)
  const showUpdate: WriteChange<Preview> = (...change) => previewUpdate(reads, ...change)

  app.post(
    '/imports',
    { schema: operations.createImport, config: { check: checkSourcePair } },
    async (request, reply) => {
      const { source_type, title = null, description = null } = request.body
      const asked = requireSourcePath(source_type, request.body.source_path)
      const isProved = source_type === 'github'
      const source_path = isProved ? await permission.proveRepository(request.claim.userId, asked) : asked
      const values = { source_type, source_path, title, description }
      const limits = { selections: permission.selections, maxImports }
      if (request.query.dry_run) {
        const preview = requireCreated(await previewCreate(reads, request.claim, values, limits), source_path)
        return sendJsonText(reply, previewText(preview))
      }
      const created = requireCreated(await createImport(writes, request.claim, values, limits), source_path)
      return sendJsonText(reply.code(201), `{"import":${created}}`)
    },
  )

  app.get(
    '/imports',
    { schema: operations.listImports, config: { check: checkPage(decodeCursor) } },
    async (request, reply) => {
      const { source_type = null, limit, cursor } = request.query
      const after = (cursor && decodeCursor(cursor)) || null
      const list =
        limit === undefined
          ? await listImports(reads, request.claim, source_type)
          : await listImportsPage(reads, request.claim, source_type, { after, limit })
      admit(request, list.caller)
      if (list.withheld > 0) reply.header('x-imports-withheld', list.withheld)
      if (list.next) reply.header('link', linkToNextPage(request.url, encodeCursor(list.next)))
      return sendJsonText(reply, `{"imports":[${list.imports}]}`)
    },
  )

  app.get('/imports/:import_id', { schema: operations.getImport }, async (request, reply) => {
    const { caller, found } = await findImport(reads, request.claim, request.params.import_id)
    admit(request, caller)
    if (!found) throw new ApiError('IMPORT_NOT_FOUND')
    if (found.withheld) throw githubAccessDenied(found.source_path)
    return sendJsonText(reply.header('etag', etagOf(found.json)), `{"import":${found.json}}`)
  })

  app.put(
    '/imports/:import_id',
    { schema: operations.updateImport, config: { check: checkUpdate, documented: { headers: IF_MATCH } } },
    async (request, reply) => {
      const { query, params, body } = request
      if (query.dry_run) {
        const preview = await changeImport(reads, permission, request, params.import_id, body, showUpdate)
        return sendJsonText(reply, previewText(preview))
      }
      const json = await changeImport(reads, permission, request, params.import_id, body, storeUpdate)
      return sendJsonText(reply.header('etag', etagOf(json)), `{"import":${json}}`)
    },
  )

  app.delete(
    '/imports/:import_id',
    { schema: operations.deleteImport, config: { documented: { headers: IF_MATCH } } },
    async (request, reply) => {
      const { claim, params, headers } = request
      const expected = headers['if-match'] === undefined ? undefined : await expect(request, params.import_id)
      const { caller, removed } = await removeImport(writes, claim, params.import_id, expected)
      admit(request, caller)
      if (!removed) throw new ApiError(expected ? 'PRECONDITION_FAILED' : 'IMPORT_NOT_FOUND')
      return reply.code(204).send(null)
    },
  )

  /** @returns the time of the import's last change, if `If-Match` names it */
  async function expect(request: FastifyRequest, importId: number): Promise<string | undefined> {
    const { caller, found } = await findImport(reads, request.claim, importId)
    admit(request, caller)
    if (!found) throw new ApiError('IMPORT_NOT_FOUND')
    return requireMatch(request.headers['if-match'], found.json)
  }
}

function requireCreated<T>(outcome: CreateOutcome<T>, path: string): T {
  if (outcome === 'no-project') throw new ApiError('PROJECT_NOT_FOUND')
  if (outcome === 'not-granted') throw githubAccessDenied(path)
  if (outcome === 'full') throw new ApiError('IMPORT_LIMIT_REACHED')
  return outcome.created
}

const previewText = ({ json, duplicates }: Preview) => `{"import":${json},"duplicates":${JSON.stringify(duplicates)}}`
