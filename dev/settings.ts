import { loadEnvFile, readSecret } from '../src/environment.js'
import { StartError } from '../src/start-error.js'

/** High limits for load tests and slow machines, and no shutdown delay, because there is no load balancer. */
const DEFAULTS = {
  RATE_LIMIT_SESSION: '1000000',
  RATE_LIMIT_ADDRESS: '1000000',
  GITHUB_RATE_LIMIT_USER: '1000000',
  DATABASE_CONNECT_TIMEOUT: '5000',
  DATABASE_ANSWER_TIMEOUT: '10000',
  DATABASE_LOCK_TIMEOUT: '5000',
  SHUTDOWN_DELAY: '0',
}

/**
 * Reads the settings that are needed before the service starts, from the environment and the file `.env`.
 * @returns `env`: the environment of the service; `databaseUrl`: a database to use instead of the embedded PostgreSQL
 * @throws StartError or ConfigError that names the variable that is wrong
 */
export function readSettings() {
  loadEnvFile()
  const { NODE_ENV, HOST, PORT, DATA_DIR } = process.env
  if (NODE_ENV?.trim() === 'production')
    throw new StartError('NODE_ENV is production, but "npm run dev" is for development only')
  const port = PORT?.trim() || '3000'
  if (!/^\d+$/.test(port) || Number(port) > 65_535) throw new StartError('PORT must be a port number from 0 to 65535')
  const databaseUrl = readSecret('DATABASE_URL', process.env)
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_ENV: 'development', PORT: port, DATABASE_URL_FILE: '' }
  for (const [name, value] of Object.entries(DEFAULTS)) env[name] ||= value
  // Variables such as PGSSLMODE would change how the service connects to the embedded PostgreSQL.
  for (const name of Object.keys(env)) if (!databaseUrl && name.startsWith('PG')) delete env[name]
  const [host, folder] = [HOST?.trim() || '127.0.0.1', DATA_DIR?.trim() || '.data']
  return { host, port: Number(port), folder, databaseUrl, env }
}
