import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Programs that run in separate processes. They are compiled to JavaScript, since a loader would slow them down. */
const PROGRAMS = [
  'load',
  'peers/equipped',
  'peers/equipped-prisma',
  'peers/hand-written',
  'peers/prisma-naive',
  'peers/floor',
] as const

export type Program = (typeof PROGRAMS)[number]

/** Returns the path of a compiled program. compile() must have finished. */
export const compiled = (program: Program) => `${here}.compiled/${program}.js`

let compilation: Promise<unknown> | undefined

/** Compiles the service as for production, and the programs of the benchmark. Does so once per process. */
export async function compile(): Promise<void> {
  compilation ??= Promise.all([compileService(), compilePrograms()])
  await compilation
}

async function compileService(): Promise<void> {
  const script = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url))
  await promisify(execFile)(process.execPath, [script]).catch((error) => {
    throw new Error(`The service does not compile:\n${error.stderr}`)
  })
}

async function compilePrograms(): Promise<void> {
  await build({
    absWorkingDir: here,
    entryPoints: PROGRAMS.map((program) => `${program}.ts`),
    outdir: '.compiled',
    outbase: '.',
    bundle: true,
    packages: 'external',
    format: 'esm',
    target: 'node20',
    platform: 'node',
    logLevel: 'warning',
  })
}
