import { cloneUrl } from './clone-url.js'
import { hostedRepository } from './hosted-repository.js'
import { type Hosting, hostingsOf } from './hostings.js'
import { localPath } from './local-path.js'
import type { SourcePathResult } from './result.js'
import { webAddress } from './web-address.js'

export type { SourcePathResult } from './result.js'

interface Source {
  /** Converts a path to canonical form. */
  toCanonical: (input: string) => SourcePathResult
  /** A path in canonical form. */
  example: string
}

const hostedSource = (hosting: Hosting): Source => ({ toCanonical: hostedRepository(hosting), example: hosting.form })

/** Returns every source_type, in documentation order. */
const sourcesWith = (githubHosts: Hosting['hosts']) =>
  ({
    ...mapValues(hostingsOf(githubHosts), hostedSource),
    git: { toCanonical: cloneUrl, example: 'https://git.example.com/repo.git' },
    url: { toCanonical: webAddress, example: 'https://example.com/docs' },
    local: { toCanonical: localPath, example: '/srv/project' },
  }) satisfies Record<string, Source>

const mapValues = <Name extends string, A, B>(values: Record<Name, A>, map: (value: A) => B) =>
  Object.fromEntries(Object.entries<A>(values).map(([name, value]) => [name, map(value)])) as Record<Name, B>

const examples = sourcesWith(['github.com'])

export type SourceType = keyof typeof examples

/** The values of `source_type`, in documentation order. */
export const SOURCE_TYPES = Object.keys(examples) as SourceType[]

/** Returns an example of a path, in canonical form. */
export const exampleOf = (type: SourceType): string => examples[type].example

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
  const sources = new Map<string, Source>(Object.entries(sourcesWith(githubHosts)))
  return (type, input) => {
    // This check must come first: some of the steps take more than linear time.
    if (isTooLong(input)) return { problem: `must be at most ${MAX_LENGTH} characters` }
    const trimmed = input.trim()
    if (trimmed === '') return { problem: 'must not be empty' }
    if (!trimmed.isWellFormed()) return { problem: 'must be well-formed Unicode' }
    const result = sources.get(type)?.toCanonical(trimmed) ?? { problem: 'must belong to a known source_type' }
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
