import type { FastifyInstance } from 'fastify'
import { ApiError } from '../errors.js'
import type { GithubPermission, InstallationClaim } from '../github/permission.js'
import type { ListRepositories } from '../github/repositories.js'
import access, { requireSession } from './access.js'
import { githubRepositoryRoutes } from './github-repositories/routes.js'
import { importRoutes } from './imports/routes.js'
import { LINK_DESCRIPTORS } from './links/index.js'
import { linkRoutes, type Verify } from './links/routes.js'

export interface ProjectsResourcesOptions {
  permission: GithubPermission
  /** Null without a GitHub App. */
  listRepositories: ListRepositories | null
  maxImports: number
}

/** Where a project's resources lie. */
export const PROJECT_RESOURCES = '/api/users/:user_id/projects/:project_id/resources'

/** What a project keeps. The guard comes first, so that no route can be without it. */
export async function projectsResources(app: FastifyInstance, options: ProjectsResourcesOptions) {
  const { permission, listRepositories, maxImports } = options
  await app.register(access)
  await app.register(importRoutes, { permission, maxImports })
  const verifiers: Record<string, Verify> = {
    // The values have passed the schema of the descriptor.
    'github-installations': async (userId, values) =>
      await permission.verifyInstallation(userId, values as unknown as InstallationClaim),
  }
  for (const descriptor of LINK_DESCRIPTORS) {
    await app.register(linkRoutes, { descriptor, verify: verifiers[descriptor.slug] })
  }
  await app.register(githubRepositoryRoutes, { listRepositories })
  await app.register(unknownTypes)
}

/** Any other word in the place of a type is refused by name, whatever the method; with a type's own word, it is 404. */
async function unknownTypes(app: FastifyInstance) {
  const known = ['imports', 'github-repositories', ...LINK_DESCRIPTORS.map(({ slug }) => slug)]
  const type = `:resource_type(^(?!(?:${known.join('|')})$).*$)`
  for (const url of [`/${type}`, `/${type}/:resource_id`]) {
    app.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url,
      schema: { hide: true },
      onRequest: async (request) => {
        await requireSession(request)
        throw new ApiError('INVALID_RESOURCE_TYPE')
      },
      handler: async () => {},
    })
  }
}
