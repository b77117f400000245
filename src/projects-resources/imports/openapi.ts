import { CREATE_ERRORS, guardedErrors, WRITE_ERRORS } from '../../http/openapi/error-responses.js'
import { NEXT_PAGE } from '../../http/openapi/headers.js'
import { type Headers, MAX_LIST_ITEMS, NoContent, response } from '../../schemas.js'
import * as schemas from './schemas.js'

const tags = ['Imports']

const found = {
  id: 123,
  source_type: 'github' as const,
  source_path: 'username/repository',
  title: 'My GitHub Import',
  description: 'Importing from GitHub repository',
  created_at: new Date('2025-02-16T17:42:11Z'),
  updated_at: new Date('2025-02-16T17:42:11Z'),
  neptun_user_id: 456,
  project_id: 789,
}

const another = {
  ...found,
  id: 124,
  source_path: 'username/another-repository',
  title: 'Another GitHub Import',
  description: 'Another import from GitHub',
  created_at: new Date('2025-02-16T18:42:11Z'),
  updated_at: new Date('2025-02-16T18:42:11Z'),
}

const changed = {
  ...found,
  title: 'Updated GitHub Import',
  description: 'Updated import from GitHub repository',
  updated_at: new Date('2025-02-16T18:42:11Z'),
}

const WITHHELD: Headers = {
  'X-Imports-Withheld': {
    type: 'integer',
    format: 'int32',
    minimum: 1,
    maximum: MAX_LIST_ITEMS,
    description: 'How many imports the list leaves out, since the user has no access to their repositories at present.',
  },
}

export const createImport = {
  operationId: 'createImport',
  tags,
  summary: 'Create an import',
  description:
    'The format of `source_path` depends on `source_type`; it is stored in its canonical form. For `github` imports, ' +
    "one of the user's recorded GitHub App installations must have access to the repository.",
  body: schemas.CreateImportBody,
  response: {
    201: response('The new import.', schemas.ImportBody, { example: { import: found } }),
    ...guardedErrors('GITHUB_ACCESS_DENIED', 'PROJECT_FULL', ...CREATE_ERRORS, 'GITHUB_UNAVAILABLE'),
  },
}

const { id: _id, created_at: _created, updated_at: _updated, ...previewed } = found

export const previewImport = {
  operationId: 'previewImport',
  tags,
  summary: 'Preview an import',
  description:
    'Runs every check of a create and stores nothing. Returns the import as it would be stored, and the imports of the same ' +
    'source that the project has already (on GitHub, whatever the letter case), or the error that the create would return.',
  body: schemas.CreateImportBody,
  response: {
    200: response('The import as it would be stored.', schemas.ImportPreviewBody, {
      example: { import: previewed, duplicates: [124] },
    }),
    ...guardedErrors('GITHUB_ACCESS_DENIED', 'PROJECT_FULL', ...CREATE_ERRORS, 'GITHUB_UNAVAILABLE'),
  },
}

export const listImports = {
  operationId: 'listImports',
  tags,
  summary: 'List imports',
  description:
    'All of them, oldest first, or with `limit` a page of them. Imports of GitHub are listed only while the user has an ' +
    'installation of that account that is not suspended.',
  querystring: schemas.ListImportsQuery,
  response: {
    200: response("The project's imports.", schemas.ImportsBody, {
      example: { imports: [found, another] },
      headers: { ...NEXT_PAGE, ...WITHHELD },
    }),
    ...guardedErrors(),
  },
}

export const getImport = {
  operationId: 'getImport',
  tags,
  summary: 'Read an import',
  description: 'An import of GitHub only while the user has an installation of that account that is not suspended.',
  params: schemas.ImportParams,
  response: {
    200: response('The import.', schemas.ImportBody, { example: { import: found } }),
    ...guardedErrors('IMPORT_NOT_FOUND', 'GITHUB_ACCESS_DENIED'),
  },
}

export const updateImport = {
  operationId: 'updateImport',
  tags,
  summary: 'Change an import',
  description:
    'Changes the fields that the body names. The pair of `source_type` and `source_path` that results must match; a ' +
    'changed path on GitHub is checked as for a new import.',
  params: schemas.ImportParams,
  body: schemas.UpdateImportBody,
  response: {
    200: response('The import as it is now.', schemas.ImportBody, { example: { import: changed } }),
    ...guardedErrors(
      'IMPORT_NOT_FOUND',
      'GITHUB_ACCESS_DENIED',
      'CONFLICT',
      'PROJECT_FULL',
      'PRECONDITION_FAILED',
      ...WRITE_ERRORS,
      'GITHUB_UNAVAILABLE',
    ),
  },
}

export const deleteImport = {
  operationId: 'deleteImport',
  tags,
  summary: 'Delete an import',
  description: 'Also of GitHub, whether the user still has access to the repository or not.',
  params: schemas.ImportParams,
  response: { 204: NoContent, ...guardedErrors('IMPORT_NOT_FOUND', 'PRECONDITION_FAILED', ...WRITE_ERRORS) },
}
