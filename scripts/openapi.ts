// `npm run openapi` writes the OpenAPI document, including the webhook, and its TypeScript types to docs/openapi. With
// --check, it writes nothing and fails if they are out of date.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'
import { makeDocument } from './openapi-document.js'

const FOLDER = new URL('../docs/openapi/', import.meta.url)

const HEADER = '// Generated from the routes by `npm run openapi`. Do not edit.\n\n'

async function isStale(name: string, text: string): Promise<boolean> {
  const existing = await readFile(new URL(name, FOLDER), 'utf8').catch(() => '')
  return existing !== text
}

const document = await makeDocument({ withWebhook: true })
const types = HEADER + astToString(await openapiTS(JSON.parse(document)))
await mkdir(FOLDER, { recursive: true })
for (const [name, text] of [
  ['openapi.json', document],
  ['types.ts', types],
] as const) {
  if (!(await isStale(name, text))) continue
  if (process.argv.includes('--check')) {
    console.error(`docs/openapi/${name} is out of date: run "npm run openapi"`)
    process.exitCode = 1
  } else {
    await writeFile(new URL(name, FOLDER), text)
    console.log(`Wrote docs/openapi/${name}`)
  }
}
