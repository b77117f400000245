import type { Database } from '../database/database.js'
import { readFailure } from '../database/errors.js'
import { Prisma } from '../database/generated/client.js'
import type { RepositorySelection } from '../database/generated/enums.js'

/** A delivery whose signature is verified. */
export interface Delivery {
  /** GitHub's id of it, which a redelivery keeps. It is not signed. */
  id: string
  event: string
  /** SHA-256 of the signed body. */
  body_hash: Buffer<ArrayBuffer>
}

/** A change at GitHub. It affects the users who have recorded the installation, and nobody else. */
export type WebhookChange = { installationId: number } & (
  | { type: 'deleted' }
  | { type: 'suspended'; suspendedAt: Date | null; updatedAt: Date | null }
  | { type: 'unsuspended'; updatedAt: Date | null }
  | { type: 'selection-changed'; selection: RepositorySelection }
  /** Logins. */
  | { type: 'account-renamed'; from: string; to: string }
  /** `owner/repo`; the new one is canonical. */
  | { type: 'repository-moved'; from: string; to: string }
)

/** SQLSTATEs of a deadlock and of a serialization failure. */
const RETRYABLE = new Set(['40P01', '40001'])
const MAX_ATTEMPTS = 4

/** GitHub can redeliver for three days. */
const RETENTION = 30 * 24 * 60 * 60 * 1000

/**
 * Applies a change, and records its delivery in the same transaction. Concurrent deliveries with the same id or body wait
 * for the outcome of the first.
 * @returns `replayed` if a delivery with this id or this body was processed before; nothing changes then
 */
export async function applyDelivery(
  { prisma }: Pick<Database, 'prisma'>,
  delivery: Delivery,
  change: WebhookChange,
): Promise<'processed' | 'replayed'> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await prisma.$transaction(async (transaction) => {
        const { count } = await transaction.githubDelivery.createMany({ data: [delivery], skipDuplicates: true })
        if (count === 0) return 'replayed'
        const userIds = await lockInstallations(transaction, change.installationId)
        // An id that exceeds the column's range, which Prisma's model API would reject, has no users.
        if (userIds.length > 0) await applyChange(transaction, change, userIds)
        return 'processed'
      })
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !RETRYABLE.has(readFailure(error).code)) throw error
    }
  }
}

/** Deletes up to 100 deliveries that are too old for a redelivery. Small batches do not block other writes. */
export async function deleteOldDeliveries({ prisma }: Pick<Database, 'prisma'>): Promise<void> {
  const received_at = { lt: new Date(Date.now() - RETENTION) }
  await prisma.githubDelivery.deleteMany({ where: { received_at }, limit: 100 })
}

/**
 * Locks all records of an installation, so that each delivery sees the changes of the one before.
 * @returns the ids of the users who have recorded it
 */
async function lockInstallations(transaction: Prisma.TransactionClient, installationId: number): Promise<number[]> {
  const rows = await transaction.$queryRaw<{ neptun_user_id: number }[]>`
    SELECT neptun_user_id FROM github_installations WHERE installation_id = ${installationId}::bigint
    ORDER BY id FOR UPDATE`
  return rows.map(({ neptun_user_id }) => neptun_user_id)
}

async function applyChange(
  transaction: Prisma.TransactionClient,
  change: WebhookChange,
  userIds: number[],
): Promise<void> {
  const { githubInstallation } = transaction
  const where = { installation_id: change.installationId }
  switch (change.type) {
    case 'deleted':
      // A reinstallation gets a new id. Imports do not refer to installations, and stay.
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
      const { selection } = change
      await githubInstallation.updateMany({
        where: { ...where, repository_selection: { not: selection } },
        data: { repository_selection: selection },
      })
      break
    }
    case 'account-renamed':
      await githubInstallation.updateMany({
        where: { ...where, ...isNamedOtherThan(change.to) },
        data: { account_name: change.to, github_account_name: change.to },
      })
      await transaction.$executeRaw`
        UPDATE imports SET source_path = ${change.to}::text || substr(source_path, strpos(source_path, '/'))
        WHERE ${isGithubImport(userIds)}
          AND lower(split_part(source_path, '/', 1) COLLATE "C") = lower(${change.from}::text COLLATE "C")`
      break
    case 'repository-moved':
      // Prisma's insensitive `equals` is ILIKE, which takes "_" in a name for any character.
      await transaction.$executeRaw`
        UPDATE imports SET source_path = ${change.to}::text
        WHERE ${isGithubImport(userIds)} AND lower(source_path COLLATE "C") = lower(${change.from}::text COLLATE "C")
          AND source_path <> ${change.to}::text`
      break
  }
}

/**
 * Matches installations whose recorded suspension is older than one of GitHub's times (`lt`), or as old (`lte`).
 * A delivery without times always applies.
 */
function isOlder(operator: 'lt' | 'lte', ...times: (Date | null)[]): Prisma.GithubInstallationWhereInput {
  const bounds = times.filter((time) => time !== null).map((time) => ({ suspension_known_at: { [operator]: time } }))
  return bounds.length > 0 ? { OR: [{ suspension_known_at: null }, ...bounds] } : {}
}

/** `not` matches no null. */
const isNamedOtherThan = (name: string): Prisma.GithubInstallationWhereInput => ({
  OR: [{ account_name: { not: name } }, { github_account_name: { not: name } }, { github_account_name: null }],
})

const isGithubImport = (userIds: number[]) =>
  Prisma.sql`source_type = 'github' AND neptun_user_id = ANY(${userIds}::integer[])`
