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
import type { RepositoryRef } from './repo-ref.js'
import type { Installation, Repository } from './responses.js'
import type { CountGithubCall } from './user-rate-limit.js'

/** A repository to which an installation gave access the last time that GitHub was asked. */
interface Grant {
  installationId: number
  /** GitHub's id of the installation's account, which owns the repository. */
  accountId: string | null
  repository: Repository
}

/** The maximum number of repositories that are remembered. The least recently used one is evicted. */
const MAX_GRANTS = 1000

/**
 * Asks GitHub. The proof of access to a repository is a token that GitHub limits to this repository, and that reads it:
 * any token reads a public repository, but GitHub makes a limited one only for what the installation grants.
 * https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
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
      // The account must be recorded under its present name, or the import would be withheld.
      if (!owner.githubAccounts().includes(accountOf(fullName))) throw githubAccessDenied(fullName)
      return { path: fullName, sighting: toSighting(grant) }
    },
    async verifyInstallation(owner, claim) {
      const account = await installations.findAccount(owner)
      const own = { id: account?.github_account_id, name: account?.github_account_name }
      if (!own.id && !own.name) throw installationNotConfirmed()
      await countCall(owner)
      const installation = await client.readInstallation(claim.installation_id)
      const confirmed = installation && confirmAccount(installation, claim, own)
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

/** Returns a function that finds the grant of a repository; null if no recorded installation gives access to it. */
function createProof(client: GithubClient) {
  const grants = new LRUCache<string, Grant>({ max: MAX_GRANTS })

  return async function prove(path: string, recorded: Set<number>): Promise<Grant | null> {
    const signal = client.deadline()
    const key = path.toLowerCase()
    const known = grants.get(key)
    const confirmed = known && recorded.has(known.installationId) ? await confirm(client, path, known, signal) : null
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
    // Access by id is proof whatever the repository's name is now. Another name must be proved again.
    if (isRedirected) return grant
    const renamed = await findGrant(client, fullName, recorded, signal)
    return renamed && isSameName(renamed.repository.full_name, fullName) ? renamed : null
  }
}

/**
 * Checks whether a grant is still valid: one request for a private repository, two for a public one. Reading a public
 * repository proves no access, but tells whether another repository has its name by now.
 * @returns the grant with the repository as it is now; null if it must be proved from the beginning
 */
async function confirm(client: GithubClient, path: string, grant: Grant, signal: AbortSignal): Promise<Grant | null> {
  const { installationId } = grant
  const repository = await readWithToken(client, installationId, path, signal)
  if (!repository || !isSameName(repository.full_name, path) || repository.id !== grant.repository.id) return null
  if (repository.private !== false) return { ...grant, repository }
  const found = await client.findRepositoryInstallation(path, signal)
  const isUnchanged = found?.repository === path && found.installation.id === installationId
  return isUnchanged && !found.installation.suspended_at ? { ...grant, repository } : null
}

async function findGrant(client: GithubClient, path: string, recorded: Set<number>, signal: AbortSignal) {
  const found = await client.findRepositoryInstallation(path, signal)
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

/** Reads a repository with a token for it alone; a kept one that is of no use any more is replaced. */
async function readWithToken(
  client: GithubClient,
  installationId: number,
  repository: RepositoryRef,
  signal: AbortSignal,
): Promise<Repository | null> {
  for (;;) {
    const token = await client.takeRepositoryToken(installationId, repository, signal)
    if (!token) return null
    const read = await client.readRepositoryWith(token, repository, signal)
    if (read) return read
    client.dropRepositoryToken(installationId, repository, token)
    if (token.isFresh) return null
  }
}

/** What GitHub says of an installation's account; null if it is not the user's own, or anything else does not match. */
function confirmAccount(
  { id, account, repository_selection, suspended_at }: Installation,
  claim: InstallationClaim,
  own: { id?: string | null | undefined; name?: string | null | undefined },
): VerifiedAccount | null {
  if (!account?.login || suspended_at || id !== claim.installation_id) return null
  const isOwn = own.id ? String(account.id) === own.id : isSameName(account.login, own.name ?? '')
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
