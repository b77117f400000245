import { LRUCache } from 'lru-cache'
import type { GithubClient } from './client.js'
import type { InstallationsRepository } from './installations-repository.js'
import type { RepositorySighting } from './names-repository.js'
import {
  accountOf,
  type GithubPermission,
  githubAccessDenied,
  type InstallationClaim,
  installationNotConfirmed,
  isSameName,
  type VerifiedAccount,
} from './permission.js'
import type { RepoRef } from './repo-ref.js'
import type { Installation, Repo } from './responses.js'
import type { CountGithubCall } from './user-rate-limit.js'

/** Access of an installation to a repository, as GitHub last confirmed it. */
interface Grant {
  installationId: number
  /** GitHub's id of the installation's account, which owns the repository. */
  accountId: string | null
  repository: Repo
}

/** Maximum number of cached grants. The least recently used ones are evicted. */
const MAX_GRANTS = 1000

/**
 * Creates the permission check of live mode, through GitHub's API. An installation is proved to have access to a
 * repository by creating a token for this repository only and reading the repository with it. Reading alone proves
 * nothing, because any token can read a public repository; but GitHub creates a limited token only for repositories
 * that the installation can access.
 * @see https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
 */
export function livePermission(
  client: GithubClient,
  installations: InstallationsRepository,
  countCall: CountGithubCall,
): GithubPermission {
  const prove = createProof(client)
  return {
    mode: 'live',
    async checkRepository(owner, path) {
      const recorded = new Set(await installations.listActiveIds(owner))
      if (recorded.size === 0) throw githubAccessDenied(path)
      await countCall(owner)
      const grant = await prove(path, recorded)
      if (grant === null) throw githubAccessDenied(path)
      const fullName = grant.repository.full_name
      // The account must be recorded under its current name. Otherwise, the list of imports, which compares account
      // names, would withhold the new import.
      if (!owner.githubAccounts().includes(accountOf(fullName))) throw githubAccessDenied(fullName)
      return { path: fullName, sighting: toSighting(grant) }
    },
    async verifyInstallation(owner, claim) {
      const account = await installations.findAccount(owner)
      const userAccount = { id: account?.github_account_id, name: account?.github_account_name }
      if (!userAccount.id && !userAccount.name) throw installationNotConfirmed()
      await countCall(owner)
      const installation = await client.readInstallation(claim.installation_id)
      const confirmed = installation && confirmAccount(installation, claim, userAccount)
      if (!confirmed) throw installationNotConfirmed()
      return confirmed
    },
  }
}

function toSighting({ accountId, repository }: Grant): RepositorySighting | null {
  const [login = '', name = ''] = repository.full_name.split('/')
  const ownerId = repository.owner?.id === undefined ? accountId : String(repository.owner.id)
  const knownAt = new Date(repository.updated_at ?? Number.NaN)
  return repository.id === undefined
    ? null
    : {
        id: String(repository.id),
        owner: { id: ownerId, login },
        name,
        knownAt: Number.isNaN(knownAt.getTime()) ? null : knownAt,
      }
}

/**
 * Creates a function that proves access to a repository, with a cache of earlier proofs. It returns null if none of the
 * recorded installations has access.
 */
function createProof(client: GithubClient) {
  const grants = new LRUCache<string, Grant>({ max: MAX_GRANTS })

  return async function prove(path: string, recorded: Set<number>): Promise<Grant | null> {
    const signal = client.deadline()
    const key = path.toLowerCase()
    const cached = grants.get(key)
    const confirmed = cached && recorded.has(cached.installationId) ? await confirm(client, path, cached, signal) : null
    if (confirmed) return confirmed
    grants.delete(key)

    const found = await findGrant(client, path, recorded, signal)
    if (!found) return null
    const { isRedirected, ...grant } = found
    const fullName = grant.repository.full_name
    if (isSameName(fullName, path)) {
      grants.set(key, grant)
      return grant
    }
    // The name differs from the requested one. After a redirect to the id, access has been proved by id, which does not
    // depend on the name. Otherwise, GitHub redirected to a name, or the repository was renamed between the requests:
    // prove access again with the new name.
    if (isRedirected) return grant
    const renamed = await findGrant(client, fullName, recorded, signal)
    return renamed && isSameName(renamed.repository.full_name, fullName) ? renamed : null
  }
}

/**
 * Checks whether a cached grant is still valid. While its token is valid, this takes one request for a private
 * repository and two for a public one. Reading a public repository proves no access, but shows whether another
 * repository has taken its name.
 * @returns the grant with the repository's current state; null if access must be proved again
 */
async function confirm(client: GithubClient, path: string, grant: Grant, signal: AbortSignal): Promise<Grant | null> {
  const { installationId } = grant
  const repository = await readWithToken(client, installationId, path, signal)
  if (!repository || !isSameName(repository.full_name, path) || repository.id !== grant.repository.id) return null
  if (repository.private !== false) return { ...grant, repository }
  const found = await client.findRepoInstallation(path, signal)
  const isUnchanged = found?.repository === path && found.installation.id === installationId
  return isUnchanged && !found.installation.suspended_at ? { ...grant, repository } : null
}

async function findGrant(client: GithubClient, path: string, recorded: Set<number>, signal: AbortSignal) {
  const found = await client.findRepoInstallation(path, signal)
  if (!found || found.installation.suspended_at || !recorded.has(found.installation.id)) return null
  const repository = await readWithToken(client, found.installation.id, found.repository, signal)
  const accountId = found.installation.account?.id
  return (
    repository && {
      installationId: found.installation.id,
      accountId: accountId === undefined ? null : String(accountId),
      repository,
      isRedirected: typeof found.repository === 'number',
    }
  )
}

/** Reads a repository with a token for this repository only. Replaces a cached token that GitHub rejects. */
async function readWithToken(
  client: GithubClient,
  installationId: number,
  repository: RepoRef,
  signal: AbortSignal,
): Promise<Repo | null> {
  for (;;) {
    const token = await client.getRepoToken(installationId, repository, signal)
    if (!token) return null
    const found = await client.readRepoWith(token, repository, signal)
    if (found) return found
    client.dropRepoToken(installationId, repository, token)
    if (token.isFresh) return null
  }
}

/** Returns an installation's account; null if it is not the user's own, or GitHub does not confirm the claim. */
function confirmAccount(
  { id, account, repository_selection, suspended_at }: Installation,
  claim: InstallationClaim,
  userAccount: { id?: string | null | undefined; name?: string | null | undefined },
): VerifiedAccount | null {
  if (!account?.login || suspended_at || id !== claim.installation_id) return null
  const { id: userAccountId, name } = userAccount
  const isOwn = userAccountId ? String(account.id) === userAccountId : isSameName(account.login, name ?? '')
  if (!isOwn || !isSameName(account.login, claim.account_name)) return null
  if (repository_selection !== claim.repository_selection) return null
  return {
    github_account_type: account.type ?? null,
    github_account_avatar_url: account.avatar_url ?? null,
    github_account_id: String(account.id),
    github_account_name: account.login,
    suspended_at: null,
  }
}
