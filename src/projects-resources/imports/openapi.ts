import { guardedErrors, WRITE_ERRORS } from '../../error-responses.js'
import { answer, NEXT_PAGE, NoContent } from '../../schemas.js'
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

const WITHHELD = {
  'X-Imports-Withheld': {
    type: 'integer',
    description: 'How many imports the list leaves out, since the user has no access to their repositories at present.',
  },
}

const ETAG = {
  ETag: {
    type: 'string',
    description: 'Version of the import, for `If-Match` (RFC 9110). Every change moves it.',
  },
}

export const createImport = {
  operationId: 'createImport',
  tags,
  summary: 'Create an import',
  description:
    'The format of `source_path` depends on `source_type`; it is stored in its canonical form. For `github` imports, ' +
    "one of the user's recorded GitHub App installations must have access to the repository.",
  querystring: schemas.DryRunQuery,
  body: schemas.CreateImportBody,
  response: {
    200: answer('Of a dry run: what would be stored.', schemas.NewImportPreviewBody, {
      example: { import: { ...found, id: null }, duplicates: [124] },
    }),
    201: answer('The new import.', schemas.ImportBody, { example: { import: found } }),
    ...guardedErrors('GITHUB_ACCESS_DENIED', 'IMPORT_LIMIT_REACHED', ...WRITE_ERRORS, 'GITHUB_UNAVAILABLE'),
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
    200: answer("The project's imports.", schemas.ImportsBody, {
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
  params: schemas.ImportParams,
  response: {
    200: answer('The import.', schemas.ImportBody, { example: { import: found }, headers: ETAG }),
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
  querystring: schemas.DryRunQuery,
  body: schemas.UpdateImportBody,
  response: {
    200: answer('The import as it is now; of a dry run, as it would be.', schemas.ChangedImportBody, {
      example: { import: changed },
      headers: ETAG,
    }),
    ...guardedErrors(
      'IMPORT_NOT_FOUND',
      'GITHUB_ACCESS_DENIED',
      'CONFLICT',
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
  params: schemas.ImportParams,
  response: { 204: NoContent, ...guardedErrors('IMPORT_NOT_FOUND', 'PRECONDITION_FAILED', ...WRITE_ERRORS) },
}
