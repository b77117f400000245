import type { Installation, Repository } from './answers.js'
import type { CountGithubCall } from './call-limit.js'
import type { GithubClient } from './client.js'
import type { InstallationsRepository } from './installations-repository.js'
import {
  accountOf,
  type GithubPermission,
  githubAccessDenied,
  type InstallationClaim,
  installationNotConfirmed,
  isSameName,
  type VerifiedAccount,
} from './permission.js'
import type { RepositoryRef } from './repository-ref.js'
import { createLru } from './token-cache.js'

/** What was found out about a repository the last time that somebody's access to it was proved. */
interface Grant {
  installationId: number
  fullName: string
  isPublic: boolean
}

/** So many repositories are remembered; the one that nobody asked for the longest time goes first. */
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
      const fullName = await prove(path, recorded)
      if (fullName === null) throw githubAccessDenied(path)
      // The account must be recorded under its present name, or the import would be withheld.
      if (!owner.githubAccounts().includes(accountOf(fullName))) throw githubAccessDenied(fullName)
      return fullName
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

/** @returns a function to a repository's full name, or to null where no recorded installation grants it */
function createProof(client: GithubClient) {
  const grants = createLru<Grant>(MAX_GRANTS)

  return async function prove(path: string, recorded: Set<number>): Promise<string | null> {
    const signal = client.deadline()
    const key = path.toLowerCase()
    const known = grants.get(key)
    const confirmed = known && recorded.has(known.installationId) ? await confirm(client, path, known, signal) : null
    if (confirmed) return confirmed
    grants.delete(key)

    const grant = await findGrant(client, path, recorded, signal)
    if (!grant) return null
    const { fullName, isRedirected } = grant
    if (isSameName(fullName, path)) {
      grants.set(key, grant)
      return fullName
    }
    // By an id it is the proof of whatever the repository's name is now; by another name it has to be proved again.
    if (isRedirected) return fullName
    const renamed = await findGrant(client, fullName, recorded, signal)
    return renamed && isSameName(renamed.fullName, fullName) ? renamed.fullName : null
  }
}

/**
 * One request to see whether a grant still holds. Reading proves nothing of a public repository, so there GitHub is
 * asked for the installation instead.
 * @returns the repository's full name; null if all has to be asked anew
 */
async function confirm(client: GithubClient, path: string, grant: Grant, signal: AbortSignal): Promise<string | null> {
  const { installationId, fullName } = grant
  if (grant.isPublic) {
    const found = await client.findRepositoryInstallation(path, signal)
    const isUnchanged = found?.repository === path && found.installation.id === installationId
    return isUnchanged && !found.installation.suspended_at ? fullName : null
  }
  const repository = await readWithToken(client, installationId, path, signal)
  return repository && repository.private !== false && isSameName(repository.full_name, path)
    ? repository.full_name
    : null
}

async function findGrant(client: GithubClient, path: string, recorded: Set<number>, signal: AbortSignal) {
  const found = await client.findRepositoryInstallation(path, signal)
  if (!found || found.installation.suspended_at || !recorded.has(found.installation.id)) return null
  const repository = await readWithToken(client, found.installation.id, found.repository, signal)
  return (
    repository && {
      installationId: found.installation.id,
      fullName: repository.full_name,
      isPublic: repository.private === false,
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
  }
}
