import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiError } from '../../errors.js'
import type { InstallationsRepository, LinkedInstallation } from '../../github/installations-repository.js'
import type { ListUserRepositories } from '../../github/list-repos.js'
import { listGithubRepositories } from './openapi.js'

export interface GithubRepositoryRoutesOptions {
  installations: InstallationsRepository
  /** Null if no GitHub App is configured. */
  listRepositories: ListUserRepositories | null
}

/** Default value of `Retry-After`, in seconds. */
const RETRY_AFTER = 30

/** Route that lists the repositories of the linked GitHub installations. */
export const githubRepositoryRoutes: FastifyPluginAsyncTypebox<GithubRepositoryRoutesOptions> = async (
  app,
  { installations, listRepositories },
) => {
  app.get('/github-repositories', { schema: listGithubRepositories }, async ({ owner, log }, reply) => {
    const linked = await installations.listLinked(owner)
    if (linked.length === 0) throw new ApiError('NO_GITHUB_INSTALLATION')
    if (!listRepositories) throw unavailable('No GitHub App is configured')
    const ids = idsOf(linked)
    const suspended = idsOf(linked.filter(({ suspended_at }) => suspended_at !== null))
    const active = ids.filter((id) => !suspended.includes(id))
    const { repositories, failed, retryAfter } = await listRepositories(owner, active, log)
    const missing = ids.filter((id) => suspended.includes(id) || failed.includes(id))
    if (missing.length > 0) reply.header('x-installations-failed', missing.join(', '))
    if (active.length === 0) throw unavailable('All GitHub installations linked to this project are suspended')
    if (failed.length === active.length) throw unavailable('GitHub is unavailable', retryAfter)
    return { repositories }
  })
}

const idsOf = (installations: LinkedInstallation[]) => installations.map(({ installation_id }) => installation_id)

function unavailable(message: string, retryAfter = RETRY_AFTER): ApiError {
  return new ApiError('GITHUB_UNAVAILABLE', { message, retryAfter })
}
