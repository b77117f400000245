import closeWithGrace from 'close-with-grace'
import pino, { type Logger } from 'pino'
import { buildApp } from './app.js'
import { type Config, ConfigError, databaseOptions, loadConfig, unknownVariables } from './config.js'
import { type Database, openDatabase } from './database/database.js'
import { describeConnectionError } from './database/errors.js'
import { applyMigrations, checkMigrations, listPending, MigrationError } from './database/migrations.js'
import { openConnections } from './database/pool-query.js'
import { loadEnvFile } from './environment.js'
import { openLogDestination } from './logging/log-destination.js'
import { serializeError } from './logging/serialize-error.js'
import { onShutdown, SHUTDOWN_SIGNALS } from './signals.js'
import { StartError } from './start-error.js'

/** Maximum time that shutdown waits for the log to be written, in milliseconds. */
const LOG_DRAIN_TIMEOUT = 500

async function start() {
  const fromFile = loadEnvFile()
  const config = loadConfig(process.env)
  const log = openLogDestination({ isBuffered: config.NODE_ENV === 'production' })
  const logger = pino({ level: config.LOG_LEVEL, serializers: { err: serializeError } }, log)
  process.on('warning', ({ name, message }) => logger.warn({ reason: name }, message))
  for (const message of unknownVariables(process.env)) logger.warn(message)
  const { database, isPending } = await connect(config, logger)
  let isMigrating = isPending
  const whilePending = isPending ? { isMigrating: () => isMigrating } : {}
  const app = await buildApp(config, { database, logger, lostLogLines: log.lostLines, ...whilePending })
  let isSignalled = false
  const options = { delay: config.SHUTDOWN_TIMEOUT, logger, skip: [...SHUTDOWN_SIGNALS] }
  const { close } = closeWithGrace(options, async ({ err }) => {
    if (err) logger.fatal({ err }, 'shutting down after an error')
    if (isSignalled) await app.drain(Math.min(config.SHUTDOWN_DELAY, config.SHUTDOWN_TIMEOUT / 4))
    await app.close()
    await log.drain(LOG_DRAIN_TIMEOUT)
  })
  const shutDown = (reason: string) => {
    logger.info({ reason }, 'shutting down')
    isSignalled = true
    close()
  }
  onShutdown(shutDown, (signal) => {
    logger.error(`second ${signal}, exiting`)
    process.exit(1)
  })
  // `npm run dev` starts this process with an IPC channel: exit when the parent process does.
  process.once('disconnect', () => close())
  const { HOST: host, PORT: port } = config
  const origin = originOfHost(fromFile)
  const listenTextResolver = (address: string) => `Listening on ${address} (${origin})`
  // Listen before migrating, because a migration can wait a long time for a lock. Until it is applied, the process is
  // live but not ready.
  const address = await app
    .listen({ host, port, listenTextResolver })
    .catch((error) => rejectListen(error, host, origin))
  if (isPending) {
    await migrate(config, logger)
    isMigrating = false
  }
  process.send?.({ ready: true, address })
  try {
    // The readiness check needs a connection outside of the pool. It comes first, because opening the pool's connections
    // would delay it, and could use up PostgreSQL's connection limit.
    await database.readiness.check()
    await openConnections(database.pool)
  } catch (err) {
    if (!database.pool.ending) logger.warn({ err }, 'not all connections of the pool are open: others open on demand')
  }
}

const SET_IN_ENVIRONMENT = 'HOST is set in the environment'

/** Describes where `HOST` was set, since some tools set it for other purposes. */
function originOfHost(fromFile: Set<string>): string {
  if (fromFile.has('HOST')) return 'HOST is set in .env'
  return process.env['HOST']?.trim() ? SET_IN_ENVIRONMENT : 'HOST is not set'
}

/** Opens the database and checks for pending migrations, which are an error without `MIGRATE_ON_START`. */
async function connect(config: Config, logger: Logger): Promise<{ database: Database; isPending: boolean }> {
  try {
    const { MIGRATE_ON_START, DATABASE_URL } = config
    const pending = MIGRATE_ON_START ? listPending(DATABASE_URL) : checkMigrations(DATABASE_URL).then(() => [])
    // The check runs while the database is being opened, to start faster. If opening fails, that error is thrown, and
    // an error of the check is ignored.
    pending.catch(() => {})
    const database = await openDatabase(databaseOptions(config, logger))
    return { database, isPending: (await pending).length > 0 }
  } catch (error) {
    throw toStartError(error)
  }
}

async function migrate(config: Config, logger: Logger): Promise<void> {
  try {
    const applied = await applyMigrations(config.DATABASE_URL, (message) => logger.warn(message))
    logger.info({ applied }, 'applied migrations')
  } catch (error) {
    throw toStartError(error)
  }
}

function toStartError(error: unknown): StartError {
  if (error instanceof MigrationError) return new StartError(error.message)
  return new StartError(`DATABASE_URL: the database cannot be used: ${describeConnectionError(error as Error)}`)
}

/** Explains why the service cannot listen. */
function rejectListen(error: NodeJS.ErrnoException, host: string, origin: string): never {
  if (error instanceof ConfigError) throw error
  if (error.code === 'EADDRINUSE') throw new StartError('PORT: already in use (EADDRINUSE)')
  if (error.code === 'EACCES') throw new StartError('PORT: permission denied (EACCES)')
  const hint = origin === SET_IN_ENVIRONMENT ? '; some tools set it, such as conda' : ''
  const reason = error.code ?? error.message
  throw new StartError(`HOST: cannot listen on ${JSON.stringify(host)} (${reason}): ${origin}${hint}`)
}

start().catch((error: unknown) => {
  const isExpected = error instanceof ConfigError || error instanceof StartError
  process.stderr.write(`${isExpected ? error.message : ((error as Error).stack ?? error)}\n`)
  process.exit(1)
})
