import { readFileSync } from 'node:fs'

/** Folder of package.json: this file is one level below it, also after the build, which puts all modules in `dist`. */
export const PACKAGE_FOLDER = new URL('..', import.meta.url)

const manifest = JSON.parse(readFileSync(new URL('package.json', PACKAGE_FOLDER), 'utf8'))

/** The version of the service, from package.json. */
export const VERSION: string = manifest.version
