// Lints the OpenAPI documents with Redocly by the rules in redocly.yaml: the public one, with and without the webhook,
// and the internal one. It runs in an empty folder, so that it finds no ignore file.
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeDocument, makeServiceDocument } from './openapi-document.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const DOCUMENTS = {
  'openapi.json': () => makeDocument({ withWebhook: true }),
  'openapi-without-webhook.json': () => makeDocument({ withWebhook: false }),
  'openapi-internal.json': makeServiceDocument,
}
const FILES = Object.keys(DOCUMENTS)

const folder = await mkdtemp(join(tmpdir(), 'neptun-openapi-'))
try {
  for (const [file, make] of Object.entries(DOCUMENTS)) await writeFile(join(folder, file), await make())
  const args = ['lint', `--config=${join(root, 'redocly.yaml')}`, '--format=stylish', ...FILES]
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
  const { status } = spawnSync(join(root, 'node_modules/.bin/redocly'), args, { cwd: folder, env, stdio: 'inherit' })
  process.exitCode = status ?? 1
} finally {
  await rm(folder, { recursive: true })
}
