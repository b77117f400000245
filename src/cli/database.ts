import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectionUrlProblem } from '../database/connection-url.js'
import type { Database as OpenDatabase } from '../database/database.js'
import { describeConnectionError, isDatabaseUnavailable, readFailure } from '../database/errors.js'
import { ConfigError, loadEnvFile, readSecret } from '../environment.js'
import { parseUrl } from '../parse-url.js'
import { CommandError, notFound } from './output.js'

export interface Database extends Pick<OpenDatabase, 'prisma' | 'read'> {
  /** Current time of the database, whose clock determines whether a session has expired. */
  now: Date
}

/** SQLSTATEs undefined_table and undefined_column. */
const SCHEMA_IS_BEHIND = ['42P01', '42703']

/**
 * Opens the database with a single connection, passes it to `use`, and closes it.
 *
 * @throws CommandError if no database is configured, it is unreachable, or a table or column is missing because
 *   migrations are pending
 */
export async function withDatabase<T>(use: (database: Database) => Promise<T>): Promise<T> {
  return await withDatabaseUrl(async (url) => {
    // Loaded on demand, like all modules that need a database, so that help and usage errors are fast.
    const { withSingleConnection } = await import('../database/single-connection.js')
    return await withSingleConnection(url, async ({ prisma, read }) => {
      const [row] = await prisma.$queryRaw<{ now: Date }[]>`SELECT date_trunc('milliseconds', now()) AS now`
      return await use({ prisma, read, now: row?.now ?? new Date() })
    })
  })
}

/**
 * Passes the database URL to `use`, for commands that open their own connections.
 *
 * @throws CommandError if no database is configured, it is unreachable, or a table or column is missing because
 *   migrations are pending
 */
export async function withDatabaseUrl<T>(use: (databaseUrl: string) => Promise<T>): Promise<T> {
  const { url, source } = await findDatabaseUrl()
  try {
    return await use(url)
  } catch (error) {
    throw await explain(error, `${address(url)}${source}`)
  }
}

/** @throws CommandError if the user does not exist */
export async function requireUser({ prisma }: Database, id: number): Promise<void> {
  const count = await prisma.user.count({ where: { id } })
  if (count === 0) throw notFound(`user ${id} does not exist`)
}

/** Creates an error handler for a missing row: the row to delete, or a row that a new row refers to. */
export const orNotFound = (message: string) => onFailure(['23503', 'P2025'], notFound(message))

/** Creates an error handler for the violation of a unique constraint. */
export const orConflict = (message: string) => onFailure(['23505'], new CommandError('CONFLICT', message))

/** @param codes SQLSTATEs and Prisma error codes (https://www.prisma.io/docs/orm/reference/error-reference) */
const onFailure = (codes: string[], failure: CommandError) => (error: unknown) => {
  throw codes.includes(readFailure(error).code) ? failure : error
}

async function findDatabaseUrl(): Promise<{ url: string; source: string }> {
  const configured = readConfiguredUrl()
  const { DATA_DIR, NODE_ENV } = process.env
  if (configured) return { url: checkUrl(configured, 'DATABASE_URL'), source: '(DATABASE_URL)' }
  if (NODE_ENV?.trim() === 'production') throw new CommandError('NO_DATABASE', 'DATABASE_URL is missing')
  const file = join(DATA_DIR?.trim() || '.data', 'database-url')
  const found = await readFile(file, 'utf8').catch(() => undefined)
  if (found === undefined) {
    throw new CommandError('NO_DATABASE', `DATABASE_URL is missing, and "npm run dev" has not created ${file}`)
  }
  return { url: checkUrl(found.trim(), `the URL in ${file}`), source: `(${file}: is "npm run dev" running?)` }
}

function readConfiguredUrl(): string | undefined {
  try {
    loadEnvFile()
    return readSecret('DATABASE_URL', process.env)
  } catch (error) {
    throw error instanceof ConfigError ? new CommandError('NO_DATABASE', error.message) : error
  }
}

function checkUrl(url: string, name: string): string {
  const problem = connectionUrlProblem(url)
  if (problem) throw new CommandError('NO_DATABASE', `${name} must ${problem}`)
  return url
}

/**
 * Formats the host and port for an error message. Returns an empty string if the URL has no host, or if an `@` after
 * the host suggests that the host is part of an unescaped password.
 */
function address(databaseUrl: string): string {
  const { host, pathname, search, hash } = parseUrl(databaseUrl) ?? {}
  return host && !`${pathname}${search}${hash}`.includes('@') ? `at ${host} ` : ''
}

async function explain(error: unknown, where: string): Promise<unknown> {
  if (!(error instanceof Error) || error instanceof CommandError) return error
  const { code, message } = readFailure(error)
  if (SCHEMA_IS_BEHIND.includes(code)) {
    return new CommandError(
      'MIGRATIONS_PENDING',
      'the database has pending migrations: run "neptun-resources migrate" first',
    )
  }
  const isConnecting = 'syscall' in error && error.syscall === 'connect'
  if (!isConnecting && !isDatabaseUnavailable(error)) return new Error(message)
  // The message of a network error would repeat the address.
  const reason = /^E[A-Z_]+$/.test(code) ? code : describeConnectionError({ code, message })
  return new CommandError('DATABASE_UNAVAILABLE', `the database ${where} is unavailable: ${reason}`)
}
