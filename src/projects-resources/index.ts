import type { FastifyInstance } from 'fastify'
import type { GithubPermission } from '../github/permission.js'
import access from './access.js'
import { importRoutes } from './imports/routes.js'

export interface ProjectsResourcesOptions {
  permission: GithubPermission
  maxImports: number
}

/** Where a project's resources lie. */
export const PROJECT_RESOURCES = '/api/users/:user_id/projects/:project_id/resources'

/** What a project keeps. The guard comes first, so that no route can be without it. */
export async function projectsResources(app: FastifyInstance, { permission, maxImports }: ProjectsResourcesOptions) {
  await app.register(access)
  await app.register(importRoutes, { permission, maxImports })
}
