import { cloneUrl } from './clone-url.js'
import { hostedRepository } from './hosted-repository.js'
import { bitbucket, githubOn, gitlab } from './hostings.js'
import { localPath } from './local-path.js'
import type { SourcePathResult } from './result.js'
import { webAddress } from './web-address.js'

export type { SourcePathResult } from './result.js'

/** Lists every source_type with the function that converts its paths to canonical form. */
const sourcesWith = (githubHosts: readonly [string, ...string[]]) =>
  [
    ['github', hostedRepository(githubOn(githubHosts))],
    ['gitlab', hostedRepository(gitlab)],
    ['bitbucket', hostedRepository(bitbucket)],
    ['git', cloneUrl],
    ['url', webAddress],
    ['local', localPath],
  ] as const satisfies readonly (readonly [string, (input: string) => SourcePathResult])[]

type NamesOf<Table extends readonly (readonly [string, unknown])[]> = { -readonly [Row in keyof Table]: Table[Row][0] }

const sources = sourcesWith(['github.com'])

/** The values of `source_type`, in documentation order. */
export const SOURCE_TYPES: Readonly<NamesOf<typeof sources>> = sources.map(([name]) => name) as NamesOf<typeof sources>

export type SourceType = (typeof SOURCE_TYPES)[number]

/**
 * Converts the `source_path` of a request to its canonical form, or returns its problem. Never throws. Idempotent:
 * converting a canonical form again does not change it.
 */
export type CanonicalSourcePath = (type: SourceType, input: string) => SourcePathResult

/** In characters. */
const MAX_LENGTH = 2048

/**
 * Creates the conversion for a GitHub server.
 * @param githubHosts hosts of `github` paths; see githubHosts()
 */
export function createCanonicalSourcePath(githubHosts: readonly [string, ...string[]]): CanonicalSourcePath {
  const toCanonical = new Map<SourceType, (input: string) => SourcePathResult>(sourcesWith(githubHosts))
  return (type, input) => {
    // This check must come first: some of the steps take more than linear time.
    if (isTooLong(input)) return { problem: `must be at most ${MAX_LENGTH} characters` }
    const trimmed = input.trim()
    if (trimmed === '') return { problem: 'must not be empty' }
    if (!trimmed.isWellFormed()) return { problem: 'must be well-formed Unicode' }
    const result = toCanonical.get(type)?.(trimmed) ?? { problem: 'must belong to a known source_type' }
    // Normalization can make a URL longer: an emoji becomes twelve characters.
    return 'path' in result && isTooLong(result.path)
      ? { problem: `must be at most ${MAX_LENGTH} characters in its canonical form` }
      : result
  }
}

/** The conversion for github.com. */
export const canonicalSourcePath = createCanonicalSourcePath(['github.com'])

/** Counts code points, as JSON Schema and PostgreSQL do. */
const isTooLong = (text: string) =>
  text.length > MAX_LENGTH && (text.length > 2 * MAX_LENGTH || [...text].length > MAX_LENGTH)
