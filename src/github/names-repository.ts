import { Prisma } from '../database/generated/client.js'
import type { GithubSubject } from '../database/generated/enums.js'
import { presentName } from './webhooks/name-history.js'

/** An account as GitHub names it. Its id stays when it is renamed; old servers and tests may omit it. */
export interface AccountName {
  id: string | null
  login: string
}

/** A repository that GitHub described when it was asked. */
export interface RepositorySighting {
  /** GitHub's id of the repository. */
  id: string
  owner: AccountName
  name: string
  /** When GitHub last changed the repository, in GitHub's clock. */
  knownAt: Date | null
}

/** The columns of an import that say which GitHub repository it is. */
export interface GithubSource {
  source_path: string
  github_repository_id: string | null
  github_account_id: string | null
}

interface NewStatement {
  subject: GithubSubject
  github_id: string
  former_name: string | null
  name: string
  known_at: Date | null
  weak?: boolean
}

type Transaction = Prisma.TransactionClient

/** Of a repository whose name before a transfer is not known. */
export const UNKNOWN_NAME = '*'

/** A repository's name in github_names: the owner by id, so that a renamed account does not matter. */
export const nodeOf = ({ id, login }: AccountName, name: string): string => `${id ? `#${id}` : login}/${name}`

/** Makes transactions that change names for the same user wait for each other. Other writes go on. */
export async function lockNames(transaction: Transaction, userIds: number[]): Promise<void> {
  await transaction.$queryRaw`
    SELECT id FROM users WHERE id = ANY(${userIds}::integer[]) ORDER BY id FOR NO KEY UPDATE`
}

/**
 * Locks the names of some users and of others who have rows of the same account or repository.
 * @returns the ids of all of them
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

/** Stores statements, each once. @returns how many are new */
export async function addStatements(
  transaction: Transaction,
  neptun_user_id: number,
  statements: NewStatement[],
): Promise<number> {
  const data = statements.map((statement) => ({ ...statement, neptun_user_id }))
  return (await transaction.githubName.createMany({ data, skipDuplicates: true })).count
}

/** Returns the statement of a login that GitHub mentions: it counts until the account is renamed. */
export const mentioned = ({ id, login }: AccountName): NewStatement[] =>
  id ? [{ subject: 'account', github_id: id, former_name: null, name: login, known_at: null, weak: true }] : []

/** Finds the present name of an account, or of a repository as nodeOf() writes it; undefined if nothing is known. */
export async function findName(
  transaction: Transaction,
  neptun_user_id: number,
  subject: GithubSubject,
  github_id: string,
): Promise<string | undefined> {
  const where = { neptun_user_id, subject, github_id }
  return presentName(await transaction.githubName.findMany({ where, orderBy: { id: 'asc' } }))
}

/** Finds the present path of a repository, and its owner's id; undefined if nothing is known. */
export async function findSource(
  transaction: Transaction,
  userId: number,
  repositoryId: string,
): Promise<GithubSource | undefined> {
  const node = await findName(transaction, userId, 'repository', repositoryId)
  const [owner = '', name] = node?.split('/') ?? []
  if (name === undefined) return undefined
  const ownerId = owner.startsWith('#') ? owner.slice(1) : null
  const login = ownerId ? await findName(transaction, userId, 'account', ownerId) : owner
  if (login === undefined) return undefined
  return { source_path: `${login}/${name}`, github_repository_id: repositoryId, github_account_id: ownerId }
}

/**
 * Records what GitHub answered about a repository: it outweighs everything that was delivered before, except changes that
 * are newer by GitHub's own clock.
 * @returns the columns to store with an import of it
 */
export async function recordSighting(
  transaction: Transaction,
  userId: number,
  { id, owner, name, knownAt }: RepositorySighting,
): Promise<GithubSource> {
  const node = nodeOf(owner, name)
  await lockNames(transaction, [userId])
  await transaction.$executeRaw`
    UPDATE github_names SET weak = NOT (former_name IS NULL AND name = ${node}::text)
    WHERE neptun_user_id = ${userId}::integer AND subject = 'repository' AND github_id = ${id}::text
      AND (known_at IS NULL OR ${knownAt}::timestamptz IS NULL OR known_at <= ${knownAt}::timestamptz)`
  const seen: NewStatement = { subject: 'repository', github_id: id, former_name: null, name: node, known_at: knownAt }
  await addStatements(transaction, userId, [seen, ...mentioned(owner)])
  const present = await findName(transaction, userId, 'repository', id)
  const moved = present === node ? undefined : await findSource(transaction, userId, id)
  return moved ?? { source_path: `${owner.login}/${name}`, github_repository_id: id, github_account_id: owner.id }
}

/** In one collation, whatever the database's is. GitHub's names are ASCII. */
export const lower = (text: Prisma.Sql) => Prisma.sql`lower(${text} COLLATE "C")`
