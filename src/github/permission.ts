import type { RepositorySelection } from '../database/generated/enums.js'
import { ApiError } from '../errors.js'
import type { Owner } from '../projects-resources/owner.js'
import type { RepositorySighting } from './names-repository.js'

/** Decides whether a user may import a GitHub repository. */
export interface GithubPermission {
  mode: 'live' | 'recorded'
  /**
   * Checks that a user may import a repository: one of their recorded installations must have access to it.
   * @param path `owner/repo`
   * @throws ApiError 403 if not granted, 429 beyond the user's rate limit, 503 if GitHub is unavailable
   */
  checkRepository(owner: Owner, path: string): Promise<CheckedRepository>
  /**
   * Checks that a user may record an installation.
   * @returns the installation's account as GitHub describes it; empty in recorded mode
   * @throws ApiError 403 if not confirmed, 429 beyond the user's rate limit, 503 if GitHub is unavailable
   */
  verifyInstallation(owner: Owner, installation: InstallationClaim): Promise<Partial<VerifiedAccount>>
}

/** A repository that a user may import. */
export interface CheckedRepository {
  /** The path to store. In live mode, it is the repository's current name at GitHub, in GitHub's letter case. */
  path: string
  /** The repository as GitHub described it; null in recorded mode, or if GitHub did not send its id. */
  sighting: RepositorySighting | null
}

/** A user's claim about an installation, which is not verified yet. */
export interface InstallationClaim {
  installation_id: number
  account_name: string
  repository_selection: RepositorySelection
}

/** Columns of github_installations that describe an installation's account, with values from GitHub. */
export interface VerifiedAccount {
  github_account_type: string | null
  github_account_avatar_url: string | null
  github_account_id: string
  github_account_name: string
  /** Always null: a suspended installation is never verified. */
  suspended_at: null
}

/**
 * Creates the permission check of recorded mode, without a GitHub App: only the recorded installations count. Their
 * repositories are not recorded, so only an installation with access to all repositories grants access.
 * @param trusted whether users may record an installation without verification
 */
export function recordedPermission(trusted: boolean): GithubPermission {
  return {
    mode: 'recorded',
    async checkRepository(owner, path) {
      if (!owner.githubAccounts('all').includes(accountOf(path))) throw githubAccessDenied(path)
      return { path, sighting: null }
    },
    async verifyInstallation() {
      if (trusted) return {}
      const message = 'Installations cannot be recorded: no GitHub App is configured to verify them'
      throw new ApiError('GITHUB_ACCESS_DENIED', { message })
    },
  }
}

/** Returns the account that owns a repository, in lower case. */
export const accountOf = (path: string): string => path.split('/')[0]?.toLowerCase() ?? ''

/** Compares GitHub names, which are case-insensitive. */
export function isSameName(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase()
}

/**
 * Creates the 403 error for a repository that a user may not import. It is identical for a private, a nonexistent and
 * an inaccessible repository and for a suspended installation, so it does not reveal which repositories exist.
 * @param path `owner/repo`: the path in the request or, only if one of the user's installations has access to the
 *   repository, its current name at GitHub
 */
export function githubAccessDenied(path: string): ApiError {
  const owner = path.split('/')[0]
  const message =
    `No access to ${path} on GitHub: install the GitHub App on the account ${owner} with access to this repository, ` +
    'unsuspend it if it is suspended, record the installation, and try again'
  return new ApiError('GITHUB_ACCESS_DENIED', { message })
}

/** Creates the 403 error for an installation that GitHub does not confirm. It does not reveal why. */
export function installationNotConfirmed(): ApiError {
  const message =
    'GitHub does not confirm this installation: it must belong to your own GitHub account, match account_name and ' +
    'repository_selection, and not be suspended'
  return new ApiError('GITHUB_ACCESS_DENIED', { message })
}
