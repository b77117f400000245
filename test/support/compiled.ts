import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Below the project's root, so that what is compiled finds node_modules. */
export const COMPILED = '.compiled'

/** What the tests start as processes of their own. */
export const ENTRIES = ['src/server.ts', 'src/cli.ts'] as const

/** Where one of those stands as JavaScript. */
export const compiled = (entry: (typeof ENTRIES)[number]): string => join(root, COMPILED, entry.replace(/\.ts$/, '.js'))
