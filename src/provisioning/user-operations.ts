import { Type } from '@sinclair/typebox'
import { ApiError } from '../errors.js'
import { response } from '../schemas.js'
import { defineOperation, type Operation } from './operation.js'
import { removeUser, tableOf, USER_MODELS } from './removal-repository.js'
import { removalResponse } from './removal-response.js'
import { User, UserBody } from './schemas.js'
import { putUser } from './users-repository.js'

const NO_PARAMS = Type.Object({})

const example = {
  id: 1,
  email: 'someone@example.com',
  github_account_id: '583231',
  github_account_name: 'octocat',
  created_at: new Date('2025-02-16T17:42:11Z'),
  updated_at: new Date('2025-02-16T17:42:11Z'),
}

const put = defineOperation({
  method: 'PUT',
  path: '',
  params: NO_PARAMS,
  body: UserBody,
  check: (_valid, body) => {
    const names = ['github_account_id', 'github_account_name'] as const
    const missing = names.filter((name) => (body[name] ?? null) === null)
    return missing.length === 1
      ? [{ path: `body.${missing[0]}`, message: `is required: ${names.join(' and ')} must be sent together` }]
      : []
  },
  async run(work, _params, { email, github_account_id = null, github_account_name = null }) {
    const result = await putUser(work, { email, github_account_id, github_account_name })
    if (result === 'duplicate') throw new ApiError('CONFLICT', { message: 'Another user has this email address' })
    if (result === 'contended') throw new ApiError('CONFLICT')
    return { status: result.isNew ? 201 : 200, body: result.row }
  },
  operationId: 'putUser',
  tag: 'Users',
  summary: 'Create or update a user',
  description: 'Replaces all values: if the GitHub account is absent, it is removed.',
  responses: {
    200: response('The existing user.', User, { example }),
    201: response('The new user.', User, { example }),
  },
})

const remove = defineOperation({
  method: 'DELETE',
  path: '',
  params: NO_PARAMS,
  async run(work) {
    return { status: 200, body: { removed: await removeUser(work) } }
  },
  operationId: 'deleteUser',
  tag: 'Users',
  summary: 'Delete a user',
  description: 'Deletes everything that belongs to the user, too. If the user does not exist, all counts are 0.',
  responses: { 200: removalResponse('User', ['users', ...USER_MODELS.map(tableOf)]) },
})

export const userOperations: Operation[] = [put, remove]
