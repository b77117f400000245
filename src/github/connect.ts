import type { BaseLogger } from 'pino'
import type { Config } from '../config.js'
import type { RequestCounter } from '../http/request-counter.js'
import type { InstallationsRepository } from './installations-repository.js'
import type { ListUserRepositories } from './list-repos.js'
import type { ObserveGithub } from './observe.js'
import { type GithubPermission, recordedPermission } from './permission.js'
import { createUserRateLimit } from './user-rate-limit.js'

/**
 * Sets up permission checks and repository lists. If a GitHub App is configured (live mode), both use GitHub's API.
 * Otherwise (recorded mode), permissions come from the recorded installations, there are no lists, and a log line
 * reports the mode.
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
    logger.info('No GitHub App is configured: permissions come from the recorded installations (recorded mode)')
    return { permission: recordedPermission(config.NODE_ENV !== 'production'), listRepositories: null }
  }
  // Loaded on demand: importing Octokit takes 0.1 s.
  const [{ createGithubClient }, { livePermission }, { createRepoLister }] = await Promise.all([
    import('./client.js'),
    import('./live-permission.js'),
    import('./list-repos.js'),
  ])
  const client = createGithubClient({ ...config, GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY }, logger, observe)
  const countCall = createUserRateLimit(config, count)
  const list = createRepoLister(client)
  return {
    permission: livePermission(client, installations, countCall),
    async listRepositories(owner, installationIds, log) {
      if (installationIds.length > 0) await countCall(owner)
      return await list(installationIds, log)
    },
  }
}
