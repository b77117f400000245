import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiError } from '../../errors.js'
import type { ListRepositories } from '../../github/repositories.js'
import { sendJsonText } from '../../plugins/json-text.js'
import { admit } from '../access.js'
import { listGithubRepositories } from './operations.js'
import { listLinkedInstallations } from './repository.js'

export interface GithubRepositoryRoutesOptions {
  /** Null without a GitHub App: then there is nobody to ask. */
  listRepositories: ListRepositories | null
}

/** In seconds, where nobody knows better. */
const RETRY_AFTER = 30

/** What can be imported from GitHub. The plugin that registers this one guards it. */
export const githubRepositoryRoutes: FastifyPluginAsyncTypebox<GithubRepositoryRoutesOptions> = async (
  app,
  { listRepositories },
) => {
  app.get('/github-repositories', { schema: listGithubRepositories }, async (request, reply) => {
    const { caller, installations } = await listLinkedInstallations(app.pool, request.claim)
    admit(request, caller)
    if (installations.length === 0) throw new ApiError('NO_GITHUB_INSTALLATION')
    if (!listRepositories) throw unavailable('GitHub cannot be asked: no GitHub App is configured')
    const active = installations.filter(({ suspended }) => !suspended).map((one) => one.installation_id)
    const { repositories, failed, retryAfter } = await listRepositories(active, request.log)
    const missing = installations
      .filter(({ installation_id, suspended }) => suspended || failed.includes(installation_id))
      .map(({ installation_id }) => installation_id)
    if (missing.length > 0) reply.header('x-installations-failed', missing.join(', '))
    if (active.length === 0) throw unavailable('Every GitHub installation that is linked to this project is suspended')
    if (failed.length === active.length) throw unavailable('GitHub is unavailable', retryAfter)
    return sendJsonText(reply, JSON.stringify({ repositories }))
  })
}

function unavailable(message: string, retryAfter = RETRY_AFTER): ApiError {
  return new ApiError('GITHUB_UNAVAILABLE', { message, retryAfter })
}
