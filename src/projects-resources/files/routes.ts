import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { ApiError } from '../../errors.js'
import { IF_MATCH } from '../../http/openapi/headers.js'
import { pickKnown } from '../../schemas.js'
import { creationCursor, type Position } from '../creation-order.js'
import { findAdmitted, LARGE_TEXT, type LargeWork } from '../large-work.js'
import { checkPage, type ListSource, listBody, locationOf } from '../list-response.js'
import { objectBody } from '../object-response.js'
import { etagOf, writeIf } from '../preconditions.js'
import { checkCreate, checkUpdate, presentFields } from './body.js'
import * as openapi from './openapi.js'
import type { FileRepository, FileRow } from './repository.js'
import { CreateFileBody, type ListFilesQuery, UpdateFileBody } from './schemas.js'

export interface FileRoutesOptions {
  files: FileRepository
  largeWork: LargeWork
}

/** Routes of a project's files. */
export const fileRoutes: FastifyPluginAsyncTypebox<FileRoutesOptions> = async (app, { files, largeWork }) => {
  const itemPath = '/files/:context_file_id'

  app.post(
    '/files',
    { schema: openapi.createFile, config: { check: checkCreate } },
    async ({ owner, body, originalUrl }, reply) => {
      const values = pickKnown(CreateFileBody, body)
      return await reply.writeOnce({
        write: (once) => files.create(owner, values, once),
        respond: (created) =>
          fileBody(reply.code(201).header('location', locationOf(originalUrl, created.id)), created),
        restore: (stored) => ({ ...stored, text: values.text }),
      })
    },
  )

  const list: ListSource<FileRow, Position, ListFilesQuery, { files: FileRow[] }> = {
    read: ({ owner, query }, request) => files.list(owner, query, request),
    findPageEnd: ({ owner, query }, after, limit) => files.findPageEnd(owner, query, after, limit),
    readBatch: ({ owner, query }, range) => files.readBatch(owner, query, range),
    readVersions: ({ owner, query }, range) => files.listVersions(owner, query, range),
    keyOf: ({ id }) => String(id),
    wrap: (rows) => ({ files: rows }),
    cursor: creationCursor,
  }
  app.get(
    '/files',
    { schema: openapi.listFiles, config: { check: checkPage(creationCursor), listCounter: 'file' } },
    (request, reply) => listBody(request, reply, list, largeWork),
  )

  app.get(itemPath, { schema: openapi.getFile }, async ({ owner, params }, reply) => {
    const find = (maxBytes?: number) => files.find(owner, params.context_file_id, maxBytes)
    const found = await findAdmitted(find, LARGE_TEXT, () => largeWork.enter(owner.userId, reply.raw))
    if (!found) throw new ApiError('FILE_NOT_FOUND')
    return fileBody(reply, found)
  })

  app.put(
    itemPath,
    { schema: openapi.updateFile, config: { check: checkUpdate, documented: { headers: IF_MATCH } } },
    async ({ owner, params, body, headers }, reply) => {
      const { context_file_id: id } = params
      const find = () => files.findVersion(owner, id)
      const found = await find()
      if (!found) throw new ApiError('FILE_NOT_FOUND')
      // Even a small update returns the whole text.
      if (found.bytes > LARGE_TEXT) await largeWork.enter(owner.userId, reply.raw)
      const change = presentFields(pickKnown(UpdateFileBody, body))
      const write = (version: Date | undefined) => files.update(owner, id, change, version)
      return fileBody(reply, await writeIf(headers, 'FILE_NOT_FOUND', { find, write }))
    },
  )

  app.delete(
    itemPath,
    { schema: openapi.deleteFile, config: { documented: { headers: IF_MATCH } } },
    async ({ owner, params, headers }, reply) => {
      const { context_file_id: id } = params
      await writeIf(headers, 'FILE_NOT_FOUND', {
        find: () => files.findVersion(owner, id),
        write: async (version) => (await files.remove(owner, id, version)) || undefined,
      })
      reply.code(204)
      return null
    },
  )
}

const fileBody = (reply: FastifyReply, file: FileRow) =>
  objectBody(reply.header('etag', etagOf(file)), file, (row) => ({ file: row }))
