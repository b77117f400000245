import type pg from 'pg'
import type { BaseLogger } from 'pino'
import type { Config } from '../config.js'
import { createGithubClient } from './client.js'
import { livePermission } from './live-permission.js'
import { type GithubPermission, recordedPermission } from './permission.js'
import { createRepositoryLister, type ListRepositories } from './repositories.js'
import type { ObserveGithub } from './requests.js'

/**
 * What the service has of GitHub: with a GitHub App it asks; without one it makes no request to GitHub at all, and says
 * so in the log.
 */
export function connectGithub(
  config: Config,
  pool: pg.Pool,
  logger: Pick<BaseLogger, 'info' | 'warn'>,
  observe: ObserveGithub,
): { permission: GithubPermission; listRepositories: ListRepositories | null } {
  const { GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY } = config
  if (!GITHUB_APP_ID || !GITHUB_APP_PRIVATE_KEY) {
    logger.info('GitHub permission is in recorded mode: no GitHub App is configured, the recorded installations decide')
    return { permission: recordedPermission({ trusted: config.NODE_ENV !== 'production' }), listRepositories: null }
  }
  const client = createGithubClient({ ...config, GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY }, logger, observe)
  return { permission: livePermission(client, pool), listRepositories: createRepositoryLister(client) }
}
