import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Output directory, below the project's root, so that compiled modules resolve packages in node_modules. */
export const COMPILED = '.compiled'

/** Programs that the tests start as child processes. */
export const ENTRIES = ['src/server.ts', 'src/cli.ts'] as const

/** Returns the path of a compiled program. */
export const compiled = (entry: (typeof ENTRIES)[number]): string => join(root, COMPILED, entry.replace(/\.ts$/, '.js'))
