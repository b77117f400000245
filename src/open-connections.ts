import type { BaseLogger } from 'pino'
import type { Config } from './config.js'
import { type Connections, openConnections } from './database/connections.js'

/** The connections that the configuration describes. */
export function openConfigured(config: Config, logger: Pick<BaseLogger, 'warn'>): Connections {
  return openConnections({
    connectionString: config.DATABASE_URL,
    max: config.DATABASE_POOL_SIZE,
    connectTimeout: config.DATABASE_CONNECT_TIMEOUT,
    answerTimeout: config.DATABASE_ANSWER_TIMEOUT,
    statementTimeout: config.DATABASE_STATEMENT_TIMEOUT,
    lockTimeout: config.DATABASE_LOCK_TIMEOUT,
    onIdleError: (err) => logger.warn({ err }, 'lost a connection to the database'),
  })
}
