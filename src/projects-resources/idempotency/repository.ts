import type { Database } from '../../database/database.js'
import { isViolated } from '../../database/errors.js'
import { Prisma } from '../../database/generated/client.js'
import { GENERATED, type Generated } from '../creation-order-repository.js'
import type { Owner } from '../owner.js'

/** A request with an Idempotency-Key. */
export interface KeyedRequest {
  key: string
  /** SHA-256 of the method, the route, the ids in the path, and the body as JSON with sorted keys. */
  hash: Buffer
}

/** The outcome of the first request with a key. */
export interface StoredOutcome {
  request_hash: Buffer
  /** Result of the write, as JSON, possibly without its `text`; null if the write was refused. */
  result: string | null
  /** Message of a 409 PROJECT_FULL; null if the write succeeded. */
  refusal: string | null
  created_at: Date
  /** Whether the key may be used again. */
  is_expired: boolean
}

/**
 * Stores the result of a write atomically with the write. Both methods fail if an outcome is already stored for the
 * key.
 */
export interface Once {
  /**
   * Inserts a row and stores it as the result, in one statement. A Prisma transaction would cost more CPU time than the
   * rest of the request (docs/decisions/025).
   * @param table with the alias that `columns` uses, such as `imports AS import`
   * @param columns the columns of the result
   */
  insert(table: string, values: object, columns: Prisma.Sql): Promise<Generated>
  /**
   * Stores a result.
   * @param transaction the transaction of the write; may be omitted if the request writes nothing else
   */
  store(result: object, transaction?: Pick<Prisma.TransactionClient, '$executeRaw'>): Promise<void>
}

/** Whether a write failed because an outcome is already stored for its key. */
export const isKeyStored = (error: unknown): boolean => isViolated('idempotency_keys_pkey', error)

/** Data access for idempotency keys. */
export type IdempotencyRepository = ReturnType<typeof createIdempotencyRepository>

export function createIdempotencyRepository({ prisma, read }: Pick<Database, 'prisma' | 'read'>) {
  return {
    /** Finds the outcome stored for a key, even if it has expired. */
    async find({ userId }: Owner, key: string): Promise<StoredOutcome | undefined> {
      const [row] = await read<StoredOutcome>(Prisma.sql`
        SELECT request_hash, result::text, refusal, created_at, created_at <= now() - interval '24 hours' AS is_expired
        FROM idempotency_keys WHERE neptun_user_id = ${userId}::integer AND key = ${key}::text`)
      return row
    },

    /** Returns functions that store the result of a write for its key. */
    once(owner: Owner, keyed: KeyedRequest): Once {
      const values = toValues(owner, keyed)
      return {
        async insert(table, row, columns) {
          const [inserted] = await prisma.$queryRaw<Generated[]>(Prisma.sql`
            WITH created AS (${insertInto(table, row)} RETURNING ${columns}),
              stored AS (INSERT INTO idempotency_keys (${COLUMNS}, result)
                SELECT ${values}, to_jsonb(created) - ${LONG_TEXT}::text FROM created)
            SELECT ${GENERATED_COLUMNS} FROM created`)
          return inserted as Generated
        },

        async store(result, transaction = prisma) {
          const json = JSON.stringify(result, (name, value) => (isTooLong(name, value) ? undefined : value))
          await transaction.$executeRaw(
            Prisma.sql`INSERT INTO idempotency_keys (${COLUMNS}, result) SELECT ${values}, ${json}::jsonb`,
          )
        },
      }
    },

    /**
     * Stores the message of a 409 PROJECT_FULL. Waits for a concurrent transaction that stores an outcome for the same
     * key.
     * @returns false if another outcome is already stored
     */
    async storeRefusal(owner: Owner, keyed: KeyedRequest, message: string): Promise<boolean> {
      const values = toValues(owner, keyed)
      const count = await prisma.$executeRaw(Prisma.sql`
        INSERT INTO idempotency_keys (${COLUMNS}, refusal) SELECT ${values}, ${message} ON CONFLICT DO NOTHING`)
      return count > 0
    },

    /** Deletes an expired key, unless a concurrent request has replaced it. */
    async remove({ userId }: Owner, key: string, { created_at }: StoredOutcome): Promise<void> {
      await prisma.idempotencyKey.deleteMany({ where: { neptun_user_id: userId, key, created_at } })
    },
  }
}

/**
 * Name of the property that can contain 1 MiB of text. A long text is already stored in its row, so the result omits
 * it: a replay takes it from the body of the retry, or from the row that the retry identifies.
 */
const LONG_TEXT = 'text'

/**
 * Maximum length of a `text` that `store` keeps, in UTF-16 code units. The number is the maximum length of a
 * `description`, which is always stored. `insert` omits `text` regardless of its length.
 */
const MAX_STORED_LENGTH = 10_000

const isTooLong = (name: string, value: unknown) => name === LONG_TEXT && String(value).length > MAX_STORED_LENGTH

const GENERATED_COLUMNS = Prisma.raw(Object.keys(GENERATED).join(', '))

const COLUMNS = Prisma.raw('neptun_user_id, project_id, key, request_hash')

const toValues = ({ userId, projectId }: Owner, { key, hash }: KeyedRequest) =>
  Prisma.sql`${userId}::integer, ${projectId}::integer, ${key}::text, ${Uint8Array.from(hash)}::bytea`

/** @param row its property names are column names. They are not escaped, so they must never come from a request */
function insertInto(table: string, row: object): Prisma.Sql {
  const entries = Object.entries(row).filter(([, value]) => value !== undefined)
  const names = Prisma.raw(entries.map(([name]) => `"${name}"`).join(', '))
  return Prisma.sql`INSERT INTO ${Prisma.raw(table)} (${names}) VALUES (${Prisma.join(entries.map(([, value]) => value))})`
}
