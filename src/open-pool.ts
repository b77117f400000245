import type pg from 'pg'
import type { BaseLogger } from 'pino'
import type { Config } from './config.js'
import { createPool } from './database/pool.js'

/** The pool that the configuration describes. */
export function openPool(config: Config, logger: Pick<BaseLogger, 'warn'>): pg.Pool {
  return createPool({
    connectionString: config.DATABASE_URL,
    max: config.DATABASE_POOL_SIZE,
    connectTimeout: config.DATABASE_CONNECT_TIMEOUT,
    answerTimeout: config.DATABASE_ANSWER_TIMEOUT,
    statementTimeout: config.DATABASE_STATEMENT_TIMEOUT,
    lockTimeout: config.DATABASE_LOCK_TIMEOUT,
    onIdleError: (err) => logger.warn({ err }, 'lost a connection to the database'),
  })
}
