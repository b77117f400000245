import { CREATE_ERRORS, guardedErrors, WRITE_ERRORS } from '../../http/openapi/error-responses.js'
import { NEXT_PAGE } from '../../http/openapi/headers.js'
import { type Headers, MAX_LIST_ITEMS, NoContent, response } from '../../schemas.js'
import * as schemas from './schemas.js'

const tags = ['Imports']

const found = {
  id: 123,
  ...schemas.EXAMPLE,
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
    description:
      'Number of imports omitted from the list because the user currently has no access to their repositories.',
  },
}

export const createImport = {
  operationId: 'createImport',
  tags,
  summary: 'Create an import',
  description:
    'The format of `source_path` depends on `source_type`. It is stored in canonical form. For `github` imports, ' +
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
    'Runs all checks of a create, but creates nothing. Returns the import as a create would store it, with the ' +
    "ids of the project's imports of the same source (case-insensitive for GitHub), or the error that the create " +
    'would return.',
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
    'Returns all imports, oldest first, or one page of them if `limit` is set. A `github` import is listed only ' +
    "while the user has an active (not suspended) GitHub App installation on the repository's account.",
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
  summary: 'Get an import',
  description:
    'A `github` import is accessible only while the user has an active (not suspended) GitHub App installation on the ' +
    "repository's account.",
  params: schemas.ImportParams,
  response: {
    200: response('The import.', schemas.ImportBody, { example: { import: found } }),
    ...guardedErrors('IMPORT_NOT_FOUND', 'GITHUB_ACCESS_DENIED'),
  },
}

export const updateImport = {
  operationId: 'updateImport',
  tags,
  summary: 'Update an import',
  description:
    'Changes only the fields in the body. The resulting `source_path` must have the format of the resulting ' +
    '`source_type`. A new `github` path requires the same permissions as a new import.',
  params: schemas.ImportParams,
  body: schemas.UpdateImportBody,
  response: {
    200: response('The updated import.', schemas.ImportBody, { example: { import: changed } }),
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
  description: 'Does not require access to the repository.',
  params: schemas.ImportParams,
  response: {
    204: NoContent,
    ...guardedErrors('IMPORT_NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED', ...WRITE_ERRORS),
  },
}
