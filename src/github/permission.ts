import type { RepositorySelection } from '../database/generated/enums.js'
import { ApiError } from '../errors.js'
import type { Owner } from '../projects-resources/owner.js'
import type { RepositorySighting } from './names-repository.js'

/** Decides whether a user may import a GitHub repository. */
export interface GithubPermission {
  mode: 'live' | 'recorded'
  /**
   * Checks that a user may import a repository: one of their recorded installations of the owner's account must grant it.
   * @param path `owner/repo`
   * @throws ApiError 403 if not granted, 503 if GitHub is unavailable
   */
  checkRepository(owner: Owner, path: string): Promise<CheckedRepository>
  /**
   * Checks that a user may record an installation.
   * @returns GitHub's description of its account, in live mode
   * @throws ApiError 403 if not confirmed, 503 if GitHub is unavailable
   */
  verifyInstallation(owner: Owner, installation: InstallationClaim): Promise<Partial<VerifiedAccount>>
}

/** A repository that a user may import. */
export interface CheckedRepository {
  /** The path to store: GitHub's own spelling, or the new name of a renamed repository. */
  path: string
  /** What GitHub answered; null if it was not asked. */
  sighting: RepositorySighting | null
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
  /** GitHub confirms no suspended installation. */
  suspended_at: null
}

/**
 * Recorded mode, without a GitHub App: the recorded installations alone decide. An installation of selected repositories
 * does not list them, so only one of all repositories grants access.
 * @param trusted whether a user may record an installation without verification
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
      const message = 'Installations cannot be recorded here: no GitHub App is configured that could confirm them'
      throw new ApiError('GITHUB_ACCESS_DENIED', { message })
    },
  }
}

/** The account that owns a repository, in lower case. */
export const accountOf = (path: string): string => path.split('/')[0]?.toLowerCase() ?? ''

/** Compares GitHub names, which are case-insensitive. */
export function isSameName(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase()
}

/**
 * Returns the 403 for a repository that a user may not import. It is identical for a private, a suspended, an ungranted and a
 * nonexistent repository, so that it does not reveal which ones exist.
 * @param path `owner/repo`, as the caller knows it already
 */
export function githubAccessDenied(path: string): ApiError {
  const owner = path.split('/')[0]
  const message =
    `No access to ${path} on GitHub: install the GitHub App on the account ${owner} for this repository, ` +
    'or lift its suspension, record the installation, and try again'
  return new ApiError('GITHUB_ACCESS_DENIED', { message })
}

/** Returns the 403 for an installation that GitHub does not confirm, whichever part of the claim is wrong. */
export function installationNotConfirmed(): ApiError {
  const message =
    'GitHub does not confirm this installation: it must be of your own GitHub account, of the account_name and ' +
    'repository_selection that you gave, and not suspended'
  return new ApiError('GITHUB_ACCESS_DENIED', { message })
}
