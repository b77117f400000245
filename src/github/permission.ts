import type { RepositorySelection } from '../database/generated/enums.js'
import { ApiError } from '../errors.js'

/** How it is decided whether a user may import a GitHub repository. */
export interface GithubPermission {
  mode: 'live' | 'recorded'
  /**
   * Which of the user's recorded installations count: one of these, of the owner's account, not suspended, must be
   * there when an import is stored. The statement that stores it checks that.
   */
  selections: RepositorySelection[]
  /**
   * Whether a user may import a repository, as far as anybody beside the database can say.
   * @param path `owner/repo`
   * @returns the path under which to store it: GitHub's own spelling, or its new name
   * @throws ApiError 403 if not, 503 if GitHub cannot be asked
   */
  proveRepository(userId: number, path: string): Promise<string>
  /**
   * Whether a user may record an installation.
   * @returns what GitHub says of its account, if it was asked
   * @throws ApiError 403 if not, 503 if GitHub cannot be asked
   */
  verifyInstallation(userId: number, installation: InstallationClaim): Promise<Partial<VerifiedAccount>>
}

/** What a user says of an installation. */
export interface InstallationClaim {
  installation_id: number
  account_name: string
  repository_selection: RepositorySelection
}

/** The account of an installation, as GitHub describes it: columns of github_installations. */
export interface VerifiedAccount {
  github_account_type: string | null
  github_account_avatar_url: string | null
  github_account_id: string
  github_account_name: string
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
    proveRepository: async (_userId, path) => path,
    async verifyInstallation() {
      if (trusted) return {}
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

/** The one answer to whoever may not record an installation, whatever of it is not as they say. */
export function installationNotConfirmed(): ApiError {
  const message =
    'GitHub does not confirm this installation: it must be of your own GitHub account, of the account_name and ' +
    'repository_selection that you gave, and not suspended'
  return new ApiError('GITHUB_ACCESS_DENIED', { message })
}
