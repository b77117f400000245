import { cloneUrl } from './clone-url.js'
import { hostedRepository } from './hosted-repository.js'
import { bitbucket, github, gitlab } from './hostings.js'
import type { SourcePathResult } from './result.js'

export type { SourcePathResult } from './result.js'

/** Every source of an import, each once: its name on the wire, and how its paths become canonical. */
const sources = [
  ['github', hostedRepository(github)],
  ['gitlab', hostedRepository(gitlab)],
  ['bitbucket', hostedRepository(bitbucket)],
  ['git', cloneUrl],
  ['url', webAddress],
  ['local', localPath],
] as const satisfies readonly (readonly [string, (input: string) => SourcePathResult])[]

type NamesOf<Table extends readonly (readonly [string, unknown])[]> = { -readonly [Row in keyof Table]: Table[Row][0] }

/** What a `source_type` may be, in the order in which it is documented. */
export const SOURCE_TYPES: Readonly<NamesOf<typeof sources>> = sources.map(([name]) => name) as NamesOf<typeof sources>

export type SourceType = (typeof SOURCE_TYPES)[number]

const canonicalise = new Map<SourceType, (input: string) => SourcePathResult>(sources)

const maxCodePoints = 2048

/**
 * Takes the `source_path` that a caller sent for an import of this type, returns the one form in which it is stored
 * (which itself is accepted, and unchanged), or the fault: a phrase that completes "source_path ..." and holds nothing
 * of the input, because the input may hold a password. Never throws.
 *
 * The formats are those of the API documentation's `source_type` table; a host's rules for names stand with the host.
 */
export function canonicalSourcePath(type: SourceType, input: string): SourcePathResult {
  const trimmed = input.trim()
  if (trimmed === '') return { fault: 'must not be empty' }
  if (!trimmed.isWellFormed()) return { fault: 'must be well-formed Unicode' }
  const result = canonicalise.get(type)?.(trimmed) ?? { fault: 'must belong to a known source_type' }
  // Normalisation can lengthen: an emoji in a URL becomes twelve characters.
  if ('path' in result && [...result.path].length > maxCodePoints) {
    return { fault: `must be at most ${maxCodePoints} characters in its canonical form` }
  }
  return result
}

function webAddress(input: string): SourcePathResult {
  if (!/^https?:\/\//i.test(input)) return { fault: 'must be an absolute http or https URL' }
  if (!URL.canParse(input)) return { fault: 'must be a valid http or https URL' }
  const url = new URL(input)
  if (url.username !== '' || url.password !== '') {
    return { fault: 'must not contain user info: credentials would be stored in the clear' }
  }
  return { path: url.href }
}

function localPath(input: string): SourcePathResult {
  // No scheme has one letter: `C://work` is a Windows drive.
  if (/^(?:file:|[a-z][a-z0-9+.-]+:\/\/)/i.test(input)) return { fault: 'must be the path of a folder, not a URL' }
  // C1 controls are left alone: on POSIX they are bytes of a file name as any other.
  if (/(?![\u0080-\u009f])\p{Cc}/u.test(input)) return { fault: 'must not contain control characters' }
  return { path: input }
}
