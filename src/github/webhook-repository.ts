import type pg from 'pg'
import type { RepositorySelection } from '../database/generated/enums.js'

/** A delivery by what makes it unique: GitHub keeps the id when it delivers again. */
export interface Delivery {
  id: string
  event: string
}

/** What a delivery says has changed at GitHub. It concerns whoever has recorded the installation, and nobody else. */
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

/** Of two at once with the same id, the second waits here for the outcome of the first. */
const REMEMBER_DELIVERY = 'INSERT INTO github_deliveries (id, event) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING'

/** Deliveries about one installation take turns, so that each sees all that the one before has changed. */
const LOCK_INSTALLATIONS =
  'SELECT id FROM github_installations WHERE installation_id = $1::bigint ORDER BY id FOR UPDATE'

/** A new installation is a new id at GitHub: rows of this one would never grant again. Imports are not tied to them. */
const DELETE_INSTALLATIONS = 'DELETE FROM github_installations WHERE installation_id = $1::bigint'

/** A millisecond at least, also when the clock stands still or steps back. */
const TOUCH = "updated_at = greatest(now(), updated_at + interval '1 millisecond')"

/** Not one that GitHub has lifted since: that was no earlier than the suspension itself. */
const SUSPEND_INSTALLATIONS = `
  UPDATE github_installations SET
    suspended_at = coalesce($2::timestamptz, now()),
    suspension_known_at = coalesce($3::timestamptz, $2::timestamptz),
    ${TOUCH}
  WHERE installation_id = $1::bigint
    AND coalesce(greatest($2::timestamptz, $3::timestamptz) > suspension_known_at, true)`

const UNSUSPEND_INSTALLATIONS = `
  UPDATE github_installations SET
    suspended_at = NULL,
    suspension_known_at = $2::timestamptz,
    ${TOUCH}
  WHERE installation_id = $1::bigint
    AND coalesce($2::timestamptz >= suspension_known_at, true)`

const CHANGE_SELECTION = `
  UPDATE github_installations SET repository_selection = $2::repository_selection, ${TOUCH}
  WHERE installation_id = $1::bigint AND repository_selection <> $2::repository_selection`

const RENAME_ACCOUNT = `
  UPDATE github_installations SET account_name = $2::text, github_account_name = $2::text, ${TOUCH}
  WHERE installation_id = $1::bigint
    AND (account_name, github_account_name) IS DISTINCT FROM ($2::text, $2::text)`

const OF_ITS_USERS = `
  source_type = 'github'
    AND neptun_user_id IN (SELECT neptun_user_id FROM github_installations WHERE installation_id = $1::bigint)`

const RENAME_OWNER = `
  UPDATE imports SET source_path = $3::text || substr(source_path, strpos(source_path, '/')), ${TOUCH}
  WHERE ${OF_ITS_USERS} AND lower(split_part(source_path, '/', 1)) = lower($2::text)`

const MOVE_REPOSITORY = `
  UPDATE imports SET source_path = $3::text, ${TOUCH}
  WHERE ${OF_ITS_USERS} AND lower(source_path) = lower($2::text) AND source_path <> $3::text`

/** GitHub can be asked to deliver again for three days; some at a time, so that nothing else has to wait. */
const FORGET_DELIVERIES = `
  DELETE FROM github_deliveries WHERE id IN (
    SELECT id FROM github_deliveries
    WHERE received_at < now() - interval '30 days'
    ORDER BY received_at
    LIMIT 100
    FOR UPDATE SKIP LOCKED
  )`

/** SQLSTATE of a deadlock and of a serialization failure: PostgreSQL asks for another attempt. */
const ANOTHER_ATTEMPT = new Set(['40P01', '40001'])
const MAX_ATTEMPTS = 4

/**
 * Does what a delivery says, once: the delivery is remembered in the same transaction.
 * @returns `replayed` if that has happened before, and then nothing changes
 */
export async function applyDelivery(
  pool: pg.Pool,
  delivery: Delivery,
  change: WebhookChange,
): Promise<'processed' | 'replayed'> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTransaction(pool, async (client) => {
        const { rowCount } = await client.query(REMEMBER_DELIVERY, [delivery.id, delivery.event])
        if (rowCount === 0) return 'replayed'
        await client.query(LOCK_INSTALLATIONS, [change.installationId])
        await applyChange(client, change)
        return 'processed'
      })
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !ANOTHER_ATTEMPT.has((error as { code?: string }).code ?? '')) throw error
    }
  }
}

/** Forgets some of the deliveries that are too old to come again; more often than they come, it leaves none. */
export async function forgetDeliveries(pool: pg.Pool): Promise<void> {
  await pool.query(FORGET_DELIVERIES)
}

async function applyChange(client: pg.ClientBase, change: WebhookChange): Promise<void> {
  const { installationId: id } = change
  switch (change.type) {
    case 'deleted':
      await client.query(DELETE_INSTALLATIONS, [id])
      break
    case 'suspended':
      await client.query(SUSPEND_INSTALLATIONS, [id, change.suspendedAt, change.updatedAt])
      break
    case 'unsuspended':
      await client.query(UNSUSPEND_INSTALLATIONS, [id, change.updatedAt])
      break
    case 'selection-changed':
      await client.query(CHANGE_SELECTION, [id, change.selection])
      break
    case 'account-renamed':
      await client.query(RENAME_ACCOUNT, [id, change.to])
      await client.query(RENAME_OWNER, [id, change.from, change.to])
      break
    case 'repository-moved':
      await client.query(MOVE_REPOSITORY, [id, change.from, change.to])
      break
  }
}

/** A transaction that fails ends with its connection, so that nothing of it can reach the next one. */
async function inTransaction<T>(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  // A connection that is lost fails the statement; unheard, it would end the process besides.
  const ignore = () => {}
  client.on('error', ignore)
  let isDone = false
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    isDone = true
    return result
  } finally {
    client.off('error', ignore)
    client.release(!isDone)
  }
}
