import { connectionUrlProblem } from '../database/connection-url.js'
import { ConfigError, loadEnvFile, readSecret } from '../environment.js'
import { StartError } from './start-error.js'

export interface Settings {
  host: string
  /** Where HOST is set; undefined if it is not set. */
  hostOrigin: string | undefined
  port: number
  /** Where the embedded PostgreSQL keeps its data. */
  dataDir: string
  /** The database to use instead of an embedded one. */
  databaseUrl: string | undefined
}

/**
 * Reads the settings that are needed before anything is started, from the environment and the file `.env` in the current
 * directory. The service reads all others.
 *
 * @throws StartError that names the variable that is wrong
 */
export async function readSettings(): Promise<Settings> {
  try {
    const hostIsFromFile = loadEnvFile().has('HOST')
    const { NODE_ENV, HOST, PORT, DATA_DIR } = process.env
    if (NODE_ENV?.trim() === 'production') throw new StartError('NODE_ENV is production: this is for development only')
    const port = PORT?.trim() || '3000'
    const databaseUrl = readSecret('DATABASE_URL', process.env)
    const urlFault = databaseUrl && connectionUrlProblem(databaseUrl)
    if (urlFault) throw new StartError(`DATABASE_URL must ${urlFault}`)
    if (!/^\d+$/.test(port) || Number(port) > 65_535) throw new StartError('PORT must be a port number from 0 to 65535')
    return {
      host: HOST?.trim() || '127.0.0.1',
      hostOrigin: !HOST?.trim() ? undefined : hostIsFromFile ? '.env' : 'the environment',
      port: Number(port),
      dataDir: DATA_DIR?.trim() || '.data',
      databaseUrl,
    }
  } catch (error) {
    throw error instanceof ConfigError ? new StartError(error.message) : error
  }
}
