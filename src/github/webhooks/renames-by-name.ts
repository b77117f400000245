import { Prisma } from '../../database/generated/client.js'
import { lower } from '../names-repository.js'
import type { RepositoryMove } from './repo-moves.js'

type Transaction = Prisma.TransactionClient

/** Applies the new login of an account that GitHub does not identify by id. */
export async function renameAccountByLogin(
  transaction: Transaction,
  userIds: number[],
  { login, formerLogin }: { login: string; formerLogin: string },
  installationId: number,
): Promise<void> {
  if (userIds.length === 0) return
  // Imports first: both updates lock the projects to count there, and others lock an import before its project.
  await transaction.$executeRaw`
    UPDATE imports SET source_path = ${login}::text || substr(source_path, strpos(source_path, '/'))
    WHERE ${isGithubImport(userIds)}
      AND ${lower(Prisma.sql`split_part(source_path, '/', 1)`)} = ${formerLogin.toLowerCase()}::text`
  await transaction.githubInstallation.updateMany({
    where: { installation_id: installationId, ...isNamedOtherThan(login) },
    data: { account_name: login, github_account_name: login },
  })
}

/** Applies the move of a repository that GitHub does not identify by id. */
export async function moveRepositoryByName(
  transaction: Transaction,
  userIds: number[],
  { owner, name, formerOwner, formerName }: Omit<RepositoryMove, 'id'>,
): Promise<void> {
  // Prisma's insensitive `equals` is ILIKE, which takes "_" in a name for any character.
  const path = `${owner.login}/${name}`
  const formerPath = `${formerOwner.login}/${formerName ?? name}`
  await transaction.$executeRaw`
    UPDATE imports SET source_path = ${path}::text
    WHERE ${isGithubImport(userIds)} AND ${lower(Prisma.sql`source_path`)} = ${formerPath.toLowerCase()}::text
      AND source_path <> ${path}::text`
}

/** `not` matches no null. */
const isNamedOtherThan = (name: string): Prisma.GithubInstallationWhereInput => ({
  OR: [{ account_name: { not: name } }, { github_account_name: { not: name } }, { github_account_name: null }],
})

const isGithubImport = (userIds: number[]) =>
  Prisma.sql`source_type = 'github' AND neptun_user_id = ANY(${userIds}::integer[])`
