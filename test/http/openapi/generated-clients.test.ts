import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createClient } from '@hey-api/openapi-ts'
import { build } from 'esbuild'
import openapiTS, { astToString } from 'openapi-typescript'
import { generateApi } from 'swagger-typescript-api'
import t from 'tap'
import ts from 'typescript'
import { seedDemoData } from '../../../src/demo-data.js'
import { startApp } from '../../support/app.js'
import { COMPILED, root } from '../../support/compiled.js'
import { UNSET } from '../../support/imports.js'

/** Folder for the generated clients, and for copies of the files that use them. */
const FOLDER = join(root, COMPILED, 'clients')
const GENERATED = join(FOLDER, 'generated')

/** Names of the clients. Each is in the file `clients/NAME.ts`. */
const CLIENTS = ['openapi-fetch', 'hey-api', 'swagger-typescript-api']

const STRICT: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: false,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [],
}

/** Generates each client with the default options of its generator. The client of hey-api also validates with zod. */
async function generateClients(document: string) {
  await rm(FOLDER, { recursive: true, force: true })
  await cp(join(root, 'test/http/openapi/clients'), FOLDER, { recursive: true })
  await createClient({
    input: document,
    output: { path: join(GENERATED, 'hey-api') },
    logs: { level: 'silent' },
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', 'zod', { name: '@hey-api/sdk', validator: true }],
  })
  const quiet = { silent: true, fileName: 'swagger-typescript-api.ts' }
  await generateApi({ input: document, output: GENERATED, ...quiet })
  const types = await openapiTS(pathToFileURL(document))
  await writeFile(join(GENERATED, 'openapi-fetch.ts'), astToString(types))
}

function typeErrors(): string[] {
  const program = ts.createProgram(
    CLIENTS.map((name) => join(FOLDER, `${name}.ts`)),
    STRICT,
  )
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0
    return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

async function load(name: string) {
  const outfile = join(FOLDER, `${name}.mjs`)
  const entryPoints = [join(FOLDER, `${name}.ts`)]
  await build({ entryPoints, outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'warning' })
  return await import(pathToFileURL(outfile).href)
}

t.test('clients that are generated from the document compile strictly, and work', async (t) => {
  const { url, sql } = await startApp(t, {}, { rows: (databaseUrl) => seedDemoData(databaseUrl, 'development') })
  await generateClients(join(root, 'docs/openapi/openapi.json'))
  t.same(typeErrors(), [])

  for (const name of CLIENTS) {
    const { run } = await load(name)
    const { created, listed, changed, linked, ...rest } = await run({
      baseUrl: url,
      cookie: 'neptun-session=your-session-cookie',
    })
    const source = { source_type: 'github', source_path: 'UserName/repository', neptun_user_id: 1, project_id: 789 }
    const stored = { ...UNSET, ...source, title: 'Rocket 🚀' }
    const { id, created_at, updated_at } = created.import
    t.strictSame(created, { import: { ...stored, id, created_at, updated_at } }, name)
    t.strictSame(listed.imports.at(-1), created.import)
    const now = { title: null, description: 'Two lines\nwith ünïcödé', updated_at: changed.import.updated_at }
    t.strictSame(changed, { import: { ...created.import, ...now } })
    t.match(linked, { id: 123, extension: 'py', neptun_user_id: 1 })
    t.strictSame(rest, { preview: { import: stored, duplicates: [123] }, removed: 204, missing: 'IMPORT_NOT_FOUND' })
    await sql('DELETE FROM project_user_files')
  }
})
