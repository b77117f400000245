import { StartError } from './start-error.js'

export interface Settings {
  host: string
  port: number
  /** Where the embedded PostgreSQL keeps its data. */
  dataDir: string
  /** The database to use instead of an embedded one. */
  databaseUrl: string | undefined
}

/**
 * Reads what has to be known before anything is started, from the environment and a file `.env` if there is one.
 * The rest is the service's own to read.
 *
 * @throws StartError that names the variable that is wrong
 */
export async function readSettings(): Promise<Settings> {
  loadDotEnv()
  const { NODE_ENV, HOST, PORT, DATA_DIR, DATABASE_URL } = process.env
  if (NODE_ENV?.trim() === 'production') throw new StartError('NODE_ENV is production: this is for development only')
  const port = PORT?.trim() || '3000'
  const databaseUrl = DATABASE_URL?.trim() || undefined
  const portIsWrong = !/^\d+$/.test(port) || Number(port) > 65_535
  const urlIsWrong = databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)
  if (portIsWrong || urlIsWrong) throw await explain(databaseUrl)
  return {
    host: HOST?.trim() || '127.0.0.1',
    port: Number(port),
    dataDir: DATA_DIR?.trim() || '.data',
    databaseUrl,
  }
}

function loadDotEnv(): void {
  try {
    process.loadEnvFile()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') throw new StartError(`cannot read the file .env: ${code}`)
  }
}

/** The service's own words. Its configuration takes long to load, so it is not loaded when nothing is wrong. */
async function explain(databaseUrl = 'postgres://127.0.0.1/embedded'): Promise<unknown> {
  const { ConfigError, loadConfig } = await import('../config.js')
  try {
    loadConfig({ ...process.env, NODE_ENV: 'development', DATABASE_URL: databaseUrl })
    return new StartError('PORT or DATABASE_URL is wrong')
  } catch (error) {
    return error instanceof ConfigError ? new StartError(error.message) : error
  }
}
