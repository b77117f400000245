import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectionUrlProblem } from '../database/connection-url.js'
import type { Database as OpenDatabase } from '../database/database.js'
import { describeConnectionError, isDatabaseUnavailable, readFailure } from '../database/errors.js'
import { ConfigError, loadEnvFile, readSecret } from '../environment.js'
import { parseUrl } from '../parse-url.js'
import { CommandError, notFound } from './output.js'

export interface Database extends Pick<OpenDatabase, 'prisma' | 'read'> {
  /** The time on the database's clock, which decides when a session expires. */
  now: Date
}

/** SQLSTATEs of a table or a column that does not exist. */
const SCHEMA_IS_BEHIND = ['42P01', '42703']

/**
 * Opens the database with a single connection, passes it to `use`, and closes it.
 *
 * @throws CommandError if there is no database to open, or it cannot be reached or read
 */
export async function withDatabase<T>(use: (database: Database) => Promise<T>): Promise<T> {
  return await withDatabaseUrl(async (url) => {
    // Loaded on demand, like everything that needs a database: help and usage errors need not wait for it.
    const { withSingleConnection } = await import('../database/single-connection.js')
    return await withSingleConnection(url, async ({ prisma, read }) => {
      const [row] = await prisma.$queryRaw<{ now: Date }[]>`SELECT date_trunc('milliseconds', now()) AS now`
      return await use({ prisma, read, now: row?.now ?? new Date() })
    })
  })
}

/**
 * Passes the URL of the database to `use`, for commands that open their own connections.
 *
 * @throws CommandError if there is no URL, or `use` fails because the database is unreachable
 */
export async function withDatabaseUrl<T>(use: (databaseUrl: string) => Promise<T>): Promise<T> {
  const { url, source } = await findDatabaseUrl()
  try {
    return await use(url)
  } catch (error) {
    throw await explain(error, `${address(url)}${source}`)
  }
}

/** @throws CommandError if there is no such user */
export async function requireUser({ prisma }: Database, id: number): Promise<void> {
  const count = await prisma.user.count({ where: { id } })
  if (count === 0) throw notFound(`there is no user ${id}`)
}

/** Returns a handler of errors: the row to delete, or one that a new row refers to, does not exist. */
export const orNotFound = (message: string) => onFailure(['23503', 'P2025'], notFound(message))

/** Returns a handler of errors: a value is not unique. */
export const orConflict = (message: string) => onFailure(['23505'], new CommandError('CONFLICT', message))

/** @param codes SQLSTATEs, and codes of Prisma (https://www.prisma.io/docs/orm/reference/error-reference) */
const onFailure = (codes: string[], failure: CommandError) => (error: unknown) => {
  throw codes.includes(readFailure(error).code) ? failure : error
}

async function findDatabaseUrl(): Promise<{ url: string; source: string }> {
  const given = readGivenUrl()
  const { DATA_DIR, NODE_ENV } = process.env
  if (given) return { url: checkUrl(given, 'DATABASE_URL'), source: '(DATABASE_URL)' }
  if (NODE_ENV?.trim() === 'production') throw new CommandError('NO_DATABASE', 'DATABASE_URL is missing')
  const file = join(DATA_DIR?.trim() || '.data', 'database-url')
  const found = await readFile(file, 'utf8').catch(() => undefined)
  if (found === undefined) {
    throw new CommandError('NO_DATABASE', `DATABASE_URL is missing, and no "npm run dev" has left one in ${file}`)
  }
  return { url: checkUrl(found.trim(), `what ${file} holds`), source: `(${file}: is "npm run dev" running?)` }
}

function readGivenUrl(): string | undefined {
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

/** The host and port of a database and a space; an empty string if the URL does not name them before its path. */
function address(databaseUrl: string): string {
  const { host, pathname, search, hash } = parseUrl(databaseUrl) ?? {}
  return host && !`${pathname}${search}${hash}`.includes('@') ? `at ${host} ` : ''
}

async function explain(error: unknown, where: string): Promise<unknown> {
  if (!(error instanceof Error) || error instanceof CommandError) return error
  const { code, message } = readFailure(error)
  if (SCHEMA_IS_BEHIND.includes(code)) {
    return new CommandError('MIGRATIONS_PENDING', 'the database lacks migrations: run the command migrate first')
  }
  const isConnecting = 'syscall' in error && error.syscall === 'connect'
  if (!isConnecting && !isDatabaseUnavailable(error)) return new Error(message)
  // The message of a network error repeats the address.
  const reason = /^E[A-Z_]+$/.test(code) ? code : describeConnectionError({ code, message })
  return new CommandError('DATABASE_UNAVAILABLE', `cannot reach the database ${where}: ${reason}`)
}
