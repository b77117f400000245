import { Prisma } from '../../database/generated/client.js'
import {
  type AccountName,
  addStatements,
  findSource,
  lockNamesOfAll,
  lower,
  mentioned,
  nodeOf,
  UNKNOWN_NAME,
} from '../names-repository.js'

/** A repository that GitHub identifies by id has another name or owner. */
export interface RepositoryMove {
  id: string
  owner: AccountName
  name: string
  formerOwner: AccountName
  /** Null if GitHub does not say it: it is not part of a transfer. */
  formerName: string | null
  knownAt: Date | null
}

type Transaction = Prisma.TransactionClient

/**
 * Applies the move of a repository to the imports of some users and of everyone who has an import with its id.
 * Idempotent, and independent of the order in which moves arrive.
 */
export async function moveRepository(transaction: Transaction, users: number[], move: RepositoryMove): Promise<void> {
  const known = await transaction.$queryRaw<{ neptun_user_id: number }[]>`
    SELECT DISTINCT neptun_user_id FROM imports WHERE github_repository_id = ${move.id}::text`
  for (const userId of await lockNamesOfAll(transaction, users, known)) await moveForUser(transaction, userId, move)
}

async function moveForUser(transaction: Transaction, userId: number, move: RepositoryMove): Promise<void> {
  const { id, owner, name, formerOwner, formerName, knownAt } = move
  const known = await transaction.githubName.count({
    where: { neptun_user_id: userId, subject: 'repository', github_id: id },
  })
  if (known === 0) await addStart(transaction, userId, id)
  const change = {
    subject: 'repository' as const,
    github_id: id,
    former_name: nodeOf(formerOwner, formerName ?? UNKNOWN_NAME),
    name: nodeOf(owner, name),
    known_at: knownAt,
  }
  // A repetition, after which the former name may be in use again.
  if ((await addStatements(transaction, userId, [change])) === 0) return
  await addStatements(transaction, userId, [...mentioned(owner), ...mentioned(formerOwner)])
  await learnRepository(transaction, userId, id, formerOwner, formerName ?? name)
  await updateImports(transaction, userId, id)
}

/** Records where a repository is before its first change, according to an import that has its id. */
async function addStart(transaction: Transaction, userId: number, id: string): Promise<void> {
  const where = { neptun_user_id: userId, github_repository_id: id }
  const found = await transaction.import.findFirst({ where, select: { source_path: true, github_account_id: true } })
  if (!found) return
  const [login = '', name = ''] = found.source_path.split('/')
  const owner = { id: found.github_account_id, login }
  const start = { subject: 'repository' as const, github_id: id, former_name: null, name: nodeOf(owner, name) }
  await addStatements(transaction, userId, [{ ...start, known_at: null }, ...mentioned(owner)])
}

/** Stores a repository's id with the imports that have none and are named like it: its owner by id, or else by login. */
async function learnRepository(
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
  const start = { subject: 'repository' as const, github_id: id, former_name: null, name: nodeOf(owner, name) }
  await addStatements(transaction, userId, [{ ...start, known_at: null }])
}

async function updateImports(transaction: Transaction, userId: number, repositoryId: string): Promise<void> {
  const source = await findSource(transaction, userId, repositoryId)
  if (!source) return
  await transaction.$executeRaw`
    UPDATE imports SET source_path = ${source.source_path}::text, github_account_id = ${source.github_account_id}::text
    WHERE neptun_user_id = ${userId}::integer AND source_type = 'github' AND github_repository_id = ${repositoryId}::text
      AND (source_path, github_account_id) IS DISTINCT FROM (${source.source_path}::text, ${source.github_account_id}::text)`
}

/** Applies the moves that arrived before the imports of this account could be recognized. */
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
    await learnRepository(transaction, userId, github_id, owner, former === UNKNOWN_NAME ? nameOf(name) : former)
    await updateImports(transaction, userId, github_id)
  }
}

const nameOf = (node: string): string => node.slice(node.indexOf('/') + 1)
