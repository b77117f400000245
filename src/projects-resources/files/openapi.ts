import { CREATE_ERRORS, guardedErrors, WRITE_ERRORS } from '../../http/openapi/error-responses.js'
import { NEXT_PAGE } from '../../http/openapi/headers.js'
import { NoContent, response } from '../../schemas.js'
import * as schemas from './schemas.js'

const tags = ['Files']

const found = {
  id: 123,
  title: 'Dockerfile',
  original_path: 'docker/Dockerfile',
  context_file_category: 'container',
  context_file_type: 'dockerfile',
  text: 'FROM node:20-slim\n',
  language: 'dockerfile',
  extension: 'Dockerfile',
  created_at: new Date('2025-02-16T17:42:11Z'),
  updated_at: new Date('2025-02-16T17:42:11Z'),
  neptun_user_id: 456,
  project_id: 789,
}

const changed = {
  ...found,
  title: 'Dockerfile of the service',
  text: 'FROM node:22-slim\n',
  updated_at: new Date('2025-02-16T18:42:11Z'),
}

export const createFile = {
  operationId: 'createFile',
  tags,
  summary: 'Create a file',
  description: 'The file belongs to the project and is deleted with it.',
  body: schemas.CreateFileBody,
  response: {
    201: response('The new file.', schemas.FileBody, { example: { file: found } }),
    ...guardedErrors('PROJECT_FULL', ...CREATE_ERRORS),
  },
}

export const listFiles = {
  operationId: 'listFiles',
  tags,
  summary: 'List files',
  description:
    'Returns all files, oldest first, or one page of them if `limit` is set. With both filters, returns the files ' +
    'that match both.',
  querystring: schemas.ListFilesQuery,
  response: {
    200: response("The project's files.", schemas.FilesBody, { example: { files: [found] }, headers: NEXT_PAGE }),
    ...guardedErrors(),
  },
}

export const getFile = {
  operationId: 'getFile',
  tags,
  summary: 'Get a file',
  description: 'Includes the full text.',
  params: schemas.FileParams,
  response: {
    200: response('The file.', schemas.FileBody, { example: { file: found } }),
    ...guardedErrors('FILE_NOT_FOUND'),
  },
}

export const updateFile = {
  operationId: 'updateFile',
  tags,
  summary: 'Update a file',
  description: 'Changes only the fields in the body. Null clears `language` and `extension`.',
  params: schemas.FileParams,
  body: schemas.UpdateFileBody,
  response: {
    200: response('The updated file.', schemas.FileBody, { example: { file: changed } }),
    ...guardedErrors('FILE_NOT_FOUND', 'CONFLICT', 'PROJECT_FULL', 'PRECONDITION_FAILED', ...WRITE_ERRORS),
  },
}

export const deleteFile = {
  operationId: 'deleteFile',
  tags,
  summary: 'Delete a file',
  description: 'Other projects are not affected, because files are never shared.',
  params: schemas.FileParams,
  response: { 204: NoContent, ...guardedErrors('FILE_NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED', ...WRITE_ERRORS) },
}
