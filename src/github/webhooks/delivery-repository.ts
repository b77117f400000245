import type { Database } from '../../database/database.js'
import { readFailure } from '../../database/errors.js'
import type { Prisma } from '../../database/generated/client.js'
import { renameAccount } from './account-renames.js'
import type { WebhookChange } from './change.js'
import { changeInstallation } from './installation-changes.js'
import { moveRepoByName, renameAccountByLogin } from './renames-by-name.js'
import { moveRepo } from './repo-moves.js'

/** A delivery with a verified signature. */
export interface Delivery {
  /** GitHub's id of the delivery. A redelivery has the same id. The signature does not cover it. */
  id: string
  event: string
  /** SHA-256 of the signed body. */
  body_hash: Buffer<ArrayBuffer>
}

type Transaction = Prisma.TransactionClient

/**
 * SQLSTATEs to retry: deadlock, serialization failure and lock timeout. They can occur when many deliveries about the
 * same installation arrive concurrently, and GitHub does not redeliver automatically.
 */
const RETRYABLE = new Set(['40P01', '40001', '55P03'])
const MAX_ATTEMPTS = 4

/** The largest bigint: disables the limit MAX_PROJECT_BYTES (SQLSTATE NP001) for a transaction. */
const UNLIMITED = '9223372036854775807'

/**
 * Applies a change and records its delivery, in one transaction. Idempotent: the unique indexes on the id and the
 * body's hash make concurrent deliveries with the same id or body wait for the first one.
 * @returns `replayed` if a delivery with this id or body was already processed; nothing changes then
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
        // A rename to a longer name must not fail because a project is full.
        await transaction.$executeRaw`SELECT set_config('neptun.max_project_bytes', ${UNLIMITED}, true)`
        await applyChange(transaction, change, userIds)
        return 'processed'
      })
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !RETRYABLE.has(readFailure(error).code)) throw error
    }
  }
}

/**
 * Locks all rows of an installation, to serialize the deliveries about it.
 * @returns the ids of the users who have recorded the installation
 */
async function lockInstallations(transaction: Transaction, installationId: number): Promise<number[]> {
  const rows = await transaction.$queryRaw<{ neptun_user_id: number }[]>`
    SELECT neptun_user_id FROM github_installations WHERE installation_id = ${installationId}::bigint
    ORDER BY id FOR UPDATE`
  return rows.map(({ neptun_user_id }) => neptun_user_id)
}

async function applyChange(transaction: Transaction, change: WebhookChange, userIds: number[]): Promise<void> {
  switch (change.type) {
    // If GitHub sent an id, a rename or move also changes the imports of users who have not recorded the installation.
    case 'account-renamed':
      if (change.id) await renameAccount(transaction, userIds, { ...change, id: change.id }, change.installationId)
      else await renameAccountByLogin(transaction, userIds, change, change.installationId)
      break
    case 'repository-moved':
      if (change.id) await moveRepo(transaction, userIds, { ...change, id: change.id })
      else await moveRepoByName(transaction, userIds, change)
      break
    default:
      // Skip unrecorded installations: their ids can exceed the column's range. Prisma's model API rejects such an id.
      if (userIds.length > 0) await changeInstallation(transaction, userIds, change)
  }
}
