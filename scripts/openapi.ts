// `npm run openapi` writes the OpenAPI document and the TypeScript types of it to docs/openapi; with --check it only
// says whether they are what the routes have now. It needs no database.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'
import pino from 'pino'
import { buildApp } from '../src/app.js'
import { loadConfig } from '../src/config.js'
import type { Database } from '../src/database/database.js'

const FOLDER = new URL('../docs/openapi/', import.meta.url)

const HEADER = '// Made by `npm run openapi` from the routes. Do not edit.\n\n'

/** With the webhook, which is there only with a secret. Nothing else of the configuration changes the document. */
const SETTINGS = {
  NODE_ENV: 'test',
  DATABASE_URL: 'postgres://127.0.0.1:1/none',
  GITHUB_WEBHOOK_SECRET: 'not a secret',
}

async function makeDocument(): Promise<string> {
  const config = loadConfig(SETTINGS)
  const logger = pino({ level: 'silent' })
  // The routes are registered and never called.
  const database = { close: async () => {} } as unknown as Database
  const app = await buildApp(config, { database, logger })
  const { payload } = await app.inject('/openapi.json')
  await app.close()
  return `${JSON.stringify(JSON.parse(payload), null, 2)}\n`
}

async function isStale(name: string, text: string): Promise<boolean> {
  const before = await readFile(new URL(name, FOLDER), 'utf8').catch(() => '')
  return before !== text
}

const document = await makeDocument()
const types = HEADER + astToString(await openapiTS(JSON.parse(document)))
await mkdir(FOLDER, { recursive: true })
for (const [name, text] of [
  ['openapi.json', document],
  ['types.ts', types],
] as const) {
  if (!(await isStale(name, text))) continue
  if (process.argv.includes('--check')) {
    console.error(`docs/openapi/${name} is not what the routes say: npm run openapi`)
    process.exitCode = 1
  } else {
    await writeFile(new URL(name, FOLDER), text)
    console.log(`docs/openapi/${name} written`)
  }
}
