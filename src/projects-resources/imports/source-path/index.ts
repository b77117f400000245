import { cloneUrl } from './clone-url.js'
import { hostedRepository } from './hosted-repository.js'
import { bitbucket, githubOn, gitlab } from './hostings.js'
import { localPath } from './local-path.js'
import type { SourcePathResult } from './result.js'
import { webAddress } from './web-address.js'

export type { SourcePathResult } from './result.js'

/** Every source of an import: its name on the wire, and how its paths become canonical. */
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

/** What a `source_type` may be, in the order in which it is documented. */
export const SOURCE_TYPES: Readonly<NamesOf<typeof sources>> = sources.map(([name]) => name) as NamesOf<typeof sources>

export type SourceType = (typeof SOURCE_TYPES)[number]

/**
 * Takes the `source_path` that a client sent for an import of this type. Returns the one form in which it is stored
 * (which itself is accepted, and unchanged), or the problem: a phrase that completes "source_path ..." and holds nothing
 * of the input, because the input may hold a password. Never throws.
 */
export type CanonicalSourcePath = (type: SourceType, input: string) => SourcePathResult

const MAX_LENGTH = 2048

/**
 * Creates the function for a GitHub server.
 * @param githubHosts hosts of `github` paths; see githubHosts()
 */
export function createCanonicalSourcePath(githubHosts: readonly [string, ...string[]]): CanonicalSourcePath {
  const canonicalise = new Map<SourceType, (input: string) => SourcePathResult>(sourcesWith(githubHosts))
  return (type, input) => {
    // Before anything else: not every step takes a time proportional to the length.
    if (isTooLong(input)) return { problem: `must be at most ${MAX_LENGTH} characters` }
    const trimmed = input.trim()
    if (trimmed === '') return { problem: 'must not be empty' }
    if (!trimmed.isWellFormed()) return { problem: 'must be well-formed Unicode' }
    const result = canonicalise.get(type)?.(trimmed) ?? { problem: 'must belong to a known source_type' }
    // Normalization can lengthen: an emoji in a URL becomes twelve characters.
    return 'path' in result && isTooLong(result.path)
      ? { problem: `must be at most ${MAX_LENGTH} characters in its canonical form` }
      : result
  }
}

/** For paths of github.com. */
export const canonicalSourcePath = createCanonicalSourcePath(['github.com'])

/** Counts code points, as JSON Schema and PostgreSQL do. */
const isTooLong = (text: string) =>
  text.length > MAX_LENGTH && (text.length > 2 * MAX_LENGTH || [...text].length > MAX_LENGTH)
