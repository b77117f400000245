import { Prisma } from '../../database/generated/client.js'
import { lower } from '../names-repository.js'
import type { RepoMove } from './repo-moves.js'

type Transaction = Prisma.TransactionClient

/** Applies the new login of an account if the delivery does not contain the account's id. */
export async function renameAccountByLogin(
  transaction: Transaction,
  userIds: number[],
  { login, formerLogin }: { login: string; formerLogin: string },
  installationId: number,
): Promise<void> {
  if (userIds.length === 0) return
  // Imports first, to avoid a deadlock. Both updates lock projects, because triggers count bytes. Other transactions
  // lock an import and then its project, so this one must not lock projects before the imports.
  await transaction.$executeRaw`
    UPDATE imports SET source_path = ${login}::text || substr(source_path, strpos(source_path, '/'))
    WHERE ${isGithubImport(userIds)}
      AND ${lower(Prisma.sql`split_part(source_path, '/', 1)`)} = ${formerLogin.toLowerCase()}::text`
  await transaction.githubInstallation.updateMany({
    where: { installation_id: installationId, ...isNamedOtherThan(login) },
    data: { account_name: login, github_account_name: login },
  })
}

/** Applies a new name or owner of a repository if the delivery does not contain the repository's id. */
export async function moveRepoByName(
  transaction: Transaction,
  userIds: number[],
  { owner, name, formerOwner, formerName }: Omit<RepoMove, 'id'>,
): Promise<void> {
  // Not Prisma's case-insensitive `equals`: it uses ILIKE, in which "_" matches any character.
  const path = `${owner.login}/${name}`
  const formerPath = `${formerOwner.login}/${formerName ?? name}`
  await transaction.$executeRaw`
    UPDATE imports SET source_path = ${path}::text
    WHERE ${isGithubImport(userIds)} AND ${lower(Prisma.sql`source_path`)} = ${formerPath.toLowerCase()}::text
      AND source_path <> ${path}::text`
}

/** Builds a filter for rows with another name. Null is a separate condition, because `not` does not match it. */
const isNamedOtherThan = (name: string): Prisma.GithubInstallationWhereInput => ({
  OR: [{ account_name: { not: name } }, { github_account_name: { not: name } }, { github_account_name: null }],
})

const isGithubImport = (userIds: number[]) =>
  Prisma.sql`source_type = 'github' AND neptun_user_id = ANY(${userIds}::integer[])`
