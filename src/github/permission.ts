import type { RepositorySelection } from '../database/generated/enums.js'
import { ApiError } from '../errors.js'

/** How it is decided whether a user may import a GitHub repository. */
export interface GithubPermission {
  mode: 'recorded'
  /**
   * Which of the user's recorded installations count: one of these, of the owner's account, not suspended, must be
   * there when an import is stored. The statement that stores it checks that.
   */
  selections: RepositorySelection[]
  /**
   * Whether a user may record an installation.
   * @throws ApiError 403 if not
   */
  verifyInstallation(installation: Record<string, unknown>): Promise<void>
}

/**
 * Without a GitHub App there is nobody to ask: the recorded installations alone decide. One of selected repositories
 * does not say which, so only one of all repositories grants.
 * @param options trusted: whether a user who records an installation is taken at their word
 */
export function recordedPermission({ trusted }: { trusted: boolean }): GithubPermission {
  return {
    mode: 'recorded',
    selections: ['all'],
    async verifyInstallation() {
      if (trusted) return
      const message = 'Installations cannot be recorded here: no GitHub App is configured that could confirm them'
      throw new ApiError('GITHUB_ACCESS_DENIED', { message })
    },
  }
}

/**
 * The one answer to whoever may not import a repository, whether it is private, not granted, suspended, or not there at
 * all: nobody learns which repositories exist.
 * @param path `owner/repo`, as the caller knows it already
 */
export function githubAccessDenied(path: string): ApiError {
  const owner = path.split('/')[0]
  const message =
    `No access to ${path} on GitHub: install the GitHub App on the account ${owner} for this repository, ` +
    'or lift its suspension, record the installation, and try again'
  return new ApiError('GITHUB_ACCESS_DENIED', { message })
}
