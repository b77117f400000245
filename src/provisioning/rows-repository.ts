import { nextVersion, type UserTransaction } from './transaction.js'

/** A row that belongs to a user. */
export type OwnedRow = { id: number; neptun_user_id: number; updated_at: Date } & Record<string, unknown>

/** The subset of a Prisma model's methods that is used here. The generated types differ between models. */
export interface OwnedRows {
  findFirst(args: { where: object }): Promise<OwnedRow | null>
  createManyAndReturn(args: { data: object[]; skipDuplicates: true }): Promise<OwnedRow[]>
  updateManyAndReturn(args: { where: object; data: object }): Promise<OwnedRow[]>
}

/**
 * - `taken`: the row belongs to another user
 * - `duplicate`: the user has another row with the same natural key
 * - `contended`: concurrent transactions kept creating and deleting the row
 */
export type PutResult = { row: OwnedRow; isNew: boolean } | 'taken' | 'duplicate' | 'contended'

/** Maximum number of attempts to write a row that concurrent transactions create and delete. */
export const MAX_TRIES = 5

/**
 * Creates the row with this id, or updates it if it belongs to the user. A row that already has these values is not
 * written.
 * @param naturalKey another column that is unique among the rows of the user
 */
export async function putRow(
  work: UserTransaction,
  rows: OwnedRows,
  id: number,
  values: Record<string, unknown>,
  naturalKey?: string,
): Promise<PutResult> {
  const { userId } = work
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const found = await rows.findFirst({ where: { id } })
    if (found && found.neptun_user_id !== userId) return 'taken'
    if (found && hasValues(found, values)) return { row: found, isNew: false }
    const isUnchanged = naturalKey === undefined || found?.[naturalKey] === values[naturalKey]
    if (!isUnchanged) {
      const where = { neptun_user_id: userId, [naturalKey]: values[naturalKey], NOT: { id } }
      if (await rows.findFirst({ where })) return 'duplicate'
    }
    const [row] = found
      ? await rows.updateManyAndReturn({
          where: { id, neptun_user_id: userId },
          data: { ...values, updated_at: nextVersion(work, found) },
        })
      : await rows.createManyAndReturn({ data: [{ ...values, id, neptun_user_id: userId }], skipDuplicates: true })
    if (row) return { row, isNew: !found }
  }
  return 'contended'
}

/** Whether a row with this id belongs to another user. */
export async function isTaken(
  { userId }: UserTransaction,
  rows: Pick<OwnedRows, 'findFirst'>,
  id: number,
): Promise<boolean> {
  const found = await rows.findFirst({ where: { id, NOT: { neptun_user_id: userId } } })
  return found !== null
}

/** Whether a row has these values. */
export function hasValues(row: Record<string, unknown>, values: Record<string, unknown>): boolean {
  return Object.entries(values).every(([name, value]) => comparable(row[name]) === comparable(value))
}

const comparable = (value: unknown) => (value instanceof Date ? value.getTime() : value)
