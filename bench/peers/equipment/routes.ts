import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'
import type { SourceType } from '../../../src/database/generated/enums.js'
import { type ErrorOptions, HttpError } from './errors.js'
import * as schemas from './schemas.js'
import { type Owner, ownerOf, type SessionCheckOptions, sessionCheck } from './session.js'

/** Data access of a peer: the only difference between the equipped peers. */
export interface DataAccess extends SessionCheckOptions, ErrorOptions {
  /** Lists the visible imports, oldest first, and counts the withheld ones. */
  listImports(owner: Owner, sourceType: SourceType | null): Promise<{ imports: schemas.Import[]; withheld: number }>
  /** Lists the linked files, newest link first. */
  listUserFiles(owner: Owner): Promise<schemas.UserFile[]>
  /** @returns undefined if the user has no access to the GitHub repository */
  createImport(owner: Owner, values: schemas.CreateImportBody): Promise<schemas.Import | undefined>
}

const params = schemas.ProjectParams
const errorResponses = { '4xx': schemas.ErrorBody, '5xx': schemas.ErrorBody }

const listImports = {
  params,
  querystring: schemas.ListQuery,
  response: { 200: Type.Object({ imports: Type.Array(schemas.Import) }), ...errorResponses },
}
const listUserFiles = {
  params,
  querystring: schemas.NoQuery,
  response: { 200: Type.Array(schemas.UserFile), ...errorResponses },
}
const createImport = {
  params,
  querystring: schemas.NoQuery,
  body: schemas.CreateImportBody,
  response: { 201: Type.Object({ import: schemas.Import }), ...errorResponses },
}

/** Routes of the measured calls. */
export const projectResources: FastifyPluginAsyncTypebox<DataAccess> = async (app, data) => {
  await app.register(fp(sessionCheck), data)

  app.get('/imports', { schema: listImports }, async (request, reply) => {
    const { imports, withheld } = await data.listImports(ownerOf(request), request.query.source_type ?? null)
    if (withheld > 0) reply.header('x-imports-withheld', withheld)
    return { imports }
  })

  app.get('/user-files', { schema: listUserFiles }, async (request) => await data.listUserFiles(ownerOf(request)))

  app.post('/imports', { schema: createImport }, async (request, reply) => {
    const created = await data.createImport(ownerOf(request), request.body)
    if (!created) throw new HttpError(403, 'GITHUB_ACCESS_DENIED', 'No access to this GitHub repository')
    return reply.code(201).send({ import: created })
  })
}
