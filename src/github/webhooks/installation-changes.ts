import { Prisma } from '../../database/generated/client.js'
import { lockNames, lower } from '../names-repository.js'
import type { GrantedRepo, InstallationAccount, InstallationChange } from './change.js'

type Transaction = Prisma.TransactionClient

/**
 * Applies a change to all recorded rows of an installation, and learns ids of accounts and repositories from it.
 * @param userIds ids of the users who have recorded the installation
 */
export async function changeInstallation(
  transaction: Transaction,
  userIds: number[],
  change: InstallationChange,
): Promise<void> {
  if (change.account) await describeAccount(transaction, change.installationId, change.account)
  const { githubInstallation } = transaction
  const where = { installation_id: change.installationId }
  switch (change.type) {
    case 'deleted':
      // Delete rather than mark: a reinstallation gets a new id. Imports do not refer to installations and are kept.
      await githubInstallation.deleteMany({ where })
      break
    case 'suspended':
      await githubInstallation.updateMany({
        where: { ...where, ...isOlder('lt', change.suspendedAt, change.updatedAt) },
        data: {
          suspended_at: change.suspendedAt ?? new Date(),
          suspension_known_at: change.updatedAt ?? change.suspendedAt,
        },
      })
      break
    case 'unsuspended':
      await githubInstallation.updateMany({
        where: { ...where, ...isOlder('lte', change.updatedAt) },
        data: { suspended_at: null, suspension_known_at: change.updatedAt },
      })
      break
    case 'selection-changed': {
      const { selection, repositories, account } = change
      await githubInstallation.updateMany({
        where: { ...where, repository_selection: { not: selection } },
        data: { repository_selection: selection },
      })
      await learnRepos(transaction, userIds, repositories, account)
      break
    }
  }
}

/**
 * Stores the account of an installation. Only renames change the login (renameAccount), because deliveries can arrive
 * out of order. Here, the login only fills a missing github_account_name, and only if it equals account_name.
 */
async function describeAccount(transaction: Transaction, installationId: number, account: InstallationAccount) {
  const { id, login, type, avatarUrl } = account
  const values = Prisma.sql`
    ${id}::text, coalesce(${type}::text, github_account_type), coalesce(${avatarUrl}::text, github_account_avatar_url),
    coalesce(github_account_name, CASE WHEN ${lower(Prisma.sql`account_name`)} = ${login?.toLowerCase()}::text THEN ${login}::text END)`
  const columns = Prisma.sql`github_account_id, github_account_type, github_account_avatar_url, github_account_name`
  await transaction.$executeRaw`
    UPDATE github_installations SET (${columns}) = ROW (${values})
    WHERE installation_id = ${installationId}::integer AND ROW (${columns}) IS DISTINCT FROM ROW (${values})`
}

/**
 * Adds GitHub's repository ids to imports that have none, matched by path. Skips a repository that has rows in
 * github_names, because the name in the delivery may be older than those.
 */
async function learnRepos(
  transaction: Transaction,
  userIds: number[],
  repositories: GrantedRepo[],
  account: InstallationAccount | null,
): Promise<void> {
  if (repositories.length === 0) return
  await lockNames(transaction, userIds)
  const ids = repositories.map(({ id }) => id)
  const names = repositories.map(({ fullName }) => fullName.toLowerCase())
  await transaction.$executeRaw`
    UPDATE imports
    SET github_repository_id = granted.id, github_account_id = coalesce(github_account_id, ${account?.id ?? null}::text)
    FROM unnest(${ids}::text[], ${names}::text[]) AS granted (id, name)
    WHERE source_type = 'github' AND imports.neptun_user_id = ANY(${userIds}::integer[]) AND github_repository_id IS NULL
      AND ${lower(Prisma.sql`source_path`)} = granted.name
      AND NOT EXISTS (
        SELECT FROM github_names AS known
        WHERE known.neptun_user_id = imports.neptun_user_id AND known.subject = 'repository' AND known.github_id = granted.id
      )`
}

/**
 * Builds a filter for installations whose `suspension_known_at` is null, or before one of `times`; with `lte`, it may
 * also be equal. If all times are null, all installations match.
 */
function isOlder(operator: 'lt' | 'lte', ...times: (Date | null)[]): Prisma.GithubInstallationWhereInput {
  const bounds = times.filter((time) => time !== null).map((time) => ({ suspension_known_at: { [operator]: time } }))
  return bounds.length > 0 ? { OR: [{ suspension_known_at: null }, ...bounds] } : {}
}
