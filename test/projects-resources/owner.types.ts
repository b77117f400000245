// Compile-time test: `npm run types` fails if a line after @ts-expect-error compiles. Nothing here is executed.
import type { FastifyRequest } from 'fastify'
import type { InstallationsRepository } from '../../src/github/installations-repository.js'
import type { GithubPermission } from '../../src/github/permission.js'
import type { ImportRepository } from '../../src/projects-resources/imports/repository.js'
import type { Owner } from '../../src/projects-resources/owner.js'
import * as ownerModule from '../../src/projects-resources/owner.js'
import type { ResourceRepository } from '../../src/projects-resources/resources/repository.js'

declare const imports: ImportRepository
declare const files: ResourceRepository
declare const permission: GithubPermission
declare const other: FastifyRequest
declare const request: FastifyRequest<{
  Params: { user_id: number; project_id: number }
  Body: { userId: number; projectId: number }
}>

const values = { source_type: 'local', source_path: '/srv/app' } as const
const batch = { after: null, limit: 1 }

declare const installations: InstallationsRepository

/** Calls that compile: the same methods as below, with the owner that the session hook has set. */
export const authorized = [
  () => imports.create(request.owner, values),
  () => imports.list(request.owner, {}, batch),
  () => imports.find(request.owner, 1),
  () => imports.findDuplicates(request.owner, values),
  () => imports.preview(request.owner, values),
  () => imports.update(request.owner, 1, values, undefined),
  () => imports.remove(request.owner, 1),
  () => files.list(request.owner, batch),
  () => files.find(request.owner, 1),
  () => files.link(request.owner, 1),
  () => files.create(request.owner, {}),
  () => files.unlink(request.owner, 1),
  () => permission.checkRepository(request.owner, 'owner/repo'),
  () => installations.listActiveIds(request.owner),
  () => installations.listLinked(request.owner),
  () => installations.findAccount(request.owner),
]

/** Object literals, path parameters and bodies are not assignable to Owner. */
export const refused = [
  // @ts-expect-error an object literal
  () => imports.create({ userId: 1, projectId: 789 }, values),
  // @ts-expect-error path parameters
  () => imports.create(request.params, values),
  // @ts-expect-error a body
  () => imports.create(request.body, values),
  // @ts-expect-error the path's ids under other names
  () => imports.list({ userId: request.params.user_id, projectId: request.params.project_id }, {}, batch),
  // @ts-expect-error a spread owner, which could name another project
  () => imports.list({ ...request.owner, projectId: 790 }, {}, batch),
  // @ts-expect-error an object literal
  () => imports.find({ userId: 1, projectId: 789 }, 1),
  // @ts-expect-error an object literal
  () => imports.findDuplicates({ userId: 1, projectId: 789 }, values),
  // @ts-expect-error an object literal
  () => imports.preview({ userId: 1, projectId: 789 }, values),
  // @ts-expect-error an object literal
  () => imports.update({ userId: 1, projectId: 789 }, 1, values, undefined),
  // @ts-expect-error an object literal
  () => imports.remove({ userId: 1, projectId: 789 }, 1),
  // @ts-expect-error an object literal
  () => files.list({ userId: 1, projectId: 789 }, batch),
  // @ts-expect-error an object literal
  () => files.find({ userId: 1, projectId: 789 }, 1),
  // @ts-expect-error an object literal
  () => files.link({ userId: 1, projectId: 789 }, 1),
  // @ts-expect-error a body
  () => files.create(request.body, {}),
  // @ts-expect-error path parameters
  () => files.unlink(request.params, 1),
  // @ts-expect-error an object literal
  () => permission.checkRepository({ userId: 1, projectId: 789 }, 'owner/repo'),
  // @ts-expect-error an object literal
  () => installations.listActiveIds({ userId: 1, projectId: 789 }),
  // @ts-expect-error an object literal
  () => installations.listLinked({ userId: 1, projectId: 789 }),
  // @ts-expect-error an object literal
  () => installations.findAccount({ userId: 1, projectId: 789 }),
  // @ts-expect-error undefined
  () => imports.list(undefined, {}, batch),
]

/** No other module can construct, copy or change an owner. */
export const forged = [
  // @ts-expect-error not exported
  () => new ownerModule.AuthorizedOwner(1, 789),
  // @ts-expect-error exported only as a type
  () => new ownerModule.Owner(1, 789),
  // @ts-expect-error an object literal does not have the private fields
  (): Owner => ({ userId: 1, projectId: 789 }),
  // @ts-expect-error only the hook sets it
  () => (request.owner = other.owner),
  // @ts-expect-error owners cannot be changed
  () => (request.owner.projectId = 790),
]
