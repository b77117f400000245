import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiError } from '../../errors.js'
import { type GithubPermission, githubAccessDenied } from '../../github/permission.js'
import { pickKnown } from '../../schemas.js'
import { checkPage, linkToNextPage, streamList } from '../list.js'
import { checkSourcePair, checkUpdate, requireSourcePath } from './body.js'
import { changeImport } from './change.js'
import { decodeCursor, encodeCursor } from './cursor.js'
import { etagOf, IF_MATCH, requireMatch } from './etag.js'
import * as openapi from './openapi.js'
import type { ImportRepository, ImportRow } from './repository.js'
import { CreateImportBody, UpdateImportBody } from './schemas.js'

export interface ImportRoutesOptions {
  imports: ImportRepository
  permission: GithubPermission
  maxImports: number
}

/** The calls on a project's imports. */
export const importRoutes: FastifyPluginAsyncTypebox<ImportRoutesOptions> = async (app, options) => {
  const { imports, permission, maxImports } = options
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, needsGithubAccounts: true }
  })

  app.post(
    '/imports',
    { schema: openapi.createImport, config: { check: checkSourcePair } },
    async ({ owner, query, body }, reply) => {
      const { source_type } = body
      const path = requireSourcePath(source_type, body.source_path)
      const source_path = source_type === 'github' ? await permission.checkRepository(owner, path) : path
      const values = { ...pickKnown(CreateImportBody, body), source_path }
      if (query.dry_run) {
        const count = await imports.count(owner)
        if (count === undefined) throw new ApiError('PROJECT_NOT_FOUND')
        if (count >= maxImports) throw new ApiError('IMPORT_LIMIT_REACHED')
        const { userId: neptun_user_id, projectId: project_id } = owner
        const now = new Date()
        const unset = { title: null, description: null }
        const preview = { ...unset, ...values, id: null, created_at: now, updated_at: now, neptun_user_id, project_id }
        return { import: preview, duplicates: await imports.findDuplicates(owner, values) }
      }
      const created = await imports.create(owner, values)
      return reply.code(201).send({ import: created })
    },
  )

  app.get(
    '/imports',
    { schema: openapi.listImports, config: { check: checkPage(decodeCursor) } },
    async ({ owner, query, url }, reply) => {
      const { source_type = null, limit, cursor } = query
      const request = { after: (cursor && decodeCursor(cursor)) || null, limit }
      const list = await imports.list(owner, source_type, request)
      const wrap = (rows: ImportRow[]) => ({ imports: rows })
      if (list.withheld > 0) reply.header('x-imports-withheld', list.withheld)
      if (list.next === null) return wrap(list.rows)
      if (limit === undefined) {
        return streamList(reply, list, (after) => imports.list(owner, source_type, { ...request, after }), wrap)
      }
      reply.header('link', linkToNextPage(url, encodeCursor(list.next)))
      return wrap(list.rows)
    },
  )

  app.get('/imports/:import_id', { schema: openapi.getImport }, async ({ owner, params }, reply) => {
    const found = await imports.find(owner, params.import_id)
    if (!found) throw new ApiError('IMPORT_NOT_FOUND')
    if (found.withheld) throw githubAccessDenied(found.source_path)
    reply.header('etag', etagOf(found))
    return { import: found }
  })

  app.put(
    '/imports/:import_id',
    { schema: openapi.updateImport, config: { check: checkUpdate, documented: { headers: IF_MATCH } } },
    async ({ owner, params, query, body, headers }, reply) => {
      const context = { imports, permission, ifMatch: headers['if-match'] }
      const values = pickKnown(UpdateImportBody, body)
      const changed = await changeImport(context, owner, params.import_id, values, query.dry_run)
      if (query.dry_run) return { import: changed, duplicates: await imports.findDuplicates(owner, changed) }
      reply.header('etag', etagOf(changed))
      return { import: changed }
    },
  )

  app.delete(
    '/imports/:import_id',
    { schema: openapi.deleteImport, config: { documented: { headers: IF_MATCH } } },
    async ({ owner, params, headers }, reply) => {
      const ifMatch = headers['if-match']
      const found = ifMatch === undefined ? undefined : await imports.find(owner, params.import_id)
      if (ifMatch !== undefined && !found) throw new ApiError('IMPORT_NOT_FOUND')
      const version = found && requireMatch(ifMatch, found) ? found.updated_at : undefined
      const isRemoved = await imports.remove(owner, params.import_id, version)
      if (!isRemoved) throw new ApiError(version ? 'PRECONDITION_FAILED' : 'IMPORT_NOT_FOUND')
      return reply.code(204).send(null)
    },
  )
}
