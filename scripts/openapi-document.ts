import pino from 'pino'
import { buildApp } from '../src/app.js'
import { loadConfig } from '../src/config.js'
import type { Database } from '../src/database/database.js'

/**
 * Minimal configuration. The documents depend on no settings except those that enable the webhook and the internal API.
 */
const SETTINGS = { NODE_ENV: 'test', DATABASE_URL: 'postgres://127.0.0.1:1/none' }

const SERVICE_TOKENS = 'a-placeholder-token-of-at-least-32-characters'

/** Generates the OpenAPI document of the public API from the routes, as JSON text. Requires no database. */
export const makeDocument = ({ withWebhook }: { withWebhook: boolean }): Promise<string> =>
  readDocument('/openapi.json', withWebhook ? { GITHUB_WEBHOOK_SECRET: 'not a secret' } : {})

/** Generates the OpenAPI document of the internal API, which other services call. */
export const makeServiceDocument = (): Promise<string> => readDocument('/internal/openapi.json', { SERVICE_TOKENS })

async function readDocument(url: string, settings: NodeJS.ProcessEnv): Promise<string> {
  const config = loadConfig({ ...SETTINGS, ...settings })
  const logger = pino({ level: 'silent' })
  // The routes are registered but never called, so a stub of the database is sufficient.
  const pool = { options: { max: 1 } }
  const database = { pool, prepare: () => async () => [], close: async () => {} } as unknown as Database
  const app = await buildApp(config, { database, logger })
  const { payload } = await app.inject({ url, headers: { authorization: `Bearer ${SERVICE_TOKENS}` } })
  await app.close()
  return `${JSON.stringify(JSON.parse(payload), null, 2)}\n`
}
