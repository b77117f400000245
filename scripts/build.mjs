// Bundles the service and the command line into `dist`. A bundle starts faster than separate modules
// (docs/decisions/022). Usage: node scripts/build.mjs [FOLDER]
import { rm } from 'node:fs/promises'
import { build } from 'esbuild'

const outdir = process.argv[2] ?? 'dist'
await rm(outdir, { recursive: true, force: true })
await build({
  entryPoints: ['src/server.ts', 'src/cli.ts'],
  outdir,
  bundle: true,
  splitting: true,
  // OpenTelemetry can only instrument a pg that is loaded from node_modules. Swagger UI serves files of its package.
  // Bundled, ioredis and prom-client would lack named exports: they are CommonJS modules that are imported dynamically.
  external: ['pg', '@fastify/swagger-ui', 'ioredis', 'prom-client'],
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // Bundled CommonJS modules call `require` to load the modules of Node.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
})
