import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, startDatabase } from './database.js'
import { type Service, type ServiceOptions, startService } from './service.js'

/** The database of one trial, and a function that starts the service on it. */
export interface Environment {
  database: Database
  startService(variables?: Record<string, string>, options?: ServiceOptions): Promise<Service>
}

/** In most trials, all requests come from one user and write to one project. */
const UNLIMITED = { MAX_PROJECT_BYTES: '1000000000', RATE_LIMIT_SESSION: '1000000000' }

const closing = new Set<() => Promise<void>>()

/** Runs a trial with a new database, and stops and removes everything afterwards. */
export async function withEnvironment<T>(use: (environment: Environment) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'neptun-trial-'))
  const services: Service[] = []
  let database: Database | undefined
  const close = async () => {
    closing.delete(close)
    for (const service of services) service.signal('SIGKILL')
    await Promise.all(services.map(({ exited }) => exited))
    await database?.stop()
    await rm(folder, { recursive: true, force: true })
  }
  closing.add(close)
  try {
    const started = await startDatabase(folder)
    database = started
    return await use({
      database: started,
      startService: async (variables, options) => {
        const settings = { ...UNLIMITED, DATABASE_URL: started.url, ...variables }
        const service = await startService(folder, settings, options)
        services.push(service)
        return service
      },
    })
  } finally {
    if (closing.has(close)) await close()
  }
}

/** Stops and removes everything if trials are interrupted. */
export async function closeEnvironments(): Promise<void> {
  await Promise.all([...closing].map((close) => close()))
}
