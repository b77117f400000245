import type { FastifyInstance } from 'fastify'
import type { Database } from '../database/database.js'
import type { SessionLimits } from '../database/session-limits.js'
import { ApiError } from '../errors.js'
import type { InstallationsRepository } from '../github/installations-repository.js'
import type { ListUserRepositories } from '../github/list-repos.js'
import type { GithubPermission, InstallationClaim } from '../github/permission.js'
import { createConcurrencyLimits } from './concurrency-limits.js'
import { createFileRepository } from './files/repository.js'
import { fileRoutes } from './files/routes.js'
import { githubRepositoryRoutes } from './github-repositories/routes.js'
import idempotency from './idempotency/index.js'
import { createIdempotencyRepository } from './idempotency/repository.js'
import { createImportRepository } from './imports/repository.js'
import { importRoutes } from './imports/routes.js'
import { createCanonicalSourcePath } from './imports/source-path/index.js'
import { createLargeWork } from './large-work.js'
import { RESOURCE_DESCRIPTORS } from './resources/index.js'
import { createResourceRepository } from './resources/repository.js'
import { resourceRoutes, type Verify } from './resources/routes.js'
import session from './session.js'
import { createSessionLookup, type ObserveSessionLookup, type SessionLookupOptions } from './session-lookup/index.js'
import { createSessionLookupRepository } from './session-lookup/repository.js'

export interface ProjectsResourcesOptions {
  database: Database
  installations: InstallationsRepository
  permission: GithubPermission
  /** Null if no GitHub App is configured. */
  listRepositories: ListUserRepositories | null
  /** Hosts of the GitHub server, accepted in paths of `github` imports. */
  githubHosts: Parameters<typeof createCanonicalSourcePath>[0]
  sessionLimits: SessionLimits
  /** If unset, only sessions in the table `sessions` are valid. */
  sessionLookup?: SessionLookupOptions | undefined
  observeSessionLookup: ObserveSessionLookup
}

/** URL prefix of all routes of the plugin. */
export const PROJECT_RESOURCES = '/api/users/:user_id/projects/:project_id/resources'

/** Plugin with all routes of a project. Its session hook guards every route registered here or in a nested plugin. */
export async function projectsResources(app: FastifyInstance, options: ProjectsResourcesOptions) {
  const { database, installations, permission, listRepositories, githubHosts, sessionLimits, sessionLookup } = options
  const canonicalSourcePath = createCanonicalSourcePath(githubHosts)
  const largeWork = createLargeWork({ perUser: 2, inTotal: 8 })
  const largeBodies = createLargeWork({ perUser: 1, inTotal: 4 })
  const lookup =
    sessionLookup &&
    createSessionLookup(createSessionLookupRepository(database), sessionLookup, options.observeSessionLookup)
  await app.register(session, { database, largeBodies, limits: sessionLimits, lookup })
  app.addHook('onRoute', (route) => {
    route.config = { isTagged: true, ...route.config }
  })
  const concurrency = createConcurrencyLimits(database.pool.options)
  // The functions that `once` returns need no limit, because they usually run within a limited call of another
  // repository. The only exception is the preview of an import, which inserts a single row into idempotency_keys.
  const { once, ...calls } = createIdempotencyRepository(database)
  await app.register(idempotency, { keys: { once, ...concurrency.limit(calls) } })
  const imports = concurrency.limit(createImportRepository(database))
  await app.register(importRoutes, { imports, permission, canonicalSourcePath, largeWork })
  await app.register(fileRoutes, { files: concurrency.limit(createFileRepository(database)), largeWork })
  const verifiers: Record<string, Verify> = {
    // The values have been validated by the schema of the descriptor.
    'github-installations': async (owner, values) =>
      await permission.verifyInstallation(owner, values as InstallationClaim),
  }
  for (const descriptor of RESOURCE_DESCRIPTORS) {
    const resources = concurrency.limit(createResourceRepository(database, descriptor))
    await app.register(resourceRoutes, { descriptor, resources, largeWork, verify: verifiers[descriptor.slug] })
  }
  await app.register(githubRepositoryRoutes, { installations, listRepositories })
  await app.register(unknownTypes)
}

/** Rejects all other resource types. */
async function unknownTypes(app: FastifyInstance) {
  const knownTypes = ['imports', 'files', 'github-repositories', ...RESOURCE_DESCRIPTORS.map(({ slug }) => slug)]
  const type = `:resource_type(^(?!(?:${knownTypes.join('|')})$).*$)`
  for (const url of [`/${type}`, `/${type}/:resource_id`]) {
    app.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url,
      schema: { hide: true },
      onRequest: async () => {
        throw new ApiError('INVALID_RESOURCE_TYPE')
      },
      handler: async () => {},
    })
  }
}
