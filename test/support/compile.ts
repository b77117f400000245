import { statSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { keepLocations } from '../../dev/bundle.js'
import { COMPILED, ENTRIES, root } from './compiled.js'

/**
 * Test files that run in a separate process each: they run many child processes, change process-wide state, or run the
 * TypeScript compiler.
 */
const ALONE = [
  'build.test.ts',
  'cli.test.ts',
  'cli-resource.test.ts',
  'database-outage.test.ts',
  'dev.test.ts',
  'dev-github.test.ts',
  'docs-page.test.ts',
  'environment.test.ts',
  'examples.test.ts',
  'generated-clients.test.ts',
]

/** Number of processes that run all other test files. */
const GROUPS = 4

/**
 * Bundles the tests and the service once, and makes the test files of a group share a process, so that a loader,
 * hundreds of modules and a cold JIT compiler do not cost time in every file. (docs/decisions/007)
 */
export async function compile(): Promise<void> {
  await rm(join(root, COMPILED), { recursive: true, force: true })
  const files = (await readdir(join(root, 'test'), { recursive: true })).sort()
  const tests = files.filter((file) => file.endsWith('.test.ts')).map((file) => join('test', file))
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries([
      ...[...ENTRIES, ...tests].map((file) => [file.replace(/\.ts$/, ''), file]),
      ...groupsOf(tests).map((group, index) => [`groups/${index}.test`, `group:${group.join()}`]),
    ]),
    outdir: COMPILED,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
    plugins: [joinGroups, keepPackages, keepLocations],
  })
}

/** Groups test files by size: groups of about equally many bytes take about equally long. */
function groupsOf(tests: string[]): string[][] {
  const isAlone = (file: string) => ALONE.includes(basename(file))
  const groups = Array.from({ length: GROUPS }, () => ({ files: [] as string[], bytes: 0 }))
  const sized = tests.filter((file) => !isAlone(file)).map((file) => ({ file, bytes: statSync(join(root, file)).size }))
  for (const { file, bytes } of sized.sort((one, other) => other.bytes - one.bytes)) {
    const smallest = groups.reduce((least, group) => (group.bytes < least.bytes ? group : least))
    smallest.files.push(file)
    smallest.bytes += bytes
  }
  return [...groups.map(({ files }) => files), ...tests.filter(isAlone).map((file) => [file])]
}

/** Generates the module of a group, with static imports: tap would exit while a dynamic import is loading. */
const joinGroups: Plugin = {
  name: 'join groups',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^group:/ }, ({ path }) => ({ path: path.slice('group:'.length), namespace: 'group' }))
    onLoad({ filter: /.*/, namespace: 'group' }, ({ path }) => ({
      contents: path.replaceAll(/[^,]+/g, (file) => `import './${file}'`).replaceAll(',', '\n'),
      resolveDir: root,
    }))
  },
}

/** Packages to bundle. TypeBox alone has more than 200 small modules, which would be slow to load one by one. */
const BUNDLED = /^(@sinclair\/typebox|@octokit\/|fast-check)/

/** Loads all other packages from node_modules instead of bundling them. */
const keepPackages: Plugin = {
  name: 'keep packages',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^[^./]/ }, ({ path, kind, importer }) => {
      const isBundled = kind === 'entry-point' || BUNDLED.test(path) || importer.includes('node_modules')
      return isBundled ? undefined : { path, external: true }
    })
  },
}

/** Converts an argument of `npm test` for tap: replaces the path of a test by the path of its compiled file. */
export const compiledArgument = (argument: string): string =>
  argument.endsWith('.test.ts') ? join(COMPILED, argument.replace(/\.ts$/, '.js')) : argument
