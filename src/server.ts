import closeWithGrace from 'close-with-grace'
import pino, { type Logger } from 'pino'
import { buildApp } from './app.js'
import { type Config, ConfigError, databaseOptions, loadConfig } from './config.js'
import { type Database, openDatabase } from './database/database.js'
import { applyMigrations, checkMigrations, MigrationError } from './database/migrations.js'
import { openLogDestination } from './log-destination.js'
import { serializeError } from './log-error.js'

/** How long the shutdown waits for the log to be written, in milliseconds. */
const LOG_DRAIN_TIMEOUT = 500

/** What ends a start in one line, without a stack: the operator's to mend. */
class StartError extends Error {}

async function start() {
  loadDotEnv()
  const config = loadConfig(process.env)
  const log = openLogDestination({ isBuffered: config.NODE_ENV === 'production' })
  const logger = pino({ level: config.LOG_LEVEL, serializers: { err: serializeError } }, log)
  const database = await prepareDatabase(config, logger)
  const app = await buildApp(config, { database, logger, lostLogLines: log.lostLines })
  const { close } = closeWithGrace({ delay: config.SHUTDOWN_TIMEOUT, logger }, async ({ err, signal }) => {
    if (err) logger.fatal({ err }, 'ends after an error')
    if (signal) await app.drain(Math.min(config.SHUTDOWN_DELAY, config.SHUTDOWN_TIMEOUT / 4))
    await app.close()
    await log.drain(LOG_DRAIN_TIMEOUT)
  })
  // Under a supervisor (npm run dev): do not outlive it, and tell it where this listens.
  process.once('disconnect', () => close())
  const address = await app.listen({ host: config.HOST, port: config.PORT }).catch(refuse)
  process.send?.({ ready: true, address })
}

function loadDotEnv() {
  try {
    process.loadEnvFile()
  } catch {
    // There need not be one.
  }
}

/** Opens the database, and applies or checks the migrations. */
async function prepareDatabase(config: Config, logger: Logger): Promise<Database> {
  try {
    const database = await openDatabase(databaseOptions(config, logger))
    if (!config.MIGRATE_ON_START) await checkMigrations(config.DATABASE_URL)
    const applied = config.MIGRATE_ON_START ? await applyMigrations(config.DATABASE_URL) : []
    if (applied.length > 0) logger.info({ applied }, 'applied migrations')
    return database
  } catch (error) {
    if (error instanceof MigrationError) throw new StartError(error.message)
    throw new StartError(`DATABASE_URL: the database cannot be used: ${reasonOf(error)}`)
  }
}

function refuse(error: NodeJS.ErrnoException): never {
  if (error instanceof ConfigError) throw error
  if (error.code === 'EADDRINUSE') throw new StartError(`PORT: something else listens on it already`)
  throw new StartError(`HOST, PORT: cannot listen there: ${reasonOf(error)}`)
}

/** The code or message of an error; an AggregateError (several addresses tried) has only a code. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return message || code || 'unknown'
}

start().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof StartError
  process.stderr.write(`${expected ? error.message : ((error as Error).stack ?? error)}\n`)
  process.exit(1)
})
