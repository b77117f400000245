// Lints the OpenAPI documents with Redocly and Spectral: the public one, with and without the webhook, and the internal
// one. Both linters run in a folder that contains only the documents, so that they find no ignore files.
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
const LINTERS: [command: string, ...args: string[]][] = [
  ['redocly', 'lint', '--extends=recommended-strict', '--format=stylish'],
  ['spectral', 'lint', '--fail-severity=hint', `--ruleset=${join(root, '.spectral.yaml')}`],
]

const folder = await mkdtemp(join(tmpdir(), 'neptun-openapi-'))
try {
  for (const [file, make] of Object.entries(DOCUMENTS)) await writeFile(join(folder, file), await make())
  for (const [command, ...args] of LINTERS) {
    const bin = join(root, 'node_modules/.bin', command)
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    const { status } = spawnSync(bin, [...args, ...FILES], { cwd: folder, env, stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
} finally {
  await rm(folder, { recursive: true })
}
