import type { Database } from '../../database/database.js'
import { readFailure } from '../../database/errors.js'
import type { Prisma } from '../../database/generated/client.js'
import { renameAccount } from './account-renames.js'
import type { WebhookChange } from './change.js'
import { changeInstallation } from './installation-changes.js'
import { moveRepositoryByName, renameAccountByLogin } from './renames-by-name.js'
import { moveRepository } from './repo-moves.js'

/** A delivery whose signature is verified. */
export interface Delivery {
  /** GitHub's id of it, which a redelivery keeps. It is not signed. */
  id: string
  event: string
  /** SHA-256 of the signed body. */
  body_hash: Buffer<ArrayBuffer>
}

type Transaction = Prisma.TransactionClient

/**
 * SQLSTATEs of a deadlock, a serialization failure and a lock timeout. Many deliveries about the same installation wait for
 * each other, and GitHub does not repeat one that failed.
 */
const RETRYABLE = new Set(['40P01', '40001', '55P03'])
const MAX_ATTEMPTS = 4

/** The largest bigint: SQLSTATE NP001 does not occur. */
const UNLIMITED = '9223372036854775807'

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
        // A longer name must not fail because a project is full.
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
 * Locks all records of an installation, so that each delivery sees the changes of the one before.
 * @returns the ids of the users who have recorded it
 */
async function lockInstallations(transaction: Transaction, installationId: number): Promise<number[]> {
  const rows = await transaction.$queryRaw<{ neptun_user_id: number }[]>`
    SELECT neptun_user_id FROM github_installations WHERE installation_id = ${installationId}::bigint
    ORDER BY id FOR UPDATE`
  return rows.map(({ neptun_user_id }) => neptun_user_id)
}

async function applyChange(transaction: Transaction, change: WebhookChange, userIds: number[]): Promise<void> {
  switch (change.type) {
    // Imports with GitHub's ids follow them, whoever has recorded the installation.
    case 'account-renamed':
      if (change.id) await renameAccount(transaction, userIds, { ...change, id: change.id }, change.installationId)
      else await renameAccountByLogin(transaction, userIds, change, change.installationId)
      break
    case 'repository-moved':
      if (change.id) await moveRepository(transaction, userIds, { ...change, id: change.id })
      else await moveRepositoryByName(transaction, userIds, change)
      break
    default:
      // An id that exceeds the column's range, which Prisma's model API would reject, has no users.
      if (userIds.length > 0) await changeInstallation(transaction, userIds, change)
  }
}
