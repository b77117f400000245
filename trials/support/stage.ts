import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, startDatabase } from './database.js'
import { type Service, type ServiceOptions, startService } from './service.js'

/** A database of its own for a trial, and services on it. */
export interface Stage {
  database: Database
  startService(variables?: Record<string, string>, options?: ServiceOptions): Promise<Service>
}

/** One user writes as much as all do otherwise. */
const UNLIMITED = { MAX_PROJECT_BYTES: '1000000000', RATE_LIMIT_SESSION: '1000000000' }

const closing = new Set<() => Promise<void>>()

/** Gives a trial its stage, and takes all of it away afterwards. */
export async function withStage<T>(use: (stage: Stage) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'neptun-trial-'))
  const services: Service[] = []
  let database: Database | undefined
  const close = async () => {
    closing.delete(close)
    for (const service of services) service.signal('SIGKILL')
    await Promise.all(services.map(({ ended }) => ended))
    await database?.end()
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

/** Takes every stage away, in the middle of a trial. */
export async function closeStages(): Promise<void> {
  await Promise.all([...closing].map((close) => close()))
}
