import { Prisma } from '../../database/generated/client.js'
import {
  type AccountName,
  addStatements,
  findSource,
  lockNamesOfAll,
  lower,
  mentioned,
  storedRepoName,
  UNKNOWN_NAME,
} from '../names-repository.js'

/** A new name or owner of a repository that GitHub identifies by id. */
export interface RepoMove {
  id: string
  owner: AccountName
  name: string
  formerOwner: AccountName
  /** Null if the delivery does not contain it: a transfer usually has only the former owner. */
  formerName: string | null
  knownAt: Date | null
}

type Transaction = Prisma.TransactionClient

/**
 * Applies a repository's new name or owner to the imports of `users`, and of all other users who have an import with
 * the repository's id. Idempotent, and independent of the order of delivery.
 * @param users ids of the users who have recorded the installation
 */
export async function moveRepo(transaction: Transaction, users: number[], move: RepoMove): Promise<void> {
  const known = await transaction.$queryRaw<{ neptun_user_id: number }[]>`
    SELECT DISTINCT neptun_user_id FROM imports WHERE github_repository_id = ${move.id}::text`
  for (const userId of await lockNamesOfAll(transaction, users, known)) await moveForUser(transaction, userId, move)
}

async function moveForUser(transaction: Transaction, userId: number, move: RepoMove): Promise<void> {
  const { id, owner, name, formerOwner, formerName, knownAt } = move
  const known = await transaction.githubName.count({
    where: { neptun_user_id: userId, subject: 'repository', github_id: id },
  })
  if (known === 0) await addInitialName(transaction, userId, id)
  const change = {
    subject: 'repository' as const,
    github_id: id,
    former_name: storedRepoName(formerOwner, formerName ?? UNKNOWN_NAME),
    name: storedRepoName(owner, name),
    known_at: knownAt,
  }
  // Ignore a repeated change: another repository may use the former name now.
  if ((await addStatements(transaction, userId, [change])) === 0) return
  await addStatements(transaction, userId, [...mentioned(owner), ...mentioned(formerOwner)])
  await learnRepo(transaction, userId, id, formerOwner, formerName ?? name)
  await updateImports(transaction, userId, id)
}

/**
 * Before a repository's first change, records its initial name, which is taken from an import with the repository's
 * id.
 */
async function addInitialName(transaction: Transaction, userId: number, id: string): Promise<void> {
  const where = { neptun_user_id: userId, github_repository_id: id }
  const found = await transaction.import.findFirst({ where, select: { source_path: true, github_account_id: true } })
  if (!found) return
  const [login = '', name = ''] = found.source_path.split('/')
  const owner = { id: found.github_account_id, login }
  const initial = {
    subject: 'repository' as const,
    github_id: id,
    former_name: null,
    name: storedRepoName(owner, name),
  }
  await addStatements(transaction, userId, [{ ...initial, known_at: null }, ...mentioned(owner)])
}

/**
 * Stores a repository's id in imports that have none and that match its name and owner. The owner is matched by id, or
 * by login if the import has no owner id.
 */
async function learnRepo(
  transaction: Transaction,
  userId: number,
  id: string,
  owner: AccountName,
  name: string,
): Promise<void> {
  const learned = await transaction.$executeRaw`
    UPDATE imports
    SET github_repository_id = ${id}::text, github_account_id = coalesce(github_account_id, ${owner.id}::text)
    WHERE neptun_user_id = ${userId}::integer AND source_type = 'github' AND github_repository_id IS NULL
      AND (
        (github_account_id IS NULL AND ${lower(Prisma.sql`source_path`)} = ${`${owner.login}/${name}`.toLowerCase()}::text)
        OR (github_account_id = ${owner.id}::text
          AND ${lower(Prisma.sql`split_part(source_path, '/', 2)`)} = ${name.toLowerCase()}::text)
      )`
  if (learned === 0) return
  const initial = {
    subject: 'repository' as const,
    github_id: id,
    former_name: null,
    name: storedRepoName(owner, name),
  }
  await addStatements(transaction, userId, [{ ...initial, known_at: null }])
}

/** Updates a user's imports of a repository, matched by its id, to the current path and owner. */
async function updateImports(transaction: Transaction, userId: number, repoId: string): Promise<void> {
  const source = await findSource(transaction, userId, repoId)
  if (!source) return
  await transaction.$executeRaw`
    UPDATE imports SET source_path = ${source.source_path}::text, github_account_id = ${source.github_account_id}::text
    WHERE neptun_user_id = ${userId}::integer AND source_type = 'github' AND github_repository_id = ${repoId}::text
      AND (source_path, github_account_id) IS DISTINCT FROM (${source.source_path}::text, ${source.github_account_id}::text)`
}

/** Applies earlier moves of an account's repositories again, after imports have been matched to the account. */
export async function repeatMoves(transaction: Transaction, userId: number, accountId: string): Promise<void> {
  const moves = await transaction.$queryRaw<{ github_id: string; former_name: string; name: string }[]>`
    SELECT github_id, former_name, name FROM github_names AS statement
    WHERE neptun_user_id = ${userId}::integer AND subject = 'repository'
      AND starts_with(former_name, ${`#${accountId}/`}::text)
      AND NOT EXISTS (
        SELECT FROM imports WHERE neptun_user_id = ${userId}::integer AND github_repository_id = statement.github_id
      )
    ORDER BY id`
  const owner = { id: accountId, login: '' }
  for (const { github_id, former_name, name } of moves) {
    const former = nameOf(former_name)
    await learnRepo(transaction, userId, github_id, owner, former === UNKNOWN_NAME ? nameOf(name) : former)
    await updateImports(transaction, userId, github_id)
  }
}

const nameOf = (node: string): string => node.slice(node.indexOf('/') + 1)
