import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { ApiError } from '../../errors.js'
import { accountOf, type GithubPermission, githubAccessDenied } from '../../github/permission.js'
import { IF_MATCH } from '../../http/openapi/headers.js'
import { pickKnown } from '../../schemas.js'
import { creationCursor, type Position } from '../creation-order.js'
import type { LargeWork } from '../large-work.js'
import { checkPage, type ListSource, listBody, locationOf } from '../list-response.js'
import type { Owner } from '../owner.js'
import { etagOf, writeIf } from '../preconditions.js'
import { checkSourcePair, checkUpdate, presentFields, requireSourcePath } from './body.js'
import { changeImport } from './change.js'
import * as openapi from './openapi.js'
import type { ImportRepository, ImportRow } from './repository.js'
import { CreateImportBody, type ListImportsQuery, UpdateImportBody } from './schemas.js'
import type { CanonicalSourcePath } from './source-path/index.js'

export interface ImportRoutesOptions {
  imports: ImportRepository
  permission: GithubPermission
  canonicalSourcePath: CanonicalSourcePath
  largeWork: LargeWork
}

/** Routes of a project's imports. */
export const importRoutes: FastifyPluginAsyncTypebox<ImportRoutesOptions> = async (app, options) => {
  const { imports, permission, canonicalSourcePath, largeWork } = options
  const checkCreate = checkSourcePair(canonicalSourcePath)
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, needsGithubAccounts: true }
  })

  /** Runs all checks of a create that need no transaction, and returns the values to store. */
  async function planCreate(owner: Owner, body: CreateImportBody) {
    const canonical = requireSourcePath(canonicalSourcePath, body)
    const isOnGithub = body.source_type === 'github'
    const notChecked = { path: canonical, sighting: null }
    const { path, sighting } = isOnGithub ? await permission.checkRepository(owner, canonical) : notChecked
    return { values: { ...pickKnown(CreateImportBody, body), source_path: path }, sighting }
  }

  app.post(
    '/imports',
    { schema: openapi.createImport, config: { check: checkCreate } },
    async ({ owner, body, originalUrl }, reply) => {
      return await reply.writeOnce({
        async write(once) {
          const { values, sighting } = await planCreate(owner, body)
          return await imports.create(owner, values, sighting, once)
        },
        respond(created) {
          reply.header('location', locationOf(originalUrl, created.id)).header('etag', etagOf(created))
          reply.code(201)
          return { import: created }
        },
        restore: (stored) => requireVisible(owner, stored, stored),
      })
    },
  )

  app.post(
    '/imports/preview',
    { schema: openapi.previewImport, config: { check: checkCreate, isTagged: false } },
    async ({ owner, body }, reply) =>
      await reply.writeOnce({
        async write(once) {
          const { values } = await planCreate(owner, body)
          const row = await imports.preview(owner, values)
          const preview = { import: row, duplicates: await imports.findDuplicates(owner, row) }
          await once?.store(preview)
          return preview
        },
        respond: (preview) => preview,
        restore: (stored) => requireVisible(owner, stored.import, stored),
      }),
  )

  const setWithheld = (reply: FastifyReply, count: number) => {
    if (count > 0) reply.header('x-imports-withheld', count)
  }
  const list: ListSource<ImportRow, Position, ListImportsQuery, { imports: ImportRow[] }> = {
    async read({ owner, query, reply }, request) {
      const found = await imports.list(owner, query, request)
      setWithheld(reply, found.withheld)
      return found
    },
    async prepareStream({ owner, query, reply }) {
      setWithheld(reply, await imports.countWithheld(owner, query))
    },
    findPageEnd: ({ owner, query }, after, limit) => imports.findPageEnd(owner, query, after, limit),
    readBatch: ({ owner, query }, range) => imports.readBatch(owner, query, range),
    readVersions: ({ owner, query }, range) => imports.listVersions(owner, query, range),
    keyOf: ({ id }) => String(id),
    wrap: (rows) => ({ imports: rows }),
    cursor: creationCursor,
  }
  app.get(
    '/imports',
    { schema: openapi.listImports, config: { check: checkPage(creationCursor), listCounter: 'import' } },
    (request, reply) => listBody(request, reply, list, largeWork),
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
    {
      schema: openapi.updateImport,
      config: { check: checkUpdate(canonicalSourcePath), documented: { headers: IF_MATCH } },
    },
    async ({ owner, params, body, headers }, reply) => {
      const context = { imports, permission, canonicalSourcePath, preconditions: headers }
      const values = presentFields(pickKnown(UpdateImportBody, body))
      const changed = await changeImport(context, owner, params.import_id, values)
      reply.header('etag', etagOf(changed))
      return { import: changed }
    },
  )

  app.delete(
    '/imports/:import_id',
    { schema: openapi.deleteImport, config: { documented: { headers: IF_MATCH } } },
    async ({ owner, params, headers }, reply) => {
      const { import_id: id } = params
      await writeIf(headers, 'IMPORT_NOT_FOUND', {
        find: () => imports.find(owner, id),
        write: async (version) => (await imports.remove(owner, id, version)) || undefined,
      })
      reply.code(204)
      return null
    },
  )
}

/**
 * Checks that an import is visible: for one on GitHub, the user must have an active installation of the repository's
 * account.
 * @returns `result`
 * @throws ApiError 403
 */
function requireVisible<Result>(owner: Owner, { source_type, source_path }: ImportRow, result: Result): Result {
  const isVisible = source_type !== 'github' || owner.githubAccounts().includes(accountOf(source_path))
  if (!isVisible) throw githubAccessDenied(source_path)
  return result
}
