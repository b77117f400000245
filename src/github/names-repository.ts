import { Prisma } from '../database/generated/client.js'
import type { GithubSubject } from '../database/generated/enums.js'
import { currentName } from './webhooks/name-history.js'

/** An account's name at GitHub. `id` survives a rename; null if GitHub did not send it. */
export interface AccountName {
  id: string | null
  login: string
}

/** A repository as GitHub's API described it. */
export interface RepositorySighting {
  /** GitHub's id of the repository. */
  id: string
  owner: AccountName
  name: string
  /** Time of the repository's last change, by GitHub's clock; null if GitHub did not send it. */
  knownAt: Date | null
}

/** The columns of an import that identify its GitHub repository. */
export interface GithubSource {
  source_path: string
  github_repository_id: string | null
  github_account_id: string | null
}

/** A row to insert into github_names. @see NameStatement in webhooks/name-history.ts */
interface NewStatement {
  subject: GithubSubject
  github_id: string
  former_name: string | null
  name: string
  known_at: Date | null
  weak?: boolean
}

type Transaction = Prisma.TransactionClient

/** Placeholder for an unknown former name: a webhook delivery about a transfer usually has only the former owner. */
export const UNKNOWN_NAME = '*'

/**
 * Formats a repository's name for github_names, for example `#12345/repo`. The owner is given by id, so that the name
 * stays valid when the account is renamed.
 */
export const storedRepoName = ({ id, login }: AccountName, name: string): string => `${id ? `#${id}` : login}/${name}`

/**
 * Locks the rows of some users, to serialize the transactions that change names for the same user. Locks in the order
 * of the ids to avoid deadlocks. NO KEY UPDATE does not block inserts of rows that refer to a user.
 */
export async function lockNames(transaction: Transaction, userIds: number[]): Promise<void> {
  await transaction.$queryRaw`
    SELECT id FROM users WHERE id = ANY(${userIds}::integer[]) ORDER BY id FOR NO KEY UPDATE`
}

/**
 * Locks the users in `users` and also those in `others`, in the same way as lockNames().
 * @param others users who already have an import or installation of the account or repository that changes
 * @returns the ids of all these users, in ascending order
 */
export async function lockNamesOfAll(
  transaction: Transaction,
  users: number[],
  others: { neptun_user_id: number }[],
): Promise<number[]> {
  const all = [...new Set([...users, ...others.map(({ neptun_user_id }) => neptun_user_id)])].sort((a, b) => a - b)
  await lockNames(transaction, all)
  return all
}

/** Stores statements, except those that are already stored. @returns the number of new ones */
export async function addStatements(
  transaction: Transaction,
  neptun_user_id: number,
  statements: NewStatement[],
): Promise<number> {
  const data = statements.map((statement) => ({ ...statement, neptun_user_id }))
  return (await transaction.githubName.createMany({ data, skipDuplicates: true })).count
}

/**
 * Creates a row of github_names for a login that GitHub mentioned in passing. It is weak: once a rename of the account
 * is known, it no longer counts.
 */
export const mentioned = ({ id, login }: AccountName): NewStatement[] =>
  id ? [{ subject: 'account', github_id: id, former_name: null, name: login, known_at: null, weak: true }] : []

/**
 * Finds the current name of an account, or of a repository in the format of storedRepoName().
 * @returns undefined if no statement about it is stored
 */
export async function findName(
  transaction: Transaction,
  neptun_user_id: number,
  subject: GithubSubject,
  github_id: string,
): Promise<string | undefined> {
  const where = { neptun_user_id, subject, github_id }
  return currentName(await transaction.githubName.findMany({ where, orderBy: { id: 'asc' } }))
}

/**
 * Finds the current path of a repository and the id of its owner.
 * @returns undefined if no statement about the repository is stored
 */
export async function findSource(
  transaction: Transaction,
  userId: number,
  repoId: string,
): Promise<GithubSource | undefined> {
  const storedName = await findName(transaction, userId, 'repository', repoId)
  const [owner = '', name] = storedName?.split('/') ?? []
  if (name === undefined) return undefined
  const ownerId = owner.startsWith('#') ? owner.slice(1) : null
  const login = ownerId ? await findName(transaction, userId, 'account', ownerId) : owner
  if (login === undefined) return undefined
  return { source_path: `${login}/${name}`, github_repository_id: repoId, github_account_id: ownerId }
}

/**
 * Records a repository that GitHub's API described. The description supersedes the changes in webhook deliveries that
 * were received before it, except those that are newer by GitHub's clock.
 * @returns the columns to store with an import of this repository
 */
export async function recordSighting(
  transaction: Transaction,
  userId: number,
  { id, owner, name, knownAt }: RepositorySighting,
): Promise<GithubSource> {
  const storedName = storedRepoName(owner, name)
  await lockNames(transaction, [userId])
  await transaction.$executeRaw`
    UPDATE github_names SET weak = NOT (former_name IS NULL AND name = ${storedName}::text)
    WHERE neptun_user_id = ${userId}::integer AND subject = 'repository' AND github_id = ${id}::text
      AND (known_at IS NULL OR ${knownAt}::timestamptz IS NULL OR known_at <= ${knownAt}::timestamptz)`
  const statement = { subject: 'repository' as const, github_id: id, former_name: null, name: storedName }
  await addStatements(transaction, userId, [{ ...statement, known_at: knownAt }, ...mentioned(owner)])
  const currentName = await findName(transaction, userId, 'repository', id)
  const moved = currentName === storedName ? undefined : await findSource(transaction, userId, id)
  return moved ?? { source_path: `${owner.login}/${name}`, github_repository_id: id, github_account_id: owner.id }
}

/** Converts to lower case with the collation "C", independently of the database's. GitHub's names are ASCII. */
export const lower = (text: Prisma.Sql) => Prisma.sql`lower(${text} COLLATE "C")`
