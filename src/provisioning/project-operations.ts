import { Type } from '@sinclair/typebox'
import { ApiError } from '../errors.js'
import { Id, response } from '../schemas.js'
import { defineOperation, type Operation } from './operation.js'
import { toResult } from './put-result.js'
import { PROJECT_MODELS, removeProject, tableOf } from './removal-repository.js'
import { removalResponse } from './removal-response.js'
import { isTaken, type OwnedRow, type OwnedRows, putRow } from './rows-repository.js'
import { Project, ProjectBody } from './schemas.js'
import type { UserTransaction } from './transaction.js'

const Params = Type.Object({ project_id: Id({ description: 'Assigned by the client.', examples: [789] }) })

const rowsOf = ({ transaction }: UserTransaction) => transaction.project as unknown as OwnedRows

const example = {
  id: 789,
  name: 'My project',
  created_at: new Date('2025-02-16T17:42:11Z'),
  updated_at: new Date('2025-02-16T17:42:11Z'),
  neptun_user_id: 1,
}

/** Converts a row to the body of a response, without the counters. */
const present = ({ id, name, created_at, updated_at, neptun_user_id }: OwnedRow) => ({
  id,
  name,
  created_at,
  updated_at,
  neptun_user_id,
})

const put = defineOperation({
  method: 'PUT',
  path: '/projects/:project_id',
  params: Params,
  body: ProjectBody,
  async run(work, { project_id }, { name }) {
    if (!work.isUser) throw new ApiError('USER_NOT_FOUND')
    return toResult(await putRow(work, rowsOf(work), project_id, { name }), present)
  },
  operationId: 'putProject',
  tag: 'Projects',
  summary: 'Create or update a project of a user',
  description: 'Imports, files and links of the project are not changed.',
  responses: {
    200: response('The existing project.', Project, { example }),
    201: response('The new project.', Project, { example }),
  },
  errors: ['USER_NOT_FOUND', 'ID_TAKEN'],
})

const remove = defineOperation({
  method: 'DELETE',
  path: '/projects/:project_id',
  params: Params,
  async run(work, { project_id }) {
    if (await isTaken(work, rowsOf(work), project_id)) throw new ApiError('ID_TAKEN')
    return { status: 200, body: { removed: await removeProject(work, project_id) } }
  },
  operationId: 'deleteProject',
  tag: 'Projects',
  summary: 'Delete a project of a user',
  description: 'Deletes its imports, files and links, too. If the project does not exist, all counts are 0.',
  responses: { 200: removalResponse('Project', ['projects', ...PROJECT_MODELS.map(tableOf)]) },
  errors: ['ID_TAKEN'],
})

export const projectOperations: Operation[] = [put, remove]
