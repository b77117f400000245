import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))

/** What runs in a process of its own, each as plain JavaScript, so that no loader slows it. */
const PROGRAMS = ['load', 'peers/hand-written', 'peers/prisma-naive', 'peers/floor'] as const

export type Program = (typeof PROGRAMS)[number]

/** Where a program is, once compile() has run. */
export const compiled = (program: Program) => `${here}.compiled/${program}.js`

export async function compile(): Promise<void> {
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
