import { Prisma } from '../../database/generated/client.js'
import { addStatements, findName, lockNamesOfAll, lower } from '../names-repository.js'
import { repeatMoves } from './repo-moves.js'

/** An account that GitHub identifies by id has another login. */
export interface AccountRename {
  id: string
  login: string
  formerLogin: string
  knownAt: Date | null
}

type Transaction = Prisma.TransactionClient

/**
 * Applies the new login of an account to the installations and imports of some users and of everyone who has one with its
 * id. Idempotent, and independent of the order in which changes arrive.
 * @param installationId GitHub's id of the account's installation
 */
export async function renameAccount(
  transaction: Transaction,
  users: number[],
  rename: AccountRename,
  installationId: number,
): Promise<void> {
  const known = await transaction.$queryRaw<{ neptun_user_id: number }[]>`
    SELECT neptun_user_id FROM imports WHERE github_account_id = ${rename.id}::text
    UNION SELECT neptun_user_id FROM github_installations WHERE github_account_id = ${rename.id}::text`
  for (const userId of await lockNamesOfAll(transaction, users, known)) {
    await renameForUser(transaction, userId, rename, users.includes(userId) ? installationId : null)
  }
}

async function renameForUser(
  transaction: Transaction,
  userId: number,
  { id, login, formerLogin, knownAt }: AccountRename,
  installationId: number | null,
): Promise<void> {
  const isOwn = { neptun_user_id: userId, OR: [{ installation_id: installationId ?? 0 }, { github_account_id: id }] }
  await addStartOfAccount(transaction, id, isOwn)
  const change = {
    subject: 'account' as const,
    github_id: id,
    former_name: formerLogin,
    name: login,
    known_at: knownAt,
  }
  if ((await addStatements(transaction, userId, [change])) === 0) return
  const learned = await transaction.$executeRaw`
    UPDATE imports SET github_account_id = ${id}::text
    WHERE neptun_user_id = ${userId}::integer AND source_type = 'github' AND github_account_id IS NULL
      AND ${lower(Prisma.sql`split_part(source_path, '/', 1)`)} = ${formerLogin.toLowerCase()}::text`
  const present = (await findName(transaction, userId, 'account', id)) ?? login
  await transaction.$executeRaw`
    UPDATE imports SET source_path = ${present}::text || substr(source_path, strpos(source_path, '/'))
    WHERE neptun_user_id = ${userId}::integer AND source_type = 'github' AND github_account_id = ${id}::text
      AND split_part(source_path, '/', 1) <> ${present}::text`
  // Imports first: both updates lock the projects to count there, and others lock an import before its project.
  if (learned > 0) await repeatMoves(transaction, userId, id)
  await transaction.$executeRaw`
    UPDATE github_installations
    SET account_name = ${present}::text, github_account_name = ${present}::text, github_account_id = ${id}::text
    WHERE neptun_user_id = ${userId}::integer
      AND (installation_id = ${installationId}::integer OR github_account_id = ${id}::text)
      AND (account_name, github_account_name, github_account_id)
        IS DISTINCT FROM (${present}::text, ${present}::text, ${id}::text)`
}

/** Records the login of an account before its first change, according to its installation. */
async function addStartOfAccount(transaction: Transaction, id: string, isOwn: Own): Promise<void> {
  const { neptun_user_id } = isOwn
  const subject = 'account' as const
  const changes = { neptun_user_id, subject, github_id: id, former_name: { not: null } }
  if ((await transaction.githubName.count({ where: changes })) > 0) return
  const found = await transaction.githubInstallation.findFirst({ where: isOwn, select: { account_name: true } })
  if (!found) return
  const start = { subject, github_id: id, former_name: null, name: found.account_name, known_at: null }
  // The same login may have been mentioned before, which counts for less.
  await transaction.githubName.deleteMany({ where: { neptun_user_id, ...start } })
  await addStatements(transaction, neptun_user_id, [start])
}

type Own = Prisma.GithubInstallationWhereInput & { neptun_user_id: number }
