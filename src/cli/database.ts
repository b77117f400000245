import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PrismaClient } from '../database/client.js'
import { CommandError, notFound } from './output.js'

export interface Database {
  prisma: PrismaClient
  /** The time on the database's clock, the one that decides when a session expires. */
  now: Date
}

/**
 * Opens the database, and closes it whatever happens.
 *
 * @throws CommandError if there is no database to open, or it cannot be reached or read
 */
export async function withDatabase<T>(use: (database: Database) => Promise<T>): Promise<T> {
  return await withDatabaseUrl(async (connectionString) => {
    const [{ openConnection }, { createPrismaClient }] = await Promise.all([
      import('./pool.js'),
      import('../database/client.js'),
    ])
    const pool = openConnection(connectionString)
    const prisma = createPrismaClient(pool)
    try {
      const { rows } = await pool.query<{ now: Date }>('SELECT date_trunc(\'milliseconds\', now()) AS "now"')
      return await use({ prisma, now: rows[0]?.now ?? new Date() })
    } finally {
      await prisma.$disconnect()
      await pool.end()
    }
  })
}

/**
 * Finds the URL of the database, for what makes connections of its own.
 *
 * Everything that needs a database is loaded here, when it is needed: help and usage errors come without the wait.
 *
 * @throws CommandError if there is none, or what is done with it fails because the database is unreachable
 */
export async function withDatabaseUrl<T>(use: (databaseUrl: string) => Promise<T>): Promise<T> {
  const { url, source } = await findDatabaseUrl()
  try {
    return await use(url)
  } catch (error) {
    throw await explain(error, `${address(url)}${source}`)
  }
}

/** Refuses a user who does not exist. */
export async function requireUser({ prisma }: Database, id: number): Promise<void> {
  const count = await prisma.user.count({ where: { id } })
  if (count === 0) throw notFound(`there is no user ${id}`)
}

/**
 * The code of an error of Prisma's.
 * @see https://www.prisma.io/docs/orm/reference/error-reference
 */
export function prismaCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^P\d{4}$/.test(code) ? code : undefined
}

async function findDatabaseUrl(): Promise<{ url: string; source: string }> {
  loadEnvFile()
  const { DATABASE_URL, DATA_DIR, NODE_ENV } = process.env
  const given = DATABASE_URL?.trim()
  if (given) return { url: await checkUrl(given, 'DATABASE_URL'), source: '(DATABASE_URL)' }
  if (NODE_ENV?.trim() === 'production') throw new CommandError('NO_DATABASE', 'DATABASE_URL is missing')
  const file = join(DATA_DIR?.trim() || '.data', 'database-url')
  const found = await readFile(file, 'utf8').catch(() => undefined)
  if (found === undefined) {
    throw new CommandError('NO_DATABASE', `DATABASE_URL is missing, and no "npm run dev" has left one in ${file}`)
  }
  return { url: await checkUrl(found.trim(), `what ${file} holds`), source: `(${file}: is "npm run dev" running?)` }
}

function loadEnvFile(): void {
  try {
    process.loadEnvFile()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOENT') throw new CommandError('FAILED', `cannot read the file .env: ${code}`)
  }
}

async function checkUrl(url: string, name: string): Promise<string> {
  const [{ Value }, { Config }] = await Promise.all([import('@sinclair/typebox/value'), import('../config.js')])
  const schema = Config.properties.DATABASE_URL
  if (!Value.Check(schema, url)) throw new CommandError('NO_DATABASE', `${name} must be ${schema['must']}`)
  return url
}

/** The host and port of a database, with a space behind; nothing where a stray @ makes it doubtful what is password. */
function address(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) return ''
  const { host, pathname, search, hash } = new URL(databaseUrl)
  return host && !`${pathname}${search}${hash}`.includes('@') ? `at ${host} ` : ''
}

async function explain(error: unknown, where: string): Promise<unknown> {
  if (!(error instanceof Error) || error instanceof CommandError) return error
  if (isSchemaBehind(error)) {
    return new CommandError('MIGRATIONS_PENDING', 'the database lacks migrations: run the command migrate first')
  }
  const { isDatabaseUnavailable } = await import('../database/errors.js')
  const original = unwrap(error)
  if (!isConnectionFailure(original) && !isDatabaseUnavailable(original)) return original
  return new CommandError('DATABASE_UNAVAILABLE', `cannot reach the database ${where}: ${reason(original)}`)
}

/** A table or a column is not there, in the words of Prisma or as SQLSTATE. */
const isSchemaBehind = (error: Error & { code?: unknown }) =>
  ['P2021', 'P2022', '42P01', '42703'].includes(String(error.code))

/** PostgreSQL's own error, where Prisma wrapped it in one of its own. */
function unwrap(error: Error & { meta?: { driverAdapterError?: Error } }): Error {
  const cause = error.meta?.driverAdapterError?.cause as { originalCode?: string; originalMessage?: string } | undefined
  if (!cause?.originalCode) return error
  return Object.assign(new Error(cause.originalMessage), { code: cause.originalCode })
}

/** Prisma's P1...; no such role, wrong password (SQLSTATE 28...); no such database (3D000); no socket; not a URL. */
function isConnectionFailure(error: Error & { code?: unknown; syscall?: unknown }): boolean {
  const { code, syscall } = error
  return /^(P1\d{3}|28...|3D000|ERR_INVALID_URL)$/.test(String(code)) || syscall === 'connect'
}

/** Never the message of an error of the network or the URL: it repeats the address, however badly that was written. */
function reason(error: Error & { code?: unknown }): string {
  const { code } = error
  if (code === 'ERR_INVALID_URL') return 'the URL is malformed; in a password, special characters are percent-encoded'
  return typeof code === 'string' && /^E[A-Z_]+$/.test(code) ? code : error.message
}
