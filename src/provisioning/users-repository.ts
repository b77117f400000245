import type { UserModel } from '../database/generated/models.js'
import { hasValues, MAX_TRIES } from './rows-repository.js'
import { nextVersion, type UserTransaction } from './transaction.js'

export type UserValues = Pick<UserModel, 'email' | 'github_account_id' | 'github_account_name'>

/**
 * - `duplicate`: another user has this email address
 * - `contended`: concurrent transactions kept creating and deleting the user
 */
export type PutUserResult = { row: UserModel; isNew: boolean } | 'duplicate' | 'contended'

/** Creates or updates the user. A user that already has these values is not written. */
export async function putUser(work: UserTransaction, values: UserValues): Promise<PutUserResult> {
  const { transaction, userId: id } = work
  const { user } = transaction
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const found = await user.findUnique({ where: { id } })
    if (found && hasValues(found, values)) return { row: found, isNew: false }
    if (await user.findFirst({ where: { email: values.email, NOT: { id } }, select: { id: true } })) return 'duplicate'
    const [row] = found
      ? await user.updateManyAndReturn({ where: { id }, data: { ...values, updated_at: nextVersion(work, found) } })
      : await user.createManyAndReturn({ data: [{ ...values, id }], skipDuplicates: true })
    if (!row) continue
    work.isUser = true
    return { row, isNew: !found }
  }
  return 'contended'
}
