// Bundles the service and the command line, because a bundle starts faster than separate modules
// (docs/decisions/022). Usage: node scripts/build.mjs [FOLDER] (default: dist)
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const outdir = process.argv[2] ? resolve(process.argv[2]) : dist

/**
 * Stores WebAssembly in a file. Prisma's module, which exports it as base64, takes 0.1 s to parse. Its importer calls
 * `Buffer.from(wasm, 'base64')`, which also accepts a buffer: it is copied, and the encoding is ignored.
 */
const wasmFiles = {
  name: 'wasm files',
  setup: ({ onLoad, onResolve }) => {
    onLoad({ filter: /\.wasm-base64\.mjs$/, namespace: 'file' }, ({ path }) => ({
      contents: `
        import { readFileSync } from 'node:fs'
        import name from ${JSON.stringify(`wasm:${path}`)}
        export const wasm = readFileSync(new URL(name, import.meta.url))`,
    }))
    onResolve({ filter: /^wasm:/ }, ({ path }) => ({ path: path.slice('wasm:'.length), namespace: 'wasm' }))
    onLoad({ filter: /.*/, namespace: 'wasm' }, async ({ path }) => {
      const { wasm } = await import(pathToFileURL(path).href)
      return { contents: Buffer.from(wasm, 'base64'), loader: 'file' }
    })
  },
}

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/server.ts', 'src/cli.ts'],
  outdir,
  write: false,
  bundle: true,
  splitting: true,
  // OpenTelemetry can only instrument a pg that is loaded from node_modules. Swagger UI serves files of its package.
  // Bundled, ioredis and prom-client would lack named exports: they are CommonJS modules that are imported dynamically.
  external: ['pg', '@fastify/swagger-ui', 'ioredis', 'prom-client'],
  plugins: [wasmFiles],
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // Bundled CommonJS modules call `require` to load the modules of Node.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
})
// Only after a build without errors. Other folders may have files that are not from a build.
if (outdir === dist) await rm(dist, { recursive: true, force: true })
await mkdir(outdir, { recursive: true })
for (const { path, contents } of outputFiles) await writeFile(path, contents)
