import { Prisma } from '../../database/generated/client.js'
import { addStatements, findName, lockNamesOfAll, lower } from '../names-repository.js'
import { repeatMoves } from './repo-moves.js'

/** A new login of an account that GitHub identifies by id. */
export interface AccountRename {
  id: string
  login: string
  formerLogin: string
  knownAt: Date | null
}

type Transaction = Prisma.TransactionClient

/**
 * Applies the new login of an account to the installations and imports of `users`, and of all other users who have an
 * installation or import with the account's id. Idempotent, and independent of the order of delivery.
 * @param users ids of the users who have recorded the installation
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
  const where = { neptun_user_id: userId, OR: [{ installation_id: installationId ?? 0 }, { github_account_id: id }] }
  await addInitialLogin(transaction, id, where)
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
  const current = (await findName(transaction, userId, 'account', id)) ?? login
  await transaction.$executeRaw`
    UPDATE imports SET source_path = ${current}::text || substr(source_path, strpos(source_path, '/'))
    WHERE neptun_user_id = ${userId}::integer AND source_type = 'github' AND github_account_id = ${id}::text
      AND split_part(source_path, '/', 1) <> ${current}::text`
  if (learned > 0) await repeatMoves(transaction, userId, id)
  // After the imports, to avoid a deadlock. Both updates lock projects, because triggers count bytes. Other
  // transactions lock an import and then its project, so this one must not lock projects before the imports.
  await transaction.$executeRaw`
    UPDATE github_installations
    SET account_name = ${current}::text, github_account_name = ${current}::text, github_account_id = ${id}::text
    WHERE neptun_user_id = ${userId}::integer
      AND (installation_id = ${installationId}::integer OR github_account_id = ${id}::text)
      AND (account_name, github_account_name, github_account_id)
        IS DISTINCT FROM (${current}::text, ${current}::text, ${id}::text)`
}

/** Before an account's first rename, records the login of its installation as the initial name. */
async function addInitialLogin(transaction: Transaction, id: string, where: InstallationsOfUser): Promise<void> {
  const { neptun_user_id } = where
  const subject = 'account' as const
  const changes = { neptun_user_id, subject, github_id: id, former_name: { not: null } }
  if ((await transaction.githubName.count({ where: changes })) > 0) return
  const installation = await transaction.githubInstallation.findFirst({ where, select: { account_name: true } })
  if (!installation) return
  const initial = { subject, github_id: id, former_name: null, name: installation.account_name, known_at: null }
  // Replaces a weak statement of the same login, if there is one.
  await transaction.githubName.deleteMany({ where: { neptun_user_id, ...initial } })
  await addStatements(transaction, neptun_user_id, [initial])
}

type InstallationsOfUser = Prisma.GithubInstallationWhereInput & { neptun_user_id: number }
