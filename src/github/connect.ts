import type { BaseLogger } from 'pino'
import type { Config } from '../config.js'
import type { RequestCounter } from '../http/request-counter.js'
import type { InstallationsRepository } from './installations-repository.js'
import type { ListUserRepositories } from './list-repos.js'
import type { ObserveGithub } from './observe.js'
import { type GithubPermission, recordedPermission } from './permission.js'
import { createUserRateLimit } from './user-rate-limit.js'

/**
 * What the service has of GitHub: with a GitHub App it asks; without one it makes no request to GitHub at all, and says
 * so in the log.
 */
export async function connectGithub(
  config: Config,
  installations: InstallationsRepository,
  logger: Pick<BaseLogger, 'info' | 'warn'>,
  observe: ObserveGithub,
  count: RequestCounter['add'],
): Promise<{ permission: GithubPermission; listRepositories: ListUserRepositories | null }> {
  const { GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY } = config
  if (!GITHUB_APP_ID || !GITHUB_APP_PRIVATE_KEY) {
    logger.info('GitHub permission is in recorded mode: no GitHub App is configured, the recorded installations decide')
    return { permission: recordedPermission(config.NODE_ENV !== 'production'), listRepositories: null }
  }
  // Octokit takes 0.1 s to load.
  const [{ createGithubClient }, { livePermission }, { createRepositoryLister }] = await Promise.all([
    import('./client.js'),
    import('./live-permission.js'),
    import('./list-repos.js'),
  ])
  const client = createGithubClient({ ...config, GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY }, logger, observe)
  const countCall = createUserRateLimit(config, count)
  const list = createRepositoryLister(client)
  return {
    permission: livePermission(client, installations, countCall),
    async listRepositories(owner, installationIds, log) {
      if (installationIds.length > 0) await countCall(owner)
      return await list(installationIds, log)
    },
  }
}
