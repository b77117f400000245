// `npm run openapi` writes the OpenAPI document, with the webhook, and its TypeScript types to docs/openapi. With --check it
// only reports whether they match the routes.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'
import { makeDocument } from './openapi-document.js'

const FOLDER = new URL('../docs/openapi/', import.meta.url)

const HEADER = '// Made by `npm run openapi` from the routes. Do not edit.\n\n'

async function isStale(name: string, text: string): Promise<boolean> {
  const before = await readFile(new URL(name, FOLDER), 'utf8').catch(() => '')
  return before !== text
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
    console.error(`docs/openapi/${name} is not what the routes say: npm run openapi`)
    process.exitCode = 1
  } else {
    await writeFile(new URL(name, FOLDER), text)
    console.log(`docs/openapi/${name} written`)
  }
}
